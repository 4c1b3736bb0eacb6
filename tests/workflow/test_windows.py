"""Trains that wait for their windows, on a real server, with a clock that a test sets."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from support.patience import PATIENCE
from support.temporal import Stage, train_name
from support.world import plan_of, step

from releasepilot.errors import ControlError
from releasepilot.model.event import EventType
from releasepilot.model.gate import ApprovalGate, Decision
from releasepilot.model.plan import Plan
from releasepilot.model.risk import RiskLevel
from releasepilot.model.step import Phase, SagaClass, Step
from releasepilot.model.train import Outcome, TrainPhase
from releasepilot.model.window import Crossing, Window

#: Office hours of a Monday, on the clocks of Berlin.
OFFICE = Window(name="office", zone="Europe/Berlin", start="2026-01-05T09:00", duration="8h", rrule="FREQ=DAILY")
FREEZE = Window(name="freeze", effect="deny", zone="UTC", start="2026-06-01T00:00", duration="1d")


def a_plan(gates: tuple[ApprovalGate, ...] = ()) -> Plan:
    """Plan one component with one step."""
    return plan_of(train_name(), [step("lib", "push")], {"lib": ()}, gates=gates)


async def waiting(stage: Stage, train: str, what: str = "") -> str:
    """Wait until a train waits, for what a test names; return what it says."""
    return await said(stage, train, TrainPhase.WAITING, what)


async def said(stage: Stage, train: str, phase: TrainPhase, what: str = "") -> str:
    """Return what a train says in a phase that it waits for, by the ledger: it may have gone on since."""
    async with asyncio.timeout(PATIENCE):
        while True:
            ended = (await stage.control.view(train)).record
            for event in await stage.reader.events(train):
                told = str(event.data.get("waiting_for", ""))
                if event.type is EventType.TRAIN_PHASE and event.data["phase"] == phase and told and what in told:
                    return told
            assert ended is None, ended
            await asyncio.sleep(0.05)


async def test_an_open_window_holds_nobody(stage: Stage) -> None:
    """Inside of it the train runs at once; no event tells of windows."""
    stage.clock.set(datetime(2026, 7, 6, 10, 0, tzinfo=UTC))
    train = await stage.control.start(stage.request(a_plan(), windows=(OFFICE, FREEZE)))
    assert (await stage.ended(train)).outcome is Outcome.RELEASED
    assert not any(event.type.value.startswith("window:") for event in await stage.reader.events(train))


async def test_a_train_starts_when_its_window_opens(stage: Stage) -> None:
    """It waits, says for what and until when, plans again, and runs."""
    stage.clock.set(datetime(2026, 7, 6, 6, 59, 57, tzinfo=UTC))
    train = await stage.control.start(stage.request(a_plan(), windows=(OFFICE,)))
    assert await waiting(stage, train) == "outside of 'office' until 2026-07-06 07:00 UTC"
    assert (await stage.ended(train)).outcome is Outcome.RELEASED
    types = [event.type for event in await stage.reader.events(train)]
    closed, opened = types.index(EventType.WINDOW_CLOSED), types.index(EventType.WINDOW_OPENED)
    assert closed < opened < types.index(EventType.STEP_STARTED)
    assert types.count(EventType.TRAIN_PLANNED) == 2


async def test_a_blackout_ends_and_the_train_goes(stage: Stage) -> None:
    """A freeze denies although office hours allow."""
    stage.clock.set(datetime(2026, 6, 1, 23, 59, 58, tzinfo=UTC))
    train = await stage.control.start(stage.request(a_plan(), windows=(FREEZE,)))
    assert "closed by the blackout 'freeze'" in await waiting(stage, train)
    assert (await stage.ended(train)).outcome is Outcome.RELEASED


async def test_a_window_is_asked_after_the_votes(stage: Stage) -> None:
    """What was approved waits for its window, and somebody can still say no meanwhile."""
    gate = ApprovalGate(name="change", roles=("managers",))
    plan = a_plan((gate,))
    stage.clock.set(datetime(2026, 7, 6, 1, 0, tzinfo=UTC))
    request = stage.request(plan, roles={"managers": ("ben", "eve")}, windows=(OFFICE,))
    train = await stage.control.start(request)
    assert "change" in await waiting(stage, train)
    await stage.as_actor("ben").decide(train, Decision.APPROVE, "fine")
    await waiting(stage, train, "office")
    await stage.as_actor("eve").decide(train, Decision.REJECT, "not today")
    record = await stage.ended(train)
    assert (record.outcome, record.cause) == (Outcome.REJECTED, "rejected by eve: not today")
    assert stage.world.history() == []


async def test_a_risk_that_rises_during_a_wait_asks_for_its_gate(stage: Stage) -> None:
    """The plan is the same and what is thought of it is not: the requester's own word is enough no more."""
    board = ApprovalGate(name="board", users=("bea",), risk=(RiskLevel.HIGH,))
    stage.given.risks = [RiskLevel.LOW, RiskLevel.HIGH]
    stage.clock.set(datetime(2026, 7, 6, 6, 59, 57, tzinfo=UTC))
    train = await stage.control.start(stage.request(a_plan((board,)), windows=(OFFICE,)))
    assert "outside of 'office'" in await waiting(stage, train)
    await waiting(stage, train, "board: 1 more of bea must approve")
    assert stage.world.history() == []
    await stage.as_actor("bea").decide(train, Decision.APPROVE)
    assert (await stage.ended(train)).outcome is Outcome.RELEASED


