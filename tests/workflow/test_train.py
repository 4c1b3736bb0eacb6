"""Trains on a real server: forward, back, gates, steering, the record."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from support.patience import answer
from support.temporal import Stage, train_name
from support.world import plan_of, step
from temporalio.client import WorkflowExecutionDescription, WorkflowHandle

from releasepilot.errors import ControlError, VoteRefused
from releasepilot.model.catalog import OnFailure
from releasepilot.model.gate import ApprovalGate, Decision
from releasepilot.model.plan import Plan
from releasepilot.model.step import Phase, SagaClass, StepStatus, Undo
from releasepilot.model.train import Outcome, TrainPhase, TrainView

DIAMOND: dict[str, tuple[str, ...]] = {"lib": (), "api": ("lib",), "web": ("lib",), "app": ("api", "web")}


def diamond(
    *, on_failure: OnFailure = OnFailure.ROLLBACK_ALL, gates: tuple[ApprovalGate, ...] = (), version: str = "1.0.0"
) -> Plan:
    """Make a train of four components: each is staged, then pushed after what it needs."""
    steps = [step(name, "stage", phase=Phase.STAGE) for name in DIAMOND]
    steps += [
        step(name, "push", f"{name}/stage", *(f"{need}/push" for need in needs)) for name, needs in DIAMOND.items()
    ]
    return plan_of(train_name(), steps, DIAMOND, on_failure=on_failure, gates=gates, version=version)


async def until(stage: Stage, train: str, condition: Callable[[TrainView], bool]) -> TrainView:
    """Watch a train until a condition holds."""
    return await answer(lambda: stage.control.view(train), condition)


async def test_a_train_is_released_in_order(stage: Stage) -> None:
    """Every effect is there, in the order of the graph, and the record says so."""
    record = await stage.run(diamond())
    assert record.outcome is Outcome.RELEASED
    assert record.released == dict.fromkeys(DIAMOND, "1.0.0")
    done = stage.world.history()
    assert done.index("+lib/push") < done.index("+api/push") < done.index("+app/push")
    assert done.index("+app/stage") < done.index("+lib/push")


async def test_the_ledger_says_what_the_record_says(stage: Stage) -> None:
    """Statuses, receipts and events are in the database when the train has ended."""
    train = await stage.control.start(stage.request(diamond()))
    await stage.ended(train)
    steps = {row.id: row for row in await stage.reader.steps(train)}
    assert {row.status for row in steps.values()} == {StepStatus.DONE}
    receipt = steps["lib/push"].receipt
    assert receipt is not None
    assert receipt.effect_key == f"{train}/lib/push"
    events = await stage.reader.events(train)
    assert [event.seq for event in events] == list(range(1, len(events) + 1))


async def test_a_failure_undoes_everything_that_may_have_had_an_effect(stage: Stage) -> None:
    """The step that failed after its effect is undone too, dependents before what they need."""
    stage.world.order("web/push", "after")
    record = await stage.run(diamond())
    assert record.outcome is Outcome.ROLLED_BACK
    assert stage.world.present() == set()
    undone = stage.world.history()
    assert undone.index("-web/push") < undone.index("-lib/push")
    assert record.cause == "web/push: broken after its effect"
    assert record.code == "RP402"


async def test_a_step_is_tried_again_before_it_fails(stage: Stage) -> None:
    """A retryable error that goes away leaves a released train."""
    plan = diamond()
    stage.world.order("api/push", "before")
    train = await stage.control.start(stage.request(plan))
    await until(stage, train, lambda view: view.statuses.get("api/push") is StepStatus.RUNNING)
    stage.world.heal("api/push")
    record = await stage.ended(train)
    assert record.outcome is Outcome.RELEASED


async def test_dependents_alone_are_undone_where_the_catalog_says_so(stage: Stage) -> None:
    """With rollback_dependents lib and web stay released, api and app are undone."""
    stage.world.order("api/push", "refuse")
    record = await stage.run(diamond(on_failure=OnFailure.ROLLBACK_DEPENDENTS))
    assert record.outcome is Outcome.PARTLY_RELEASED
    assert record.released == {"lib": "1.0.0", "web": "1.0.0"}
    assert stage.world.present() == {"lib/stage", "lib/push", "web/stage", "web/push"}


async def test_stop_leaves_everything_and_lists_it(stage: Stage) -> None:
    """With stop nothing is undone; what is neither released nor undone is residue."""
    stage.world.order("api/push", "refuse")
    record = await stage.run(diamond(on_failure=OnFailure.STOP))
    assert record.outcome is Outcome.FAILED
    assert {(item.component, item.step) for item in record.residue} >= {("app", "stage"), ("api", "stage")}
    assert "lib/push" in stage.world.present()


async def test_a_failed_undo_is_residue_and_stops_nobody(stage: Stage) -> None:
    """The others are undone, and the record names what somebody has to clear."""
    stage.world.order("api/stage", "undo")
    stage.world.order("app/push", "refuse")
    record = await stage.run(diamond())
    assert record.outcome is Outcome.RESIDUE
    assert stage.world.present() == {"api/stage"}
    assert [(item.component, item.step, item.unresolved) for item in record.residue] == [("api", "stage", True)]


async def test_what_cannot_be_undone_is_listed_after_the_point_of_no_return(stage: Stage) -> None:
    """A pivot without undo stays in the world and in the record."""
    steps = [
        step("a", "push"),
        step("a", "ship", "a/push", phase=Phase.PIVOT, saga_class=SagaClass.PIVOT, undo=Undo.NONE),
        step("a", "tell", "a/ship", phase=Phase.FINISH, saga_class=SagaClass.RETRIABLE),
    ]
    stage.world.order("a/tell", "refuse")
    record = await stage.run(plan_of(train_name(), steps, {"a": ()}))
    assert record.outcome is Outcome.RESIDUE
    assert stage.world.present() == {"a/ship"}
    assert "cannot be undone" in record.residue[0].what


async def test_a_train_is_in_the_ledger_before_anybody_plans_it(stage: Stage) -> None:
    """Where the git workers are busy it is seen to be planning, and nothing of its journal is lost."""
    stage.given.free.clear()
    train = await stage.control.start(stage.request(diamond()))
    listed = await answer(lambda: stage.control.history(1, train.rpartition("-")[0]), bool)
    assert [row.id for row in listed] == [train]
    assert not listed[0].plan_digest
    stage.given.free.set()
    assert (await stage.ended(train)).outcome is Outcome.RELEASED
    events = await stage.reader.events(train)
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    assert events[-1].type == "train:ended"


@pytest.mark.parametrize("stage", [timedelta(seconds=2)], indirect=True)
async def test_a_train_that_was_terminated_can_be_rolled_back(stage: Stage) -> None:
    """What the ledger knows to be done or begun is undone; the request can then be tried again."""
    plan = diamond()
    stage.world.order("web/push", "hang")
    train = await stage.control.start(stage.request(plan))
    done = dict.fromkeys((one.id for one in plan.steps), StepStatus.DONE)
    known = {**done, "web/push": StepStatus.RUNNING, "app/push": StepStatus.PENDING}
    await answer(lambda: stage.reader.steps(train), lambda rows: {row.id: row.status for row in rows} == known)
    await stage.client.get_workflow_handle(stage.workflow_ids[-1]).terminate()
    await stage.control.rollback(train)
    record = (await stage.control.rolled_back(train)).record
    assert record is not None
    assert record.outcome is Outcome.ROLLED_BACK
    assert stage.world.present() == set()
    stage.world.heal("web/push")
    again = await stage.control.start(stage.request(plan))
    assert again != train
    assert (await stage.ended(again)).outcome is Outcome.RELEASED


async def test_starting_twice_is_starting_once(stage: Stage) -> None:
    """The same request gives the same train, and each effect happens once."""
    request = stage.request(diamond())
    one, two = await asyncio.gather(stage.control.start(request), stage.control.start(request))
    assert one == two
    await stage.ended(one)
    assert len(stage.world.history()) == 8


async def test_a_request_that_was_rolled_back_can_be_tried_again(stage: Stage) -> None:
    """The next attempt is a train of its own."""
    plan = diamond()
    stage.world.order("api/push", "refuse")
    first = await stage.control.start(stage.request(plan))
    assert (await stage.ended(first)).outcome is Outcome.ROLLED_BACK
    stage.world.heal("api/push")
    second = await stage.control.start(stage.request(plan))
    assert second != first
    assert (await stage.ended(second)).outcome is Outcome.RELEASED


async def test_a_paused_train_starts_nothing_until_resumed(stage: Stage) -> None:
    """It says for what it waits, and goes on."""
    stage.world.order("lib/push", "before")
    train = await stage.control.start(stage.request(diamond()))
    await until(stage, train, lambda view: view.statuses.get("lib/push") is StepStatus.RUNNING)
    view = await stage.control.pause(train)
    assert view.phase is TrainPhase.PAUSED
    stage.world.heal("lib/push")
    view = await until(stage, train, lambda view: view.statuses["lib/push"] is StepStatus.DONE)
    assert view.statuses["api/push"] is StepStatus.PENDING
    assert "resume" in view.waiting_for
    await stage.control.resume(train)
    assert (await stage.ended(train)).outcome is Outcome.RELEASED


async def test_an_abort_cancels_what_runs_and_undoes_the_rest(stage: Stage) -> None:
    """A step that hangs is told to stop; nothing stays."""
    stage.world.order("web/push", "hang")
    train = await stage.control.start(stage.request(diamond()))
    await until(stage, train, lambda view: view.statuses.get("web/push") is StepStatus.RUNNING)
    await stage.control.abort(train, "wrong day")
    record = await stage.ended(train)
    assert record.outcome is Outcome.ROLLED_BACK
    assert record.cause == "aborted by anna: wrong day"
    assert stage.world.present() == set()


async def test_an_abort_past_the_point_of_no_return_is_refused_and_a_rollback_is_not(stage: Stage) -> None:
    """The refusal names the other command; the rollback undoes what it can."""
    steps = [
        step("a", "ship", phase=Phase.PIVOT, saga_class=SagaClass.PIVOT, undo=Undo.YANK),
        step("a", "tell", "a/ship", phase=Phase.FINISH, saga_class=SagaClass.RETRIABLE),
    ]
    stage.world.order("a/tell", "hang")
    train = await stage.control.start(stage.request(plan_of(train_name(), steps, {"a": ()})))
    await until(stage, train, lambda view: view.statuses.get("a/tell") is StepStatus.RUNNING)
    with pytest.raises(ControlError, match="rollback"):
        await stage.control.abort(train)
    await stage.control.rollback(train)
    assert (await stage.ended(train)).outcome is Outcome.ROLLED_BACK
    assert stage.world.present() == set()


async def test_a_cancelled_workflow_compensates(stage: Stage) -> None:
    """Temporal's own cancel is an abort."""
    stage.world.order("web/push", "hang")
    train = await stage.control.start(stage.request(diamond()))
    await until(stage, train, lambda view: view.statuses.get("web/push") is StepStatus.RUNNING)
    await stage.client.get_workflow_handle(stage.workflow_ids[-1]).cancel()
    record = await stage.ended(train)
    assert (record.outcome, record.cause) == (Outcome.ROLLED_BACK, "cancelled")


