"""What a running train does when its windows close: it holds back, waits, or has itself turned round.

The last judgement says until when it holds, so that a step costs a comparison. The judging activity is asked again only
when a step does not fit any more, or when a window closes that has what was done undone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Protocol

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from releasepilot.model.step import StepStatus
    from releasepilot.model.train import StepNode
    from releasepilot.model.value import Value
    from releasepilot.model.window import Closing, Crossing
    from releasepilot.workflows.engine import Engine, StepFailed
    from releasepilot.workflows.ports import WindowJudgement


class Close(Value):
    """When a window closes, and what happens then. A train takes it along when it continues as a new run."""

    window: str
    at: datetime
    #: Steps may start that end before; later than `at` where the window may be overrun.
    latest: datetime
    crossing: Crossing

    @classmethod
    def of(cls, closing: Closing | None, asked_at: datetime) -> Close | None:
        """Date a closing from when it was asked for, so that an answer that comes late closes early, never late."""
        if closing is None:
            return None
        at = asked_at + timedelta(seconds=closing.after)
        latest = at + timedelta(seconds=closing.overrun)
        return cls(window=closing.window, at=at, latest=latest, crossing=closing.crossing)


class Asked(Protocol):
    """What is asked about: the windows in force, and what was said of them."""

    close: Close | None

    def in_force(self) -> object:
        """Return the windows that nobody has waived; a wait ends when they are others."""

    def holds_until(self) -> datetime | None:
        """Return when a waiver ends that a judgement of this moment goes by; None where there is none."""


class Judging(Protocol):
    """Have the windows judged for work of so many seconds."""

    async def __call__(self, needs: int, /) -> WindowJudgement:
        """Return the judgement; raise StepFailed where no opening is known."""


#: Told when windows begin to hold steps back, and when they no longer do.
Told = Callable[[WindowJudgement], None]


class WindowKeeper:
    """Keeps the steps of one engine inside the windows."""

    def __init__(self, engine: Engine, asked: Asked, judging: Judging, told: Told) -> None:
        """Begin with the close that the last judgement foresees; without one, and without waivers, nothing is asked."""
        self._asked = asked
        #: When a waiver ends, so that the judgement holds no longer.
        self._holds_until = asked.holds_until()
        self.close = asked.close
        #: Why the train does not go on; None while it does.
        self.failure: StepFailed | None = None
        self._engine = engine
        self._judging = judging
        self._told = told
        #: The least that a step needs that was held back since somebody looked; 0 where none was.
        self._wanted = 0
        self._defect: BaseException | None = None
        #: The steps of each component in each phase: between two of these it is half way.
        self._parts: dict[tuple[str, str], list[StepNode]] = {}
        for node in engine.nodes.values():
            self._parts.setdefault((node.component, node.phase), []).append(node)
        engine.may_start = self._may_start

    async def keep(self, forward: Coroutine[None, None, None]) -> None:
        """Run the engine inside the windows; raise what it raises."""
        if self.close is None and self._holds_until is None:
            await forward
            return
        watching = asyncio.create_task(self._watch(), name="windows")
        watching.add_done_callback(self._ended)
        try:
            await forward
        finally:
            watching.cancel()
        if self._defect is not None:
            raise self._defect

    def _ended(self, watching: asyncio.Task[None]) -> None:
        """Stop the engine where the windows can no longer be asked; without anybody to wake it, it would wait on."""
        if watching.cancelled() or (error := watching.exception()) is None:
            return
        if not isinstance(error, StepFailed):
            self._defect = error
        self._end(error if isinstance(error, StepFailed) else StepFailed(str(error)))

    def _may_start(self, node: StepNode) -> bool:
        """Whether a step ends before the close, by its estimate; note it where it does not."""
        if self._holds_until is not None and workflow.now() >= self._holds_until:
            self._wanted = min(self._wanted or node.estimate, max(1, node.estimate))
            return False
        if self.close is None:
            return True
        needs = self._needs(node, self.close)
        if not needs or workflow.now() + timedelta(seconds=needs) <= self.close.latest:
            return True
        self._wanted = min(self._wanted or needs, needs)
        return False

    def _needs(self, node: StepNode, close: Close) -> int:
        """Return the seconds that must be left; 0 where it starts in any case."""
        if close.crossing is not Crossing.PAUSE_AT_SAFE_POINT:
            return max(1, node.estimate)
        part = self._parts[node.component, node.phase]
        if any(self._engine.statuses[one.id] is not StepStatus.PENDING for one in part):
            # Its component is half way: the safe point lies behind it.
            return 0
        return sum(max(1, one.estimate) for one in part)

    async def _watch(self) -> None:
        """Ask when a step does not fit or a compensating window closes; then wait, or turn the train round."""
        needs = 0
        while True:
            if not needs:
                await self._due()
            needs, self._wanted = min(filter(None, (needs, self._wanted)), default=0), 0
            asked_at = workflow.now()
            judged = await self._judging(needs)
            self._holds_until = self._asked.holds_until()
            if judged.verdict.open:
                needs = await self._go_on(Close.of(judged.closing, asked_at), judged, needs)
            elif await self._compensates():
                self._end(StepFailed(f"{judged.verdict.reason}, and what it found running is undone"))
                return
            else:
                await self._wait(judged, needs)

    async def _due(self) -> None:
        """Wait until a step is held back, or until the close where that has more to say."""
        timeout = None
        if self.close and self.close.crossing is Crossing.COMPENSATE:
            timeout = max(timedelta(0), self.close.at - workflow.now())
        with suppress(TimeoutError):
            await workflow.wait_condition(lambda: self._wanted > 0, timeout=timeout)

    async def _go_on(self, close: Close | None, judged: WindowJudgement, needs: int) -> int:
        """Let steps start again; return what is still needed where a second is missing by the clock of this side."""
        if close and needs and workflow.now() + timedelta(seconds=needs) > close.latest:
            await asyncio.sleep(1)
            return needs
        self.close = close
        self._told(judged)
        self._engine.look_again()
        return 0

    async def _compensates(self) -> bool:
        """Whether what was done is to be undone: asked when nothing runs any more, and at the close at the latest."""
        if self.close is None or not self._reversible():
            return False
        left = max(timedelta(0), self.close.at - workflow.now())
        with suppress(TimeoutError):
            await workflow.wait_condition(lambda: self._engine.idle, timeout=left)
        return self._reversible()

    def _reversible(self) -> bool:
        """Whether the window asks for it, there is something to undo, and no step has passed the point of no return."""
        engine = self._engine
        asked = self.close is not None and self.close.crossing is Crossing.COMPENSATE
        return asked and not engine.past_no_return and bool(engine.with_effect())

    async def _wait(self, judged: WindowJudgement, needs: int) -> None:
        """Wait for the next opening, or for a step that needs less."""
        if needs:
            self._told(judged)
        asked = self._asked.in_force()
        with suppress(TimeoutError):
            await workflow.wait_condition(
                lambda: (self._wanted > 0 and not 0 < needs <= self._wanted) or self._asked.in_force() != asked,
                timeout=timedelta(seconds=judged.wait),
            )

    def _end(self, failure: StepFailed) -> None:
        """Let the engine end. Past the point of no return what runs ends by itself, and what is done stays."""
        self.failure = failure
        if self._engine.past_no_return:
            self._engine.drain()
        else:
            self._engine.stop()


__all__ = ["Close", "WindowKeeper"]