async def test_a_gate_that_was_not_for_its_risk_does_not_keep_a_train_from_being_taken_back(stage: Stage) -> None:
    """Nobody could pass it now; that is no question to a train that has ended."""
    nobody = ApprovalGate(name="board", roles=("nobody",), quorum=2, risk=(RiskLevel.HIGH,))
    stage.given.risks = [RiskLevel.LOW]
    train = await stage.control.start(stage.request(a_plan((nobody,))))
    assert (await stage.ended(train)).outcome is Outcome.RELEASED
    await stage.control.rollback(train)
    view = await stage.control.rolled_back(train)
    assert view.record is not None
    assert view.record.outcome is Outcome.ROLLED_BACK
    assert stage.world.present() == set()


async def test_an_abort_ends_the_wait(stage: Stage) -> None:
    """A train that waits for a window is taken back by a word."""
    stage.clock.set(datetime(2026, 7, 6, 1, 0, tzinfo=UTC))
    train = await stage.control.start(stage.request(a_plan(), windows=(OFFICE,)))
    await waiting(stage, train)
    await stage.control.abort(train, "no longer wanted")
    assert (await stage.ended(train)).outcome is Outcome.REJECTED


async def test_a_window_that_never_opens_again_fails_the_train(stage: Stage) -> None:
    """It says so at once, with the remedy, and nothing is done."""
    past = OFFICE.model_copy(update={"rrule": None})
    stage.clock.set(datetime(2026, 7, 6, 1, 0, tzinfo=UTC))
    train = await stage.control.start(stage.request(a_plan(), windows=(past,)))
    record = await stage.ended(train)
    assert (record.outcome, record.code) == (Outcome.FAILED, "RP307")
    assert "no opening is known" in record.cause
    assert "releasepilot windows next" in record.hint
    assert stage.world.history() == []


#: On Monday, 2026-07-06, from 10:00 to 10:01 UTC, and again from 10:01:01 on.
MINUTE = Window(name="minute", zone="UTC", start="2026-07-06T10:00", duration="1m")
LATER = Window(name="later", zone="UTC", start="2026-07-06T10:01:01", duration="1h")
EVENING = Window(name="evening", zone="UTC", start="2026-07-06T18:00", duration="1h")
#: When the trains begin: what needs seconds fits, however slow the machine is; what needs a minute does not.
EARLY = datetime(2026, 7, 6, 10, 0, 15, tzinfo=UTC)
#: What the clock is put to where a step that does not fit is asked about, so that nobody waits long for `LATER`.
SHORTLY = datetime(2026, 7, 6, 10, 0, 59, tzinfo=UTC)


