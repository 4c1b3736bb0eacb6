"""Queues: how much of them runs at once and how fast, and who goes first where more is ready than that."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from itertools import pairwise
from pathlib import Path

import pytest
from support.crews import backlog, begun, crew, limited, side_by_side
from support.temporal import Stage, train_name
from support.world import plan_of, step
from temporalio.client import Client, WorkflowHistory
from workflow.conftest import replay_twice

from releasepilot.control import Servers, dial
from releasepilot.model.plan import Plan
from releasepilot.model.step import Queue
from releasepilot.model.train import Outcome
from releasepilot.model.urgency import Urgency
from releasepilot.workers.pool import Posting
from releasepilot.workers.throwaway import running_temporal
from releasepilot.workflows.ports import Activity, train_workflow_id


@pytest.fixture(scope="module")
def quiet_address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Give the address of a server of this module's own: it may remember the rate of a queue longer than a test."""
    with running_temporal(tmp_path_factory.mktemp("quiet")) as address:
        yield address


@pytest.fixture
async def quiet(quiet_address: str) -> Client:
    """Connect to that server."""
    return await dial(Servers(temporal_address=quiet_address, database_url=""))


def wide(count: int, queue: Queue = Queue.DEPLOY) -> Plan:
    """Plan so many components of one step, none of which waits for another."""
    names = [f"c{number}" for number in range(count)]
    steps = [step(name, "do", uses="diary", queue=queue) for name in names]
    return plan_of(train_name(), steps, dict.fromkeys(names, ()), concurrency=count)


async def started(stage: Stage, plan: Plan, urgency: Urgency = Urgency.NORMAL, team: str = "") -> str:
    """Start a train of a plan, all of whose components are of a team."""
    teams = {release.component: team for release in plan.releases if team}
    return await stage.control.start(stage.request(plan, urgency=urgency, teams=teams))


def hold(stage: Stage, train: str, plan: Plan) -> None:
    """Have the steps of a train stand still where they begin, and so take the slots."""
    for one in plan.steps:
        stage.world.order(one.id, f"stand still for {train}")


def let_go(stage: Stage, plan: Plan) -> None:
    """Let the steps go on."""
    for one in plan.steps:
        stage.world.heal(one.id)


def begins(history: WorkflowHistory) -> list[datetime]:
    """Return when the server gave the steps of a train out."""
    steps = [
        event.event_id
        for event in history.events
        if event.activity_task_scheduled_event_attributes.activity_type.name == Activity.APPLY
    ]
    return [
        event.event_time.ToDatetime()
        for event in history.events
        if event.activity_task_started_event_attributes.scheduled_event_id in steps
    ]


async def test_a_queue_never_runs_more_than_its_slots(quiet: Client, ledger_url: str, tmp_path: Path) -> None:
    """Twenty steps that are ready at once: three run side by side, and another queue is not held back by that."""
    async with crew(quiet, ledger_url, tmp_path, limited({Queue.DEPLOY: 3})) as stage:
        for number in range(20):
            stage.world.order(f"c{number}/do", "take long")
        assert (await stage.run(wide(20))).outcome is Outcome.RELEASED
        assert side_by_side(stage.world.history()) == 3
        stage.world.log.unlink()
        assert (await stage.run(wide(20, Queue.GIT))).outcome is Outcome.RELEASED
        assert side_by_side(stage.world.history()) > 3


async def test_a_rate_holds_for_all_workers_of_a_queue(
    quiet_address: str, quiet: Client, ledger_url: str, tmp_path: Path
) -> None:
    """At ten a second fifty steps take four seconds by the server's clock, after ten at once; half of it is asked."""
    change = limited({}, {Queue.PUBLISH: 10.0})
    other = await dial(Servers(temporal_address=quiet_address, database_url=""))

    def beside(posting: Posting) -> Posting:
        return replace(change(posting), queues=(Queue.PUBLISH,))

    async with (
        crew(quiet, ledger_url, tmp_path / "a", change) as stage,
        crew(other, ledger_url, tmp_path / "b", beside) as second,
    ):
        train = await started(stage, wide(50, Queue.PUBLISH))
        assert (await stage.ended(train)).outcome is Outcome.RELEASED
        begin = begins(await quiet.get_workflow_handle(train_workflow_id(train)).fetch_history())
        assert stage.world.history()
        assert second.world.history()
    assert len(begin) == 50
    assert (max(begin) - min(begin)).total_seconds() >= 2


async def test_a_hotfix_goes_first(quiet: Client, ledger_url: str, tmp_path: Path) -> None:
    """One slot, a backlog of a normal and of a low train, then a hotfix: its steps are next, and low ones are last."""
    async with crew(quiet, ledger_url, tmp_path, limited({Queue.DEPLOY: 1})) as stage:
        plan, few = wide(12), wide(3)
        normal = stage.request(plan).train
        hold(stage, normal, plan)
        assert normal == await started(stage, plan)
        await backlog(quiet, Queue.DEPLOY, 11)
        low = await started(stage, wide(12), Urgency.LOW)
        await backlog(quiet, Queue.DEPLOY, 23)
        later = wide(12)
        second = await started(stage, later)
        await backlog(quiet, Queue.DEPLOY, 35)
        hotfix = await started(stage, few, Urgency.HOTFIX)
        await backlog(quiet, Queue.DEPLOY, 38)
        let_go(stage, plan)
        for train in (normal, low, second, hotfix):
            assert (await stage.ended(train)).outcome is Outcome.RELEASED
        order = begun(stage.world.history())
    # The first one had the slot, and the next one may have been given out already.
    urgent = [place for place, train in enumerate(order) if train == hotfix]
    assert urgent[0] in (1, 2)
    assert urgent[-1] - urgent[0] == 2
    assert set(order[-12:]) == {low}
    await replay_twice(stage)


async def test_teams_take_turns(quiet: Client, ledger_url: str, tmp_path: Path) -> None:
    """One slot and a team with two trains of ten steps, then another with five: every other step is of the second."""
    async with crew(quiet, ledger_url, tmp_path, limited({Queue.DEPLOY: 1})) as stage:
        plan, more, few = wide(10), wide(10), wide(5)
        first = stage.request(plan, teams={release.component: "shop" for release in plan.releases}).train
        hold(stage, first, plan)
        assert first == await started(stage, plan, team="shop")
        await backlog(quiet, Queue.DEPLOY, 9)
        second = await started(stage, more, team="shop")
        await backlog(quiet, Queue.DEPLOY, 19)
        other = await started(stage, few, team="bank")
        await backlog(quiet, Queue.DEPLOY, 24)
        let_go(stage, plan)
        for train in (first, second, other):
            assert (await stage.ended(train)).outcome is Outcome.RELEASED
        order = begun(stage.world.history())
    turns = [place for place, train in enumerate(order) if train == other]
    # What the server had read ahead was in turn already.
    assert turns[0] <= 6
    assert max(later - sooner for sooner, later in pairwise(turns)) == 2
