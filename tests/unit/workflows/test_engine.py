"""The engine without a server: order, cap, barrier, failures, pause, undo."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from releasepilot.model.catalog import OnFailure
from releasepilot.model.step import PHASES, Phase, Queue, SagaClass, StepStatus, Undo
from releasepilot.model.train import StepNode
from releasepilot.workflows.engine import Engine, StepFailed, engine_of, uncancellable


def node(
    step: str, *needs: str, phase: Phase = Phase.COMMIT, saga_class: SagaClass = SagaClass.COMPENSATABLE
) -> StepNode:
    """Make a step named `component/name`."""
    return StepNode(
        id=step,
        component=step.partition("/")[0],
        phase=phase,
        saga_class=saga_class,
        undo=Undo.FULL,
        queue=Queue.ENGINE,
        needs=needs,
    )


async def until(condition: Callable[[], bool]) -> None:
    """Let others run until the condition holds, as Temporal's wait_condition does."""
    while not condition():  # noqa: ASYNC110 - a condition, as in workflows, not an event
        await asyncio.sleep(0)


def engine(nodes: list[StepNode], *, cap: int = 8, on_failure: OnFailure = OnFailure.ROLLBACK_ALL) -> Engine:
    """Make an engine on plain asyncio."""
    return engine_of(nodes, {}, cap=cap, until=until, on_failure=on_failure)


class World:
    """What steps do: they log, take turns, and fail where told."""

    def __init__(self, *broken: str) -> None:
        self.log: list[str] = []
        self.broken = broken
        self.running = 0
        self.most = 0
        self.hold: dict[str, asyncio.Event] = {}

    async def act(self, step: StepNode) -> None:
        """Run one step."""
        self.running += 1
        self.most = max(self.most, self.running)
        try:
            self.log.append(f"+{step.id}")
            await asyncio.sleep(0)
            if step.id in self.hold:
                await self.hold[step.id].wait()
            if step.id in self.broken:
                raise StepFailed(f"{step.id} broke", "RP400")
            self.log.append(f"={step.id}")
        finally:
            self.running -= 1


DIAMOND = [node("lib/a"), node("api/a", "lib/a"), node("web/a", "lib/a"), node("app/a", "api/a", "web/a")]


async def test_a_step_starts_when_its_needs_are_done() -> None:
    """Every step ends before one that needs it starts."""
    world, run = World(), engine(DIAMOND)
    await run.forward(world.act)
    for step in DIAMOND:
        for need in step.needs:
            assert world.log.index(f"={need}") < world.log.index(f"+{step.id}")
    assert set(run.statuses.values()) == {StepStatus.DONE}


async def test_the_cap_bounds_what_runs_side_by_side() -> None:
    """Fifty ready steps under a cap of three never run more than three at once, and reach three."""
    world = World()
    await engine([node(f"c{i}/a") for i in range(50)], cap=3).forward(world.act)
    assert world.most == 3


async def test_no_step_of_a_phase_starts_before_all_of_the_phase_before_are_done() -> None:
    """The barrier holds also for a component that has nothing to wait for."""
    nodes = [
        node("a/stage", phase=Phase.STAGE),
        node("b/stage", "a/stage", phase=Phase.STAGE),
        node("c/pivot", phase=Phase.PIVOT, saga_class=SagaClass.PIVOT),
    ]
    world = World()
    await engine(nodes).forward(world.act)
    assert world.log.index("=b/stage") < world.log.index("+c/pivot")


async def test_a_failure_stops_the_rest_and_what_ran_is_journaled_as_cancelled() -> None:
    """With rollback_all the first failure cancels what runs, and nothing more starts."""
    world = World("api/a")
    world.hold["web/a"] = asyncio.Event()
    run = engine(DIAMOND)
    await run.forward(world.act)
    assert run.statuses == {
        "lib/a": StepStatus.DONE,
        "api/a": StepStatus.FAILED,
        "web/a": StepStatus.CANCELLED,
        "app/a": StepStatus.BLOCKED,
    }
    assert list(run.failures) == ["api/a"]


async def test_stop_lets_what_runs_end() -> None:
    """With stop nothing more starts, and nothing is cancelled."""
    nodes = [node("a/x"), node("b/x"), node("c/x", "b/x")]
    world, run = World("a/x"), engine(nodes, on_failure=OnFailure.STOP)
    await run.forward(world.act)
    assert run.statuses["b/x"] is StepStatus.DONE
    assert run.statuses["c/x"] is StepStatus.PENDING


async def test_an_isolated_failure_blocks_only_what_depends_on_it() -> None:
    """With rollback_dependents the others go on, past the barrier too."""
    nodes = [
        node("a/stage", phase=Phase.STAGE),
        node("b/stage", phase=Phase.STAGE),
        node("a/push", "a/stage"),
        node("b/push", "b/stage"),
        node("c/push", "a/push"),
        node("b/pivot", "b/push", phase=Phase.PIVOT, saga_class=SagaClass.PIVOT),
    ]
    world, run = World("a/stage"), engine(nodes, on_failure=OnFailure.ROLLBACK_DEPENDENTS)
    await run.forward(world.act)
    assert run.statuses["b/pivot"] is StepStatus.DONE
    assert run.statuses["a/push"] is run.statuses["c/push"] is StepStatus.BLOCKED