async def test_a_cancellation_during_the_way_back_does_not_stop_it(stage: Stage) -> None:
    """What is half undone is undone to the end."""
    stage.world.order("api/push", "refuse")
    stage.world.order("lib/push", "hold undo")
    train = await stage.control.start(stage.request(diamond()))
    await stage.world.until_still("lib/push")
    assert (await stage.control.view(train)).phase is TrainPhase.ROLLING_BACK
    await stage.client.get_workflow_handle(stage.workflow_ids[-1]).cancel()
    stage.world.heal("lib/push")
    record = await stage.ended(train)
    assert record.outcome is Outcome.ROLLED_BACK
    assert record.cause == "api/push: the far side said no"
    assert stage.world.present() == set()


GATE = (ApprovalGate(roles=("managers",), quorum=2),)
ROLES = {"managers": ("anna", "bert", "carl")}


async def test_a_train_waits_for_its_quorum(stage: Stage) -> None:
    """One approval is not two; the second lets it run."""
    train = await stage.control.start(stage.request(diamond(gates=GATE), roles=ROLES))
    view = await until(stage, train, lambda view: view.phase is TrainPhase.WAITING)
    assert "2 more of anna, bert, carl" in view.waiting_for
    await stage.control.decide(train, Decision.APPROVE)
    view = await stage.control.decide(train, Decision.APPROVE)
    assert "1 more" in view.waiting_for
    await stage.as_actor("bert").decide(train, Decision.APPROVE)
    assert (await stage.ended(train)).outcome is Outcome.RELEASED