def a_chain(*steps: Step) -> Plan:
    """Plan one component whose steps need each other in this order."""
    chained = [
        one.model_copy(update={"needs": (before.id,) if before else ()})
        for before, one in zip((None, *steps), steps, strict=False)
    ]
    return plan_of(train_name(), chained, {"lib": ()})


async def types_of(stage: Stage, train: str) -> list[EventType]:
    """Return the types of a train's events, in order."""
    return [event.type for event in await stage.reader.events(train)]


async def held(stage: Stage, train: str) -> str:
    """Return what a running train says when windows hold it back."""
    return await said(stage, train, TrainPhase.RUNNING)


async def test_a_step_that_does_not_fit_waits_for_the_next_opening(stage: Stage) -> None:
    """What fits is done at once; the rest waits, visibly, and the plan is not made again."""
    plan = a_chain(step("lib", "stage", estimate=1, phase=Phase.STAGE), step("lib", "push", estimate=60))
    stage.clock.set(EARLY, SHORTLY)
    train = await stage.control.start(stage.request(plan, windows=(MINUTE, LATER)))
    assert await held(stage, train) == "'minute' closes before 1m have passed until 2026-07-06 10:01 UTC"
    assert (await stage.ended(train)).outcome is Outcome.RELEASED
    types = await types_of(stage, train)
    told = (EventType.STEP_STARTED, EventType.WINDOW_CLOSED, EventType.WINDOW_OPENED)
    assert [one for one in types if one in told] == [*told, EventType.STEP_STARTED]
    assert stage.world.history() == ["+lib/stage", "+lib/push"]
    assert types.count(EventType.TRAIN_PLANNED) == 1


async def test_a_step_that_fits_into_no_window_fails_the_train(stage: Stage) -> None:
    """It says so instead of waiting for ever, and what was done is undone."""
    plan = a_chain(step("lib", "stage", estimate=1, phase=Phase.STAGE), step("lib", "push", estimate=90_000))
    stage.clock.set(datetime(2026, 7, 6, 10, 0, tzinfo=UTC))
    train = await stage.control.start(stage.request(plan, windows=(OFFICE,)))
    record = await stage.ended(train)
    assert (record.outcome, record.code) == (Outcome.ROLLED_BACK, "RP307")
    assert "'office' closes before 25h have passed, and no opening that is long enough is known" in record.cause
    assert stage.world.history() == ["+lib/stage", "-lib/stage"]


async def test_a_window_that_compensates_turns_the_train_round(stage: Stage) -> None:
    """As soon as nothing runs and the next step does not fit, all that was done is undone."""
    window = MINUTE.model_copy(update={"crossing": Crossing.COMPENSATE})
    plan = a_chain(step("lib", "stage", estimate=1, phase=Phase.STAGE), step("lib", "push", estimate=60))
    stage.clock.set(EARLY, SHORTLY)
    record = await stage.ended(await stage.control.start(stage.request(plan, windows=(window, LATER))))
    assert record.outcome is Outcome.ROLLED_BACK
    assert "'minute' closes" in record.cause
    assert stage.world.history() == ["+lib/stage", "-lib/stage"]


async def test_what_runs_when_a_compensating_window_closes_is_stopped(stage: Stage) -> None:
    """Its estimate was wrong; the close comes all the same."""
    window = MINUTE.model_copy(update={"crossing": Crossing.COMPENSATE})
    stage.world.order("lib/push", "hang")
    plan = a_chain(step("lib", "stage", estimate=1, phase=Phase.STAGE), step("lib", "push", estimate=1))
    stage.clock.set(SHORTLY - timedelta(seconds=9))
    record = await stage.ended(await stage.control.start(stage.request(plan, windows=(window, LATER))))
    assert record.outcome is Outcome.ROLLED_BACK
    assert stage.world.history() == ["+lib/stage", "-lib/stage"]


async def test_past_the_point_of_no_return_a_window_compensates_nothing(stage: Stage) -> None:
    """It waits for the next opening, as with any other window."""
    window = MINUTE.model_copy(update={"crossing": Crossing.COMPENSATE})
    pivot = step("lib", "publish", estimate=1, phase=Phase.PIVOT, saga_class=SagaClass.PIVOT)
    plan = a_chain(pivot, step("lib", "notify", estimate=60, phase=Phase.FINISH))
    stage.clock.set(EARLY, SHORTLY)
    train = await stage.control.start(stage.request(plan, windows=(window, LATER)))
    assert "'minute' closes" in await held(stage, train)
    assert (await stage.ended(train)).outcome is Outcome.RELEASED


