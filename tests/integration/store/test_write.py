"""Writing events and what follows from them."""

from __future__ import annotations

import asyncio
import time
from datetime import timedelta

import psycopg
import pytest
from support.recorded_trains import NOW, a_plan, a_receipt, a_request, event, happy_history

from releasepilot.errors import TrainUnknown
from releasepilot.model.assessment import Assessment
from releasepilot.model.event import Event, EventType
from releasepilot.model.risk import Risk, RiskLevel
from releasepilot.model.step import StepStatus
from releasepilot.model.train import Outcome, TrainPhase
from releasepilot.store.pool import Pool
from releasepilot.store.read import Reader, StepRow, TrainRow
from releasepilot.store.write import Writer


async def _all(pool: Pool, train: str) -> tuple[TrainRow, list[StepRow], list[Event]]:
    reader = Reader(pool)
    return await reader.train(train), await reader.steps(train), await reader.events(train)


async def test_a_train_from_start_to_end(pool: Pool) -> None:
    """The rows say what the events told: phase, outcome, record, and each step's status and receipt."""
    request, plan = a_request(), a_plan(2)
    writer = Writer(pool)
    await writer.save_plan(plan)
    history = happy_history(request, plan)
    await writer.record(request.train, history)
    train, steps, events = await _all(pool, request.train)
    assert events == history
    assert (train.phase, train.outcome, train.plan_digest) == (TrainPhase.ENDED, Outcome.RELEASED, plan.digest)
    assert (train.name, train.requested_by) == ("core", "ada")
    assert train.started_at == NOW + timedelta(seconds=1)
    assert train.record is not None
    assert train.record.released == {"c0": "1.1.0"}
    assert [step.status for step in steps] == [StepStatus.DONE] * 2
    assert steps[0].receipt == a_receipt("c0/stage")
    assert steps[0].started_at == NOW + timedelta(seconds=4)
    assert steps[0].ended_at == NOW + timedelta(seconds=5)


async def test_planned_steps_are_pending_in_the_plan_s_order(pool: Pool) -> None:
    """As soon as the plan is known its steps can be listed, in its order and with their actuators."""
    request, plan = a_request(), a_plan(12)
    writer = Writer(pool)
    await writer.save_plan(plan)
    await writer.record(request.train, happy_history(request, plan)[:2])
    steps = await Reader(pool).steps(request.train)
    assert [step.id for step in steps] == [step.id for step in plan.steps]
    assert {(step.status, step.uses) for step in steps} == {(StepStatus.PENDING, "git.stage")}


async def test_a_new_plan_replaces_what_has_not_begun(pool: Pool) -> None:
    """After a second plan only its steps are pending."""
    request, before, after = a_request(), a_plan(5), a_plan(3)
    writer = Writer(pool)
    await writer.save_plan(before)
    await writer.save_plan(after)
    await writer.record(request.train, happy_history(request, before)[:2])
    await writer.record(request.train, [event(3, EventType.TRAIN_REPLANNED, digest=after.digest)])
    train, steps, _ = await _all(pool, request.train)
    assert train.plan_digest == after.digest
    assert [step.id for step in steps] == [step.id for step in after.steps]


@pytest.mark.parametrize("size", [1, 2, 3, 7])
async def test_batches_may_overlap_and_be_sent_again(pool: Pool, size: int) -> None:
    """However a history is cut, and whatever of it is sent twice, the rows are those of one write."""
    request, plan = a_request(), a_plan(4)
    writer = Writer(pool)
    await writer.save_plan(plan)
    history = happy_history(request, plan)
    for start in range(0, len(history), size):
        batch = history[max(0, start - 2) : start + size]
        await writer.record(request.train, batch)
        await writer.record(request.train, batch)
    train, steps, events = await _all(pool, request.train)
    assert events == history
    assert train.outcome is Outcome.RELEASED
    assert {step.status for step in steps} == {StepStatus.DONE}


async def test_an_old_event_sent_again_does_not_turn_the_rows_back(pool: Pool) -> None:
    """A late repetition of `step:started` leaves a done step done."""
    request, plan = a_request(), a_plan(1)
    writer = Writer(pool)
    history = happy_history(request, plan)
    await writer.save_plan(plan)
    await writer.record(request.train, history)
    await writer.record(request.train, history[:4])
    train, steps, _ = await _all(pool, request.train)
    assert train.phase is TrainPhase.ENDED
    assert [step.status for step in steps] == [StepStatus.DONE]


