"""Trains that wait for their windows, on a real server, with a clock that a test sets."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

from support.temporal import Stage, train_name
from support.world import plan_of, step

from releasepilot.model.event import EventType
from releasepilot.model.gate import ApprovalGate, Decision
from releasepilot.model.plan import Plan
from releasepilot.model.train import Outcome, TrainPhase
from releasepilot.model.window import Window

#: Office hours of a Monday, on the clocks of Berlin.
OFFICE = Window(name="office", zone="Europe/Berlin", start="2026-01-05T09:00", duration="8h", rrule="FREQ=DAILY")
FREEZE = Window(name="freeze", effect="deny", zone="UTC", start="2026-06-01T00:00", duration="1d")


def a_plan(gates: tuple[ApprovalGate, ...] = ()) -> Plan:
    """Plan one component with one step."""
    return plan_of(train_name(), [step("lib", "push")], {"lib": ()}, gates=gates)


async def waiting(stage: Stage, train: str, what: str = "") -> str:
    """Wait until a train waits, for what a test names; return what it says."""
    async with asyncio.timeout(30):
        while not (view := await stage.control.view(train)).waiting_for or what not in view.waiting_for:
            assert view.record is None, view.record
            await asyncio.sleep(0.05)
    assert view.phase is TrainPhase.WAITING
    return view.waiting_for


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
