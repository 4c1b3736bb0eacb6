"""Trains that begin by themselves, by Temporal's own schedules."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from support.patience import PATIENCE
from support.temporal import Stage, train_name
from support.world import plan_of, step

from releasepilot.errors import ControlError, TrainUnknown
from releasepilot.model.gate import Decision
from releasepilot.model.plan import Plan
from releasepilot.model.schedule import ScheduleView, Timetable
from releasepilot.model.train import Outcome, TrainPhase
from releasepilot.workflows.ports import train_workflow_id


def a_plan() -> Plan:
    """Plan one component with one step."""
    return plan_of(train_name(), [step("lib", "push")], {"lib": ()})


async def begun(stage: Stage, name: str) -> str:
    """Wait until a train of this name is in the ledger; return its id."""
    async with asyncio.timeout(PATIENCE):
        while True:
            try:
                train = await stage.control.resolve(name)
            except TrainUnknown:
                await asyncio.sleep(0.1)
                continue
            stage.workflow_ids = [train_workflow_id(train)]
            return train


async def test_a_train_begins_at_its_moment_with_the_plan_that_was_confirmed(stage: Stage) -> None:
    """Nobody is asked again where what would be released is exactly that; then nothing is due any more."""
    plan, name = a_plan(), uuid4().hex
    at = datetime.now(UTC) + timedelta(seconds=6)
    await stage.control.schedule(name, stage.request(plan), Timetable(at=at))
    train = await begun(stage, plan.train)
    assert (await stage.ended(train)).outcome is Outcome.RELEASED
    request = await stage.reader.request(train)
    assert request.scheduled.startswith(f"{name}-20")
    assert request.date == "2026-01-01"
    await stage.control.unschedule(name)


async def test_a_recurring_train_waits_for_a_word_on_its_own_plan(stage: Stage) -> None:
    """It is of its own day, and whoever made the schedule has seen no plan."""
    plan, name = a_plan(), uuid4().hex
    request = stage.request(plan, confirmed=False).model_copy(update={"date": ""})
    await stage.control.schedule(name, request, Timetable(cron="0 9 * * MON", zone="Europe/Berlin"))
    await stage.client.get_schedule_handle(f"releasepilot/{name}").trigger()
    train = await begun(stage, plan.train)
    async with asyncio.timeout(PATIENCE):
        while (await stage.control.view(train)).phase is not TrainPhase.WAITING:  # noqa: ASYNC110 - a view is asked for
            await asyncio.sleep(0.05)
    assert (await stage.reader.request(train)).date == datetime.now(UTC).date().isoformat()
    await stage.control.decide(train, Decision.APPROVE)
    assert (await stage.ended(train)).outcome is Outcome.RELEASED
    await stage.control.unschedule(name)


async def listed(stage: Stage, name: str) -> list[ScheduleView]:
    """Wait until a schedule is listed, which the server does after a moment."""
    async with asyncio.timeout(PATIENCE):
        while True:
            if found := [one for one in await stage.control.schedules() if one.name == name]:
                return found
            await asyncio.sleep(0.1)


async def test_schedules_are_listed_and_removed(stage: Stage) -> None:
    """With what they were told and when they are due; a name is given once."""
    plan, name = a_plan(), uuid4().hex
    request, timetable = stage.request(plan), Timetable(cron="30 2 * * *", zone="America/New_York")
    stage.workflow_ids = []
    await stage.control.schedule(name, request, timetable)
    with pytest.raises(ControlError, match="already"):
        await stage.control.schedule(name, request, timetable)
    found = await listed(stage, name)
    assert (found[0].train, found[0].timetable, found[0].requested_by) == (plan.train, timetable, "anna")
    assert found[0].next is not None
    assert found[0].next > datetime.now(UTC)
    await stage.control.unschedule(name)
    with pytest.raises(ControlError, match="there is no schedule"):
        await stage.control.unschedule(name)


async def test_a_cron_expression_that_is_none_is_told(stage: Stage) -> None:
    """The server judges it; its words are passed on."""
    request = stage.request(a_plan())
    stage.workflow_ids = []
    with pytest.raises(ControlError, match="does not take"):
        await stage.control.schedule(uuid4().hex, request, Timetable(cron="every other day"))
