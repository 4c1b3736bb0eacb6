"""The overrides of a running train: what it need not wait for, and what has to be made good for it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from datetime import datetime, timedelta

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from releasepilot.governance.emergency import declared, holds, incidents, objection, waivers
    from releasepilot.model.emergency import Emergency, OpenEmergency, Override, Waiver
    from releasepilot.model.event import EventType
    from releasepilot.model.train import Condition
    from releasepilot.workflows.journal import Journal


class Overrides:
    """What people have said in an emergency. Time is always the caller's to say."""

    def __init__(
        self, journal: Journal, emergency: OpenEmergency | None = None, given: Iterable[Override] = ()
    ) -> None:
        """Tell the journal what is waived; go on with what an earlier run was told."""
        self._journal = journal
        self.emergency = emergency
        self.given = list(given)
        #: Incidents whose review the journal knows to be due.
        self._due = dict.fromkeys(incidents(emergency, self.given, workflow.now()))

    @property
    def declared(self) -> Emergency | None:
        """The emergency that the train goes through."""
        return declared(self.emergency, self.given) if self.given else None

    @property
    def able(self) -> tuple[str, ...]:
        """Who may override."""
        people = self.emergency.people if self.emergency else ()
        return tuple(voter.person for voter in people)

    def objection(self, override: Override, known: Collection[str]) -> str:
        """Say why an override does not count; empty where it does."""
        return objection(self.emergency, override, known)

    def take(self, override: Override, now: datetime) -> None:
        """Take an override that nothing is objected to; the same again renews it and is not told again."""
        taken = override.model_copy(update={"actor": override.actor.bare, "at": now})
        again = any(one.model_copy(update={"at": now}) == taken for one in self.given)
        self.given.append(taken)
        if again:
            return
        self._journal.note(
            EventType.EMERGENCY_OVERRIDDEN,
            actor=str(override.actor),
            waives=list(override.waives),
            reason=override.reason,
            incident=override.incident,
            comment=override.comment,
            digest=override.plan_digest,
        )
        for incident in incidents(self.emergency, self.given, now):
            self._owe(incident, now)

    def waived(self, now: datetime) -> dict[str, Waiver]:
        """Return what need not be waited for, by name."""
        return waivers(self.emergency, self.given, now)

    def conditions(self, train: str, now: datetime) -> Iterator[Condition]:
        """Yield what one person has overridden and others have to say, too."""
        waived = self.waived(now)
        for override in self.given:
            waits = [name for name in override.waives if name not in waived]
            if not waits or self.emergency is None or not holds(self.emergency, override, now):
                continue
            names = " ".join(f"--waive {name}" for name in waits)
            yield Condition(
                what=f"override of {', '.join(waits)} for {override.incident}: {override.actor} alone has said so",
                who=tuple(one.person for one in self.emergency.people if override.actor.account not in one.accounts),
                command=f"releasepilot override {train} {names} --reason {override.reason} "
                f"--incident {override.incident} --comment TEXT",
                since=override.at,
            )

    def told(self) -> tuple[str, ...]:
        """Say what was waived or asked as an emergency, by whom and why, also where that has ended."""
        found: dict[str, str] = {}
        for number, override in enumerate(self.given, 1):
            for waiver in waivers(self.emergency, self.given[:number], override.at or workflow.now()).values():
                # The ids of steps have a slash, and a board that is asked in another way is not waived.
                said = str(waiver) if "/" not in waiver.name else f"asked as an emergency {waiver.grounds}"
                found.setdefault(waiver.name, f"{waiver.name}: {said}")
        return tuple(found.values())

    def _owe(self, incident: str, now: datetime) -> None:
        """Note once for each incident until when it has to be reviewed."""
        if self.emergency is not None and incident not in self._due:
            self._due[incident] = None
            due = now + timedelta(seconds=self.emergency.review_within)
            self._journal.note(EventType.EMERGENCY_REVIEW_DUE, incident=incident, due=due.isoformat())