async def test_a_rejection_ends_the_train_before_its_first_step(stage: Stage) -> None:
    """Nothing has happened, and the record has the reason."""
    train = await stage.control.start(stage.request(diamond(gates=GATE), roles=ROLES))
    await until(stage, train, lambda view: view.phase is TrainPhase.WAITING)
    await stage.control.decide(train, Decision.REJECT, "not today")
    record = await stage.ended(train)
    assert (record.outcome, record.cause) == (Outcome.REJECTED, "rejected by anna: not today")
    assert stage.world.present() == set()


async def test_a_vote_that_cannot_count_leaves_no_trace(stage: Stage) -> None:
    """Neither a stranger's nor one on another plan grows the history."""
    train = await stage.control.start(stage.request(diamond(gates=GATE), roles=ROLES))
    await until(stage, train, lambda view: view.phase is TrainPhase.WAITING)
    handle = stage.client.get_workflow_handle(stage.workflow_ids[-1])
    before = await at_rest(handle)
    with pytest.raises(VoteRefused, match="mallory may not vote"):
        await stage.as_actor("mallory").decide(train, Decision.APPROVE)
    with pytest.raises(VoteRefused, match="the plan has changed"):
        await stage.control.decide(train, Decision.APPROVE, digest="sha256:0")
    assert (await handle.describe()).history_length == before
    await stage.control.abort(train)
    assert (await stage.ended(train)).outcome is Outcome.REJECTED


