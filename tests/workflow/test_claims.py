"""Trains that share components: one after the other, in the order in which they asked."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from itertools import groupby
from pathlib import Path

import pytest
from support import patience
from support.temporal import Stage, train_name
from support.temporal import stage as staged
from support.world import plan_of, step
from temporalio.client import Client
from workflow.conftest import replay_twice
from workflow.test_train import until

from releasepilot.errors import ControlError
from releasepilot.model.event import EventType
from releasepilot.model.gate import ApprovalGate, Decision
from releasepilot.model.plan import Plan
from releasepilot.model.train import Outcome, TrainPhase
from releasepilot.workflows.ports import train_workflow_id

pytestmark = pytest.mark.takes(11)

#: Of twenty trains: the first of its components, and how far the next ones are.
STRIDES = [(7 * index % 30, 1 + index % 7) for index in range(20)]


@pytest.fixture
async def stage(temporal: Client, ledger_url: str, tmp_path: Path) -> AsyncIterator[Stage]:
    """Give a worker that knows after two seconds that a closed workflow holds nothing."""
    async with staged(temporal, ledger_url, tmp_path, lease=timedelta(seconds=2)) as given:
        yield given
    await replay_twice(given)


def sharing(*names: str, shared: str, gates: tuple[ApprovalGate, ...] = ()) -> Plan:
    """Make a train of two steps a component, of components that other trains of `shared` have too."""
    steps = [step(name, f"s{number}", uses="diary") for name in names for number in range(2)]
    return plan_of(train_name(), steps, dict.fromkeys(names, ()), shared=shared, gates=gates)


async def started(stage: Stage, plan: Plan) -> str:
    """Start a train of a plan."""
    return await stage.control.start(stage.request(plan))


async def until_told(stage: Stage, train: str, words: str) -> None:
    """Wait until the ledger says what a train waits for."""
    async with asyncio.timeout(patience.PATIENCE):
        while (await stage.reader.train(train)).waiting_for != words:  # noqa: ASYNC110 - the ledger is asked
            await asyncio.sleep(0.05)


async def test_the_second_waits_and_says_for_whom(stage: Stage) -> None:
    """`status` and `explain` name the train, since when, and how many are before; it goes on when the first ends."""
    shared = train_name()
    first = sharing("api", "lib", shared=shared)
    train = await started(stage, first)
    stage.world.order("lib/s1", f"stand still for {train}")
    await until(stage, train, lambda view: view.phase is TrainPhase.RUNNING)
    second = await started(stage, sharing("lib", "web", shared=shared))
    view = await until(stage, second, lambda view: bool(view.waiting_for))
    assert view.waiting_for.startswith(f"train {train}, which has lib; since ")
    assert view.waiting_for.endswith("ahead: 1")
    assert [condition.command for condition in view.conditions] == [f"releasepilot explain {train}"]
    await until_told(stage, second, view.waiting_for)
    stage.world.heal("lib/s1")
    assert (await stage.ended(train)).outcome is Outcome.RELEASED
    assert (await stage.ended(second)).outcome is Outcome.RELEASED
    happened = [event.type for event in await stage.reader.events(second)]
    assert happened.count(EventType.CLAIM_WAITING) == 1
    # What the first has released may have changed what the second would.
    assert happened.index(EventType.CLAIM_GRANTED) < len(happened) - 1 - happened[::-1].index(EventType.TRAIN_PLANNED)


async def test_twenty_trains_over_thirty_components_never_interleave(stage: Stage) -> None:
    """Each component's diary tells of one train after the other; all of them are released."""
    shared, names = train_name(), [f"c{index}" for index in range(30)]
    for name in names:
        # Long enough that trains that did not wait would meet.
        stage.world.order(f"{name}/s0", "take long")
    # Strides that meet in many ways, and in circles where each took what it could.
    chosen = [sorted({names[(index + stride * hop) % 30] for hop in range(5)}) for index, stride in STRIDES]
    plans = [sharing(*few, shared=shared) for few in chosen]
    trains = await asyncio.gather(*(started(stage, plan) for plan in plans))
    records = await asyncio.gather(*(stage.ended(train) for train in trains))
    assert {record.outcome for record in records} == {Outcome.RELEASED}
    lines = [line.split("/") for line in stage.world.history()]
    for name in names:
        seen = [train for train, component, _, _ in lines if component == name]
        assert len([train for train, _ in groupby(seen)]) == len(set(seen))
        assert len(seen) == 4 * len(set(seen))


