"""The windows of a running train: which of them are in force, what they say, and what they hold back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from pydantic import JsonValue

    from releasepilot.model.event import EventType
    from releasepilot.model.step import Queue
    from releasepilot.model.train import Condition
    from releasepilot.model.window import Window
    from releasepilot.workflows.crossing import Close
    from releasepilot.workflows.failures import failures_in_words
    from releasepilot.workflows.journal import Journal
    from releasepilot.workflows.overrides import Overrides
    from releasepilot.workflows.ports import (
        LEDGER_TIMEOUT,
        PREPARE_RETRY,
        Activity,
        WindowCall,
        WindowJudgement,
        task_queue,
    )


class Openings:
    """Has the windows judged, and remembers what they said. Zones and holidays are the activity's to know."""

    def __init__(
        self, windows: tuple[Window, ...], journal: Journal, overrides: Overrides, close: Close | None = None
    ) -> None:
        """Ask about these windows, less those that are overridden; `close` is what an earlier run was told."""
        self._windows = windows
        self._journal = journal
        self._overrides = overrides
        #: When they close next, as the last judgement said.
        self.close = close
        #: Why they are closed; empty where the train does not wait for them.
        self.reason = ""
        #: All that would have to be waived for it to go on now.
        self._closed_by: tuple[str, ...] = ()
        self._since: datetime | None = None
        self._until: datetime | None = None

    def in_force(self) -> tuple[Window, ...]:
        """Return the windows that nobody has waived."""
        waived = self._overrides.waived(workflow.now()) if self._windows else {}
        return tuple(window for window in self._windows if window.name not in waived)

    def holds_until(self) -> datetime | None:
        """Return when the first waiver ends that a judgement of this moment goes by; None where there is none."""
        waived = self._overrides.waived(workflow.now()) if self._windows else {}
        ends = [waived[window.name].until for window in self._windows if window.name in waived]
        return min(ends, default=None)

    async def judge(self, labels: Mapping[str, Mapping[str, str]], needs: int = 0) -> WindowJudgement:
        """Have them judged now for components with their labels, and work of so many seconds.

        Raises StepFailed where no opening is known.
        """
        with failures_in_words():
            judged: WindowJudgement = await workflow.execute_activity(
                Activity.WINDOWS,
                WindowCall(
                    windows=self.in_force(),
                    components=tuple(labels),
                    labels={name: dict(told) for name, told in labels.items() if told},
                    needs=needs,
                ),
                result_type=WindowJudgement,
                task_queue=task_queue(Queue.ENGINE),
                start_to_close_timeout=LEDGER_TIMEOUT,
                retry_policy=PREPARE_RETRY,
            )
        return judged

    def closed(self, judged: WindowJudgement) -> None:
        """Remember that they hold the train back."""
        verdict = judged.verdict
        self._since = self._since if self.reason else workflow.now()
        self.reason = f"{verdict.reason} until {_moment(verdict.until)}"
        # What earlier versions judged names one of them.
        self._closed_by = verdict.closed_by or ((verdict.rule,) if verdict.rule else ())
        self._until = verdict.until

    def tell_closed(self, judged: WindowJudgement) -> None:
        """Write down that they hold the train back."""
        self._tell(EventType.WINDOW_CLOSED, judged, until=_moment(judged.verdict.until))

    def opened(self, judged: WindowJudgement) -> bool:
        """Remember and write down that they do no longer; return whether they did."""
        held, self.reason = bool(self.reason), ""
        if held:
            self._tell(EventType.WINDOW_OPENED, judged)
        return held

    def condition(self, train: str) -> Condition | None:
        """Return what is waited for, and who could waive it; None where nothing is."""
        if not self.reason:
            return None
        who = self._overrides.able
        names = " ".join(f"--waive {name}" for name in self._closed_by)
        waive = f"releasepilot override {train} {names} --reason CODE --incident ID --comment TEXT"
        return Condition(
            what=self.reason,
            who=who,
            command=waive if who and names else "",
            since=self._since,
            clears_at=self._until,
        )

    def _tell(self, kind: EventType, judged: WindowJudgement, **more: JsonValue) -> None:
        verdict = judged.verdict
        told: dict[str, JsonValue] = {"window": verdict.rule, "reason": verdict.reason, "tzdata": verdict.tzdata}
        self._journal.note(kind, "", "", **more, **told)


def _moment(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC" if at else ""