async def at_rest(handle: WorkflowHandle[Any, Any]) -> int:
    """Wait until a workflow has nothing to do, not even in its journal; return the length of its history."""

    def rests(told: WorkflowExecutionDescription) -> bool:
        return not told.raw_description.pending_activities and not told.raw_description.HasField(
            "pending_workflow_task"
        )

    return (await answer(handle.describe, rests)).history_length


async def test_an_impossible_quorum_is_said_at_once(stage: Stage) -> None:
    """The train ends with the reason instead of waiting for ever."""
    train = await stage.control.start(stage.request(diamond(gates=GATE), roles={"managers": ("anna",)}))
    record = await stage.ended(train)
    assert record.outcome is Outcome.FAILED
    assert "1 eligible, 2 needed" in record.cause


async def test_a_plan_that_changed_at_the_gate_is_asked_about_again(stage: Stage) -> None:
    """Votes on the old plan are void; the change is told; votes on the new one let it run."""
    old = diamond(gates=GATE)
    new = old.model_copy(
        update={"releases": tuple(one.model_copy(update={"to_version": "2.0.0"}) for one in old.releases)}
    )
    train = await stage.control.start(stage.request(old, new, roles=ROLES))
    await until(stage, train, lambda view: view.phase is TrainPhase.WAITING)
    await stage.control.decide(train, Decision.APPROVE)
    await stage.as_actor("bert").decide(train, Decision.APPROVE)
    view = await until(stage, train, lambda view: bool(view.changes))
    assert view.changes[0] == "api: version 2.0.0 instead of 1.0.0"
    assert "2 more" in view.waiting_for
    await stage.control.decide(train, Decision.APPROVE)
    await stage.as_actor("bert").decide(train, Decision.APPROVE)
    assert (await stage.ended(train)).released["lib"] == "2.0.0"