async def test_nobody_waits_for_a_train_that_waits_for_people(stage: Stage) -> None:
    """At its gate a train holds nothing, and one that came later is released meanwhile."""
    shared = train_name()
    gate = ApprovalGate(name="change", roles=("managers",))
    request = stage.request(sharing("lib", shared=shared, gates=(gate,)), roles={"managers": ("mia",)})
    waits = await stage.control.start(request)
    await until(stage, waits, lambda view: view.phase is TrainPhase.WAITING)
    assert (await stage.run(sharing("lib", shared=shared))).outcome is Outcome.RELEASED
    await stage.as_actor("mia").decide(waits, Decision.APPROVE)
    assert (await stage.ended(waits)).outcome is Outcome.RELEASED


@pytest.mark.parametrize("end", ["abort", "cancel"])
async def test_a_train_can_leave_the_queue(stage: Stage, end: str) -> None:
    """Whoever waited behind it does not wait for it any longer."""
    shared = train_name()
    first = await started(stage, sharing("lib", shared=shared))
    stage.world.order("lib/s1", f"stand still for {first}")
    await until(stage, first, lambda view: view.phase is TrainPhase.RUNNING)
    second = await started(stage, sharing("lib", "web", shared=shared))
    await until(stage, second, lambda view: bool(view.waiting_for))
    third = await started(stage, sharing("web", shared=shared))
    await until(stage, third, lambda view: bool(view.waiting_for))
    if end == "abort":
        await stage.control.abort(second)
    else:
        await stage.client.get_workflow_handle(train_workflow_id(second)).cancel()
    assert (await stage.ended(second)).outcome is Outcome.REJECTED
    assert (await stage.ended(third)).outcome is Outcome.RELEASED
    stage.world.heal("lib/s1")
    assert (await stage.ended(first)).outcome is Outcome.RELEASED


async def test_a_holder_that_was_terminated_loses_its_claim_and_writes_no_more(stage: Stage) -> None:
    """The one that waits takes over after the lease; what still ran of the other is refused before its write."""
    shared = train_name()
    gone = await started(stage, sharing("lib", shared=shared))
    stage.world.order("lib/s1", f"stand still for {gone}")
    await until(stage, gone, lambda view: view.statuses.get("lib/s0") == "done")
    waits = await started(stage, sharing("lib", shared=shared))
    await until(stage, waits, lambda view: bool(view.waiting_for))
    await stage.client.get_workflow_handle(train_workflow_id(gone)).terminate("an operator")
    assert (await stage.ended(waits)).outcome is Outcome.RELEASED
    before = stage.world.history()
    stage.world.heal("lib/s1")
    await patience.until(lambda: not (stage.world.still / "lib+s1").exists())
    await asyncio.sleep(1)
    assert stage.world.history() == before
    assert f"{gone}/lib/s1/begun" not in before


async def test_a_release_waits_for_a_rollback_and_a_rollback_is_refused_during_a_release(stage: Stage) -> None:
    """Each is told of the other by name."""
    shared = train_name()
    plan = sharing("lib", shared=shared)
    first = await started(stage, plan)
    assert (await stage.ended(first)).outcome is Outcome.RELEASED
    stage.world.order("lib/s0", "hold undo")
    await stage.control.rollback(first)
    await stage.world.until_still("lib/s0")
    second = await started(stage, sharing("lib", shared=shared))
    view = await until(stage, second, lambda view: bool(view.waiting_for))
    assert f"train {first}" in view.waiting_for
    with pytest.raises(ControlError, match="being rolled back already"):
        await stage.control.rollback(first)
    stage.world.order("lib/s1", f"stand still for {second}")
    stage.world.heal("lib/s0")
    await until(stage, second, lambda view: view.phase is TrainPhase.RUNNING)
    with pytest.raises(ControlError, match=f"train {second} releases lib"):
        await stage.control.rollback(first)
    stage.world.heal("lib/s1")
    assert (await stage.ended(second)).outcome is Outcome.RELEASED
    undone = stage.world.history().index(f"{first}/lib/s0/undone")
    assert undone < stage.world.history().index(f"{second}/lib/s0/begun")
