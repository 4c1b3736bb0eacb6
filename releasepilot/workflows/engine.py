"""The engine: runs a step graph forward and backward, in order, capped, pausable. Pure asyncio.

It knows steps by id, needs and phase; what a step does is the caller's. All state is in lists and
insertion-ordered dicts, so that a replay takes the same turns. `asyncio.TaskGroup` and `asyncio.wait` iterate
sets and are not used here.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol, TypeVar

from releasepilot.model.catalog import OnFailure
from releasepilot.model.step import MAY_HAVE_EFFECT, PHASES, SagaClass, StepStatus, advance
from releasepilot.model.train import StepNode


class StepFailed(Exception):
    """A step was tried as often as it may be."""

    def __init__(self, error: str, code: str = "", hint: str = "") -> None:
        """Take the last error in words, its stable code, and the remedy."""
        super().__init__(error)
        self.error = error
        self.code = code
        self.hint = hint


class Until(Protocol):
    """Wait until a condition holds; `workflow.wait_condition` is one."""

    async def __call__(self, condition: Callable[[], bool], /) -> None:
        """Return when the condition holds."""


_ResultT = TypeVar("_ResultT")

#: Told of every move: the step, its new status, and what went wrong.
Moved = Callable[[StepNode, StepStatus, StepFailed | None], None]
Act = Callable[[StepNode], Coroutine[None, None, None]]


async def uncancellable(work: Awaitable[_ResultT]) -> _ResultT:
    """Run `work` to its end even if the caller is cancelled meanwhile, and return its result.

    `asyncio.shield` alone lets the caller run on beside the work.
    """
    task = asyncio.ensure_future(work)
    while not task.done():
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError:
            if task.cancelled():
                raise
            if (current := asyncio.current_task()) is not None:
                current.uncancel()
        except Exception:  # noqa: BLE001 - raised again by result() below
            break
    return task.result()


@dataclass(kw_only=True)
class Engine:
    """One step graph and where its steps stand."""

    nodes: dict[str, StepNode]
    statuses: dict[str, StepStatus]
    #: How many steps may run side by side.
    cap: int
    until: Until
    on_failure: OnFailure = OnFailure.ROLLBACK_ALL
    moved: Moved = lambda _node, _status, _failure: None
    #: Whether the caller was cancelled: asked in every turn, because a cancellation can be swallowed by a step
    #: that ends in the same moment (temporalio/sdk-python#620).
    cancelled: Callable[[], bool] = lambda: False
    #: Whether a step that is ready may start now; asked again in every turn.
    may_start: Callable[[StepNode], bool] = lambda _node: True
    paused: bool = False
    failures: dict[str, StepFailed] = field(default_factory=dict)
    _draining: bool = False
    _stopping: bool = False
    _nudged: bool = False
    _running: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    _finished: list[tuple[str, StepStatus, BaseException | None]] = field(default_factory=list)

    @property
    def past_no_return(self) -> bool:
        """Whether a step that cannot be taken back may have had its effect."""
        return any(
            node.saga_class == SagaClass.PIVOT and self.statuses[step] in MAY_HAVE_EFFECT
            for step, node in self.nodes.items()
        )

    @property
    def idle(self) -> bool:
        """Whether nothing runs."""
        return not self._running

    def look_again(self) -> None:
        """Ask once more what may start."""
        self._nudged = True

    def pause(self) -> None:
        """Start nothing new until `resume`; what runs goes on."""
        self.paused = self._nudged = True

    def resume(self) -> None:
        """Go on."""
        self.paused = False
        self._nudged = True

    def drain(self) -> None:
        """Start nothing new; `forward` and `backward` return when what runs has ended."""
        self._draining = self._nudged = True

    def stop(self) -> None:
        """Cancel what runs; `forward` returns when all of it has stopped."""
        self._stopping = self._nudged = True

    async def forward(self, act: Act) -> None:
        """Run every step whose needs are done; return when nothing more can be started and nothing runs.

        All steps of a phase are settled before one of a later phase starts. What a failure does is
        `on_failure`'s to say; it goes to `failures`. On cancellation the running steps are cancelled, awaited
        and journaled before the cancellation goes on.
        """
        schedule = _Schedule(self.nodes, self.statuses)
        try:
            while not self._stopping:
                self._start(schedule, act)
                if not self._running and (self._draining or not schedule.ready):
                    return
                await self._turn(schedule)
        except asyncio.CancelledError:
            await self._cancel_running()
            raise
        await self._cancel_running()

    async def backward(self, act: Act, which: Iterable[str]) -> list[str]:
        """Undo the steps, dependents first, side by side where the graph allows; a failure does not stop the others.

        Returns what was not begun, which is something only after `drain`; another call can undo it.
        """
        self._draining = False
        chosen = dict.fromkeys(which)
        waiting = dict.fromkeys(chosen, 0)
        for step in chosen:
            for need in filter(waiting.__contains__, self._before(step)):
                waiting[need] += 1
        ready = deque(step for step in reversed(chosen) if waiting[step] == 0)
        while ready or self._running:
            while ready and len(self._running) < self.cap and not self._draining:
                self._launch(ready.popleft(), act, StepStatus.UNDONE, StepStatus.UNDO_FAILED)
            if not self._running:
                break
            await self.until(lambda: bool(self._finished))
            for step in self._collect():
                del chosen[step]
                for need in filter(waiting.__contains__, self._before(step)):
                    waiting[need] -= 1
                    if waiting[need] == 0:
                        ready.append(need)
        return list(chosen)

    def with_effect(self, components: Iterable[str] | None = None) -> list[str]:
        """Return the steps that may have had an effect to undo, of all or some components, in plan order."""
        wanted = None if components is None else dict.fromkeys(components)
        return [
            step
            for step, node in self.nodes.items()
            if node.effect and self.statuses[step] in MAY_HAVE_EFFECT and (wanted is None or node.component in wanted)
        ]

    def _before(self, step: str) -> tuple[str, ...]:
        """Return what a step came after, and is therefore undone before."""
        node = self.nodes[step]
        return tuple(dict.fromkeys((*node.needs, *node.after)))

    def _start(self, schedule: _Schedule, act: Act) -> None:
        """Start what may start, up to the cap."""
        while not self.paused and not self._draining and len(self._running) < self.cap:
            step = schedule.take(self.may_start)
            if step is None:
                return
            self._move(step, StepStatus.RUNNING, None)
            self._launch(step, act, StepStatus.DONE, StepStatus.FAILED)

    async def _turn(self, schedule: _Schedule) -> None:
        """Wait for something to happen, and journal it with what follows."""
        await self.until(lambda: bool(self._finished) or self._nudged)
        self._nudged = False
        for step in self._collect():
            if self.statuses[step] is StepStatus.DONE:
                schedule.done(step)
                continue
            for blocked in schedule.block(step):
                self._move(blocked, StepStatus.BLOCKED, None)
            self._stopping |= self.on_failure is OnFailure.ROLLBACK_ALL
            self._draining |= self.on_failure is OnFailure.STOP
        if self.cancelled():
            raise asyncio.CancelledError

    async def _cancel_running(self) -> None:
        """Cancel what runs, and return when all of it has stopped."""
        for task in self._running.values():
            task.cancel()
        await uncancellable(self.until(lambda: len(self._finished) == len(self._running)))
        self._collect()

    def _launch(self, step: str, act: Act, well: StepStatus, ill: StepStatus) -> None:
        """Run one step as a task that leaves word of how it ended."""
        task = asyncio.create_task(act(self.nodes[step]), name=step)
        self._running[step] = task
        task.add_done_callback(partial(self._ended, step, well, ill))

    def _ended(self, step: str, well: StepStatus, ill: StepStatus, task: asyncio.Task[None]) -> None:
        if task.cancelled():
            self._finished.append((step, StepStatus.CANCELLED if ill is StepStatus.FAILED else ill, None))
        elif (error := task.exception()) is not None:
            self._finished.append((step, ill, error))
        else:
            self._finished.append((step, well, None))

    def _collect(self) -> list[str]:
        """Journal what has ended; return it. An error that is no StepFailed is a defect, and is raised."""
        ended = [step for step, _, _ in self._finished]
        for step, status, error in self._finished:
            del self._running[step]
            if error is not None and not isinstance(error, StepFailed):
                raise error
            if status is StepStatus.FAILED and error is not None:
                self.failures[step] = error
            self._move(step, status, error)
        self._finished.clear()
        return ended

    def _move(self, step: str, to: StepStatus, failure: StepFailed | None) -> None:
        self.statuses[step] = advance(self.statuses[step], to)
        self.moved(self.nodes[step], to, failure)


def engine_of(
    nodes: Sequence[StepNode], statuses: dict[str, StepStatus], *, cap: int, until: Until, on_failure: OnFailure
) -> Engine:
    """Build the engine of a graph; steps without a status are pending."""
    known = {node.id: node for node in nodes}
    filled = {step: statuses.get(step, StepStatus.PENDING) for step in known}
    return Engine(nodes=known, statuses=filled, cap=cap, until=until, on_failure=on_failure)


class _Schedule:
    """Which steps may start: their needs are done, and the phase barrier is open."""

    def __init__(self, nodes: dict[str, StepNode], statuses: dict[str, StepStatus]) -> None:
        self.nodes = nodes
        self.statuses = statuses
        self.children: dict[str, list[str]] = {step: [] for step in nodes}
        #: The steps that come after a step, however it ends.
        self.followers: dict[str, list[str]] = {step: [] for step in nodes}
        #: For how many steps a pending step waits.
        self.missing: dict[str, int] = {}
        #: How many steps of a phase are not settled.
        self.open = dict.fromkeys((phase.value for phase in PHASES), 0)
        #: Steps whose needs are done, one queue a phase, so that a step held by the barrier costs nothing.
        self.queues: dict[str, deque[str]] = {phase: deque() for phase in self.open}
        for step, node in nodes.items():
            for need in node.needs:
                self.children[need].append(step)
            for earlier in node.after:
                self.followers[earlier].append(step)
            if statuses[step] is StepStatus.PENDING:
                self.open[node.phase] += 1
                self.missing[step] = sum(statuses[need] is not StepStatus.DONE for need in node.needs)
                self.missing[step] += sum(statuses[earlier] is StepStatus.PENDING for earlier in node.after)
                if self.missing[step] == 0:
                    self.queues[node.phase].append(step)

    @property
    def ready(self) -> bool:
        """Whether a step waits for nothing but its turn."""
        return any(self.queues.values())

    def take(self, may_start: Callable[[StepNode], bool]) -> str | None:
        """Remove and return the next step that may start; None where none may now."""
        for phase, queue in self.queues.items():
            for step in queue:
                if may_start(self.nodes[step]):
                    queue.remove(step)
                    return step
            if self.open[phase]:
                return None
        return None

    def done(self, step: str) -> None:
        """Settle a done step: its children have one need less, its phase one step."""
        self.open[self.nodes[step].phase] -= 1
        self._release(self.children[step])
        self._release(self.followers[step])

    def _release(self, steps: list[str]) -> None:
        """Let steps wait for one step less. A step that an earlier run has blocked waits for nothing."""
        for step in filter(self.missing.__contains__, steps):
            self.missing[step] -= 1
            if self.missing[step] == 0 and self.statuses[step] is StepStatus.PENDING:
                self.queues[self.nodes[step].phase].append(step)

    def block(self, step: str) -> list[str]:
        """Settle a failed step; return the pending steps of its component and of all that need them."""
        self.open[self.nodes[step].phase] -= 1
        component = self.nodes[step].component
        todo = [*self.children[step], *(other for other, node in self.nodes.items() if node.component == component)]
        blocked: dict[str, None] = {}
        while todo:
            current = todo.pop()
            if current in blocked or self.statuses[current] is not StepStatus.PENDING:
                continue
            blocked[current] = None
            phase = self.nodes[current].phase
            self.open[phase] -= 1
            if current in self.queues[phase]:
                self.queues[phase].remove(current)
            todo += self.children[current]
        for over in (step, *blocked):
            self._release([later for later in self.followers[over] if later not in blocked])
        return list(blocked)