async def test_before_anything_was_done_there_is_nothing_to_compensate(stage: Stage) -> None:
    """A train that begins too late for its first step waits for the next opening."""
    window = MINUTE.model_copy(update={"crossing": Crossing.COMPENSATE})
    stage.clock.set(EARLY, SHORTLY)
    train = await stage.control.start(stage.request(a_chain(step("lib", "push", estimate=60)), windows=(window, LATER)))
    assert "'minute' closes" in await held(stage, train)
    assert (await stage.ended(train)).outcome is Outcome.RELEASED


async def test_a_window_may_be_overrun(stage: Stage) -> None:
    """Steps start that end within the time that it grants."""
    window = MINUTE.model_copy(update={"crossing": Crossing.OVERRUN, "overrun": 600})
    stage.clock.set(SHORTLY)
    plan = a_chain(step("lib", "push", estimate=300))
    train = await stage.control.start(stage.request(plan, windows=(window,)))
    assert (await stage.ended(train)).outcome is Outcome.RELEASED
    assert EventType.WINDOW_CLOSED not in await types_of(stage, train)


async def test_a_safe_point_is_where_no_component_is_half_way(stage: Stage) -> None:
    """What has begun is finished beyond the close; what has not waits, although its first step would fit."""
    window = MINUTE.model_copy(update={"crossing": Crossing.PAUSE_AT_SAFE_POINT})
    steps = [
        step("lib", "push", estimate=1),
        step("lib", "deploy", "lib/push", estimate=4),
        step("api", "push", "lib/push", estimate=1),
        step("api", "deploy", "api/push", "lib/deploy", estimate=60),
    ]
    plan = plan_of(train_name(), steps, {"lib": (), "api": ("lib",)})
    stage.clock.set(EARLY, SHORTLY)
    train = await stage.control.start(stage.request(plan, windows=(window, LATER)))
    assert "'minute' closes before 1m1s have passed" in await held(stage, train)
    assert (await stage.ended(train)).outcome is Outcome.RELEASED
    assert stage.world.history() == ["+lib/push", "+lib/deploy", "+api/push", "+api/deploy"]


async def test_an_abort_ends_the_wait_of_a_running_train(stage: Stage) -> None:
    """What was done is undone, in the closed window too."""
    plan = a_chain(step("lib", "stage", estimate=1, phase=Phase.STAGE), step("lib", "push", estimate=60))
    stage.clock.set(EARLY, SHORTLY)
    train = await stage.control.start(stage.request(plan, windows=(MINUTE, EVENING)))
    await held(stage, train)
    await stage.control.abort(train, "enough")
    assert (await stage.ended(train)).outcome is Outcome.ROLLED_BACK
    assert stage.world.history() == ["+lib/stage", "-lib/stage"]


async def test_a_blackout_may_hold_back_the_rollback_of_an_ended_train(stage: Stage) -> None:
    """Where it says so, and only while it is open; other blackouts and closed windows do not."""
    freeze = FREEZE.model_copy(update={"rollback": False})
    stage.clock.set(datetime(2026, 5, 30, 12, 0, tzinfo=UTC))
    train = await stage.control.start(stage.request(a_plan(), windows=(OFFICE, freeze)))
    await stage.ended(train)
    stage.clock.set(datetime(2026, 6, 1, 12, 0, tzinfo=UTC))
    with pytest.raises(ControlError, match=r"the blackout 'freeze' holds back .* until 2026-06-02 00:00 UTC"):
        await stage.control.rollback(train)
    stage.clock.set(datetime(2026, 6, 2, 1, 0, tzinfo=UTC))
    await stage.control.rollback(train)
    view = await stage.control.rolled_back(train)
    assert view.record is not None
    assert view.record.outcome is Outcome.ROLLED_BACK