async def test_what_merely_comes_after_a_failed_step_runs_all_the_same() -> None:
    """Order in one repository is no dependency: the next component goes on when the one before has failed."""
    after = node("b/push").model_copy(update={"after": ("a/push",)})
    last = node("c/push").model_copy(update={"after": ("b/push",)})
    nodes = [node("a/stage"), node("a/push", "a/stage"), after, last]
    world, run = World("a/stage"), engine(nodes, on_failure=OnFailure.ROLLBACK_DEPENDENTS)
    await run.forward(world.act)
    assert run.statuses["a/push"] is StepStatus.BLOCKED
    assert run.statuses["b/push"] is run.statuses["c/push"] is StepStatus.DONE
    assert world.log.index("=b/push") < world.log.index("+c/push")
    undone = World()
    await run.backward(undone.act, run.with_effect())
    assert undone.log.index("=c/push") < undone.log.index("+b/push")


async def test_steps_are_undone_in_reverse_and_a_failed_undo_does_not_stop_the_others() -> None:
    """What was needed is undone after what needed it; the failed undo is told by its status."""
    run = engine(DIAMOND)
    await run.forward(World().act)
    world = World("web/a")
    await run.backward(world.act, run.with_effect())
    assert world.log.index("=app/a") < world.log.index("+api/a") < world.log.index("+lib/a")
    assert run.statuses["web/a"] is StepStatus.UNDO_FAILED
    assert run.statuses["lib/a"] is StepStatus.UNDONE


async def test_a_pause_starts_nothing_until_resumed() -> None:
    """A paused engine with free slots waits, and goes on where it was."""
    world, run = World(), engine(DIAMOND)
    run.pause()
    task = asyncio.create_task(run.forward(world.act))
    for _ in range(10):
        await asyncio.sleep(0)
    assert world.log == []
    run.resume()
    await task
    assert len(world.log) == 8


async def test_a_stop_cancels_also_steps_that_have_not_begun() -> None:
    """A task that is cancelled before its first turn is journaled like any other."""
    world = World()
    run = engine([node("a/x"), node("b/x")])
    started = asyncio.create_task(run.forward(world.act))
    await asyncio.sleep(0)
    run.stop()
    await started
    assert set(run.statuses.values()) <= {StepStatus.CANCELLED, StepStatus.DONE}
    assert run.with_effect() == ["a/x", "b/x"]


async def test_a_cancelled_caller_gets_the_cancellation_after_everything_has_stopped() -> None:
    """Nothing runs on beside the compensation."""
    world = World()
    world.hold["lib/a"] = asyncio.Event()
    run = engine(DIAMOND)
    task = asyncio.create_task(run.forward(world.act))
    for _ in range(5):
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert run.statuses["lib/a"] is StepStatus.CANCELLED
    assert world.running == 0


async def test_a_defect_in_a_step_is_raised() -> None:
    """An error that is no StepFailed is ours to fix, not the train's to compensate."""

    async def act(_: StepNode) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await engine([node("a/x")]).forward(act)


async def test_uncancellable_work_ends_before_the_caller_goes_on() -> None:
    """The cancellation is not acted on, and the result is handed out."""
    gate, ended = asyncio.Event(), []

    async def work() -> str:
        await gate.wait()
        ended.append(True)
        return "done"

    task = asyncio.create_task(uncancellable(work()))
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.sleep(0)
    gate.set()
    assert await task == "done"
    assert ended == [True]


@st.composite
def graphs(draw: st.DrawFn) -> tuple[list[StepNode], list[str]]:
    """Draw an acyclic step graph whose needs never lie in a later phase, and some steps that break."""
    size = draw(st.integers(1, 14))
    nodes: list[StepNode] = []
    for index in range(size):
        phase = draw(st.sampled_from(PHASES))
        earlier = [other.id for other in nodes if PHASES.index(other.phase) <= PHASES.index(phase)]
        needs = draw(st.lists(st.sampled_from(earlier), unique=True, max_size=3)) if earlier else []
        nodes.append(node(f"c{draw(st.integers(0, 5))}/s{index}", *needs, phase=phase))
    broken = draw(st.lists(st.sampled_from([step.id for step in nodes]), unique=True, max_size=3))
    return nodes, broken


@given(graphs(), st.integers(1, 4), st.sampled_from(OnFailure))
@settings(max_examples=200, deadline=None)
def test_any_graph_ends_and_can_be_undone(
    drawn: tuple[list[StepNode], list[str]], cap: int, on_failure: OnFailure
) -> None:
    """Whatever breaks, the engine returns; no step ran before its needs; undoing visits what may have had an effect."""
    nodes, broken = drawn
    world, run = World(*broken), engine(nodes, cap=cap, on_failure=on_failure)

    async def there_and_back() -> None:
        await asyncio.wait_for(run.forward(world.act), 5)
        touched = run.with_effect()
        await asyncio.wait_for(run.backward(World().act, touched), 5)
        assert all(run.statuses[step] is StepStatus.UNDONE for step in touched)

    asyncio.run(there_and_back())
    for step in nodes:
        for need in step.needs:
            if f"+{step.id}" in world.log:
                assert f"={need}" in world.log[: world.log.index(f"+{step.id}")]
    if not broken:
        assert StepStatus.PENDING not in run.statuses.values()


async def test_a_step_that_may_not_start_is_passed_over_and_not_lost() -> None:
    """Those behind it go on, and it starts when somebody looks again."""
    world, held = World(), engine([node("a/push"), node("b/push"), node("c/push", "a/push")])
    allowed = ["b/push", "c/push"]
    held.may_start = lambda one: one.id in allowed
    running = asyncio.create_task(held.forward(world.act))
    await until(lambda: held.statuses["b/push"] is StepStatus.DONE)
    assert held.idle
    assert held.statuses["a/push"] is StepStatus.PENDING
    allowed.append("a/push")
    held.look_again()
    await running
    assert set(held.statuses.values()) == {StepStatus.DONE}