async def test_without_gates_the_requesters_confirmation_is_bound_to_the_plan(stage: Stage) -> None:
    """A plan that nobody confirmed waits for the requester, and for nobody else."""
    train = await stage.control.start(stage.request(diamond(), confirmed=False))
    await until(stage, train, lambda view: view.phase is TrainPhase.WAITING)
    with pytest.raises(VoteRefused, match="bert may not vote"):
        await stage.as_actor("bert").decide(train, Decision.APPROVE)
    await stage.control.decide(train, Decision.APPROVE)
    assert (await stage.ended(train)).outcome is Outcome.RELEASED


async def test_a_rollback_during_a_rollback_is_refused(stage: Stage) -> None:
    """Two writers of one record would lose steps; the second hears that the first is at work."""
    train = await stage.control.start(stage.request(diamond()))
    await stage.ended(train)
    stage.world.order("lib/push", "hold undo")
    await stage.control.rollback(train, ("lib",))
    with pytest.raises(ControlError, match="being rolled back already"):
        await stage.control.rollback(train, ("web",))
    stage.world.heal("lib/push")
    view = await stage.control.rolled_back(train)
    assert view.record is not None
    assert view.record.outcome is Outcome.ROLLED_BACK


async def test_a_train_that_undoes_itself_takes_a_rollback_as_said(stage: Stage) -> None:
    """There is one way back, its cause is the first one, and every step is undone in the ledger."""
    stage.world.order("api/push", "refuse")
    stage.world.order("lib/push", "hold undo")
    train = await stage.control.start(stage.request(diamond()))
    await stage.world.until_still("lib/push")
    assert (await stage.control.view(train)).phase is TrainPhase.ROLLING_BACK
    await stage.control.rollback(train)
    stage.world.heal("lib/push")
    record = (await stage.control.rolled_back(train)).record
    assert record is not None
    assert (record.outcome, record.cause) == (Outcome.ROLLED_BACK, "api/push: the far side said no")
    steps = await stage.reader.steps(train)
    assert {row.status for row in steps if row.id.endswith("/stage")} == {StepStatus.UNDONE}


async def test_a_train_is_not_taken_back_from_under_a_newer_one(stage: Stage) -> None:
    """The refusal names the newer train; when that is gone, the older one can follow."""
    first = plan_of(train_name(), [step("lib", "push", uses="noop")], {"lib": ()})
    trains = []
    for plan in (first, first.model_copy(update={"date": "2026-01-02"})):
        trains.append(await stage.control.start(stage.request(plan)))
        await stage.ended(trains[-1])
    with pytest.raises(ControlError, match=f"{trains[1]} released lib"):
        await stage.control.rollback(trains[0])
    for train in reversed(trains):
        await stage.control.rollback(train)
        record = (await stage.control.rolled_back(train)).record
        assert record is not None
        assert record.outcome is Outcome.ROLLED_BACK


async def test_a_second_rollback_still_tells_what_the_first_left(stage: Stage) -> None:
    """What cannot be undone is tried again, found again, and listed once."""
    steps = [
        step("a", "push"),
        step("a", "ship", "a/push", phase=Phase.PIVOT, saga_class=SagaClass.PIVOT, undo=Undo.NONE),
    ]
    train = await stage.control.start(stage.request(plan_of(train_name(), steps, {"a": ()})))
    await stage.ended(train)
    for _ in range(2):
        await stage.control.rollback(train)
        record = (await stage.control.rolled_back(train)).record
        assert record is not None
        assert record.outcome is Outcome.RESIDUE
        assert [(item.step, item.unresolved) for item in record.residue] == [("ship", True)]
    assert stage.world.present() == {"a/ship"}


async def test_an_ended_train_is_rolled_back_from_the_ledger(stage: Stage) -> None:
    """One component goes with what was released on top of it; then the rest."""
    train = await stage.control.start(stage.request(diamond()))
    await stage.ended(train)
    await stage.control.rollback(train, ("api",))
    view = await stage.control.rolled_back(train)
    assert view.record is not None
    assert view.record.released == {"lib": "1.0.0", "web": "1.0.0"}
    assert stage.world.present() == {"lib/stage", "lib/push", "web/stage", "web/push"}
    await stage.control.rollback(train)
    view = await stage.control.rolled_back(train)
    assert view.record is not None
    assert view.record.outcome is Outcome.ROLLED_BACK
    assert stage.world.present() == set()