async def test_batches_in_the_wrong_order_end_in_the_same_rows(pool: Pool) -> None:
    """Events that arrive after later ones still count: the read model is made anew from all of them."""
    request, plan = a_request(), a_plan(3)
    writer = Writer(pool)
    await writer.save_plan(plan)
    history = happy_history(request, plan)
    await writer.open_train(request.train, request, NOW)
    await writer.record(request.train, history[5:])
    await writer.record(request.train, history[:5])
    train, steps, events = await _all(pool, request.train)
    assert events == history
    assert train.outcome is Outcome.RELEASED
    assert [step.status for step in steps] == [StepStatus.DONE] * 3
    assert all(step.started_at for step in steps)


async def test_two_writers_of_one_train_at_once(pool: Pool) -> None:
    """A retry that overtakes the attempt before it does no harm: no error, no lost event, no status turned back."""
    request, plan = a_request(), a_plan(20)
    writer = Writer(pool)
    await writer.save_plan(plan)
    history = happy_history(request, plan)
    await writer.open_train(request.train, request, NOW)
    batches = [history[start : start + 9] for start in range(0, len(history), 4)]
    await asyncio.gather(*(writer.record(request.train, batch) for batch in batches))
    train, steps, events = await _all(pool, request.train)
    assert events == history
    assert train.outcome is Outcome.RELEASED
    assert {step.status for step in steps} == {StepStatus.DONE}


async def test_failures_and_undos(pool: Pool) -> None:
    """A failed step keeps its error and code, an undone one says what stays visible, a failed undo what went wrong."""
    request, plan = a_request(), a_plan(4)
    writer = Writer(pool)
    await writer.save_plan(plan)
    await writer.record(request.train, happy_history(request, plan)[:3])
    await writer.record(
        request.train,
        [
            event(4, EventType.STEP_STARTED, "c0/stage"),
            event(5, EventType.STEP_FAILED, "c0/stage", error="no such branch", code="RP202"),
            event(6, EventType.STEP_BLOCKED, "c1/stage"),
            event(7, EventType.STEP_STARTED, "c2/stage"),
            event(8, EventType.STEP_DONE, "c2/stage", receipt=a_receipt("c2/stage").model_dump(mode="json")),
            event(9, EventType.STEP_STARTED, "c3/stage"),
            event(10, EventType.STEP_CANCELLED, "c3/stage"),
            event(11, EventType.STEP_UNDONE, "c2/stage", remains="a revert commit"),
            event(12, EventType.STEP_UNDO_FAILED, "c3/stage", error="refused", code="RP402"),
        ],
    )
    by_id = {step.id: step for step in await Reader(pool).steps(request.train)}
    assert (by_id["c0/stage"].status, by_id["c0/stage"].error) == (StepStatus.FAILED, "no such branch")
    assert by_id["c0/stage"].code == "RP202"
    assert by_id["c1/stage"].status is StepStatus.BLOCKED
    assert (by_id["c2/stage"].status, by_id["c2/stage"].remains) == (StepStatus.UNDONE, "a revert commit")
    assert by_id["c2/stage"].receipt is not None
    assert (by_id["c3/stage"].status, by_id["c3/stage"].error) == (StepStatus.UNDO_FAILED, "refused")


async def test_a_rollback_after_the_end_replaces_record_and_outcome(pool: Pool) -> None:
    """While a finished train is undone it is rolling back; then its record is the rollback's."""
    request, plan = a_request(), a_plan(1)
    writer = Writer(pool)
    await writer.save_plan(plan)
    await writer.record(request.train, happy_history(request, plan))
    await writer.record(request.train, [event(7, EventType.ROLLBACK_STARTED, components=["c0"])])
    train, _, _ = await _all(pool, request.train)
    assert (train.phase, train.ended_at) == (TrainPhase.ROLLING_BACK, None)
    record = {"train": request.train, "outcome": "rolled_back", "undone": ["c0"]}
    await writer.record(request.train, [event(8, EventType.ROLLBACK_ENDED, record=record)])
    train, _, _ = await _all(pool, request.train)
    assert (train.phase, train.outcome) == (TrainPhase.ENDED, Outcome.ROLLED_BACK)
    assert train.record is not None
    assert train.record.undone == ("c0",)


async def test_waiting_is_told_with_the_phase(pool: Pool) -> None:
    """A train at a gate says what it waits for, and no longer once it runs."""
    request = a_request()
    writer = Writer(pool)
    await writer.open_train(request.train, request, NOW)
    await writer.record(
        request.train, [event(1, EventType.TRAIN_PHASE, phase="waiting", waiting_for="1 more of ada must approve")]
    )
    assert (await Reader(pool).train(request.train)).waiting_for == "1 more of ada must approve"
    await writer.record(request.train, [event(2, EventType.TRAIN_PHASE, phase="running", waiting_for="")])
    assert (await Reader(pool).train(request.train)).waiting_for == ""


async def test_text_that_postgresql_cannot_hold(pool: Pool) -> None:
    """NUL and undecodable bytes in the output of a failed command are shown as replacement characters."""
    request, plan = a_request(), a_plan(1)
    writer = Writer(pool)
    await writer.save_plan(plan)
    await writer.record(request.train, happy_history(request, plan)[:3])
    bad = event(4, EventType.STEP_FAILED, "c0/stage", error="a\x00b", code="RP400", **{"k\x00": ["\x00"]})
    odd = bad.model_copy(update={"seq": 5, "data": {"error": "c\udcffd", "code": ""}})
    await writer.record(request.train, [bad])
    assert (await Reader(pool).steps(request.train))[0].error == "a\ufffdb"
    await writer.record(request.train, [odd])
    assert (await Reader(pool).steps(request.train))[0].error == "c?d"


async def test_a_train_that_was_never_opened(pool: Pool) -> None:
    """Events without a train are refused, and nothing of them is kept."""
    with pytest.raises(TrainUnknown, match="nobody"):
        await Writer(pool).record("nobody", [event(1, EventType.TRAIN_PHASE, phase="running")])
    assert await Reader(pool).events("nobody") == []


async def test_a_write_is_whole_or_not_at_all(pool: Pool, database_url: str) -> None:
    """Where the read model cannot be brought up to date, the events are not kept either."""
    request = a_request()
    writer = Writer(pool)
    await writer.open_train(request.train, request, NOW)
    with pytest.raises(ValueError, match="sideways"):
        await writer.record(request.train, [event(1, EventType.TRAIN_PHASE, phase="sideways")])
    async with await psycopg.AsyncConnection.connect(database_url) as connection:
        cursor = await connection.execute("select count(*) from event")
        assert await cursor.fetchone() == (0,)


async def test_a_train_of_800_steps_costs_little(pool: Pool) -> None:
    """1,604 events in batches of a hundred take us less than three seconds of a processor, in 17 transactions."""
    request, plan = a_request(), a_plan(800)
    writer = Writer(pool)
    began = time.process_time()
    await writer.save_plan(plan)
    history = happy_history(request, plan)
    for start in range(0, len(history), 100):
        await writer.record(request.train, history[start : start + 100])
    assert time.process_time() - began < 3
    assert {step.status for step in await Reader(pool).steps(request.train)} == {StepStatus.DONE}


async def test_what_is_thought_of_a_plan_is_kept_for_each_moment(pool: Pool) -> None:
    """The latest is read back; saving one again changes nothing, and another train or plan has none."""
    request, plan, writer, reader = a_request(), a_plan(1), Writer(pool), Reader(pool)
    await writer.open_train(request.train, request, NOW)
    low, high = (Assessment(risk=Risk(level=level, score=1, factors=())) for level in (RiskLevel.LOW, RiskLevel.HIGH))
    await writer.save_assessment(request.train, plan.digest, NOW + timedelta(hours=1), high)
    await writer.save_assessment(request.train, plan.digest, NOW, low)
    await writer.save_assessment(request.train, plan.digest, NOW, high)
    assert await reader.assessment(request.train, plan.digest) == high
    assert await reader.assessment(request.train, "sha256:other") is None
    assert await reader.assessment("other", plan.digest) is None
