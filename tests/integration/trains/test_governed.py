"""A train under all that governs one, over real repositories and simulated days: votes, a window, a board, a freeze."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from support.changes import know, login_of
from support.remotes import Remote
from support.servicenow import Instance, running_instance
from support.shop import a_shop_remote, entries
from support.temporal import skipping_time
from support.trains import Depot, catalog_of, depot
from temporalio.testing import WorkflowEnvironment

from releasepilot.control import Control
from releasepilot.errors import VoteRefused
from releasepilot.model.event import EventType
from releasepilot.model.gate import Actor, Decision
from releasepilot.model.train import Outcome, TrainView
from releasepilot.workflows.ports import train_workflow_id

from .test_changes import approve, until_asked

pytestmark = pytest.mark.takes(8)

TAG = "refs/tags/v1.1.0"


@dataclass
class Calendar:
    """A clock that a test moves on, for the server and for windows and rules alike."""

    environment: WorkflowEnvironment
    begun: datetime = field(default_factory=lambda: datetime.now(UTC))
    skipped: timedelta = timedelta()

    def now(self) -> datetime:
        """Return the time."""
        return datetime.now(UTC) + self.skipped

    async def until(self, moment: datetime, train: str) -> None:
        """Let it become this moment, for a train and for who judges it."""
        span = moment - self.now() + timedelta(seconds=2)
        self.skipped += span
        handle = self.environment.client.get_workflow_handle(train_workflow_id(train))
        await self.environment.fast_forward(handle, span)


@dataclass
class World:
    """Two repositories, of which one needs the other, a board, and the people around them."""

    depot: Depot
    calendar: Calendar
    instance: Instance
    remotes: dict[str, Remote]
    client: Any

    async def vote(self, account: str, train: str, decision: Decision = Decision.APPROVE) -> TrainView:
        """Vote as somebody."""
        control = Control(self.client, self.depot.reader, Actor(account=account, realm="os"))
        return await control.decide(train, decision, "seen")

    async def until_it_waits_for(self, train: str, what: str) -> TrainView:
        """Wait until a train says that it waits for this."""
        return await self.depot.until(train, lambda view: any(what in one.what for one in view.conditions))

    async def board_agrees(self) -> None:
        """Agree as the board, each of the two times that the change asks it."""
        for state in ("-4", "-3"):
            await until_asked(self.instance, state)
            approve(self.instance)

    def public(self) -> list[str]:
        """Return the components whose release is to be seen."""
        return [name for name, remote in self.remotes.items() if TAG in remote.refs()]


@pytest.fixture
def instance(monkeypatch: pytest.MonkeyPatch) -> Iterator[Instance]:
    """Give an instance whose password the worker of this process knows."""
    with running_instance() as running:
        know(monkeypatch, running)
        yield running


@pytest.fixture
async def world(ledger_url: str, tmp_path: Path, instance: Instance) -> AsyncIterator[World]:
    """Give a depot on a server of its own, whose time is skipped."""
    async with AsyncExitStack() as stack:
        environment = await stack.enter_async_context(skipping_time(tmp_path))
        calendar = Calendar(environment)
        given = await stack.enter_async_context(depot(environment.client, ledger_url, tmp_path, now=calendar.now))
        remotes = {name: a_shop_remote(tmp_path, name) for name in ("lib", "app")}
        yield World(given, calendar, instance, remotes, environment.client)


def governed(world: World) -> dict[str, Any]:
    """Declare two stages, a delegation, office hours from tomorrow on, and a change for the board."""
    login = login_of(world.instance)
    ask, end = {"uses": "servicenow.change", "interval": "1s", **login}, {"uses": "servicenow.close", **login}
    now = world.calendar.now()
    managers = {
        "name": "managers",
        "in_turn": True,
        "roles": ["managers"],
        "quorum": 2,
        "expires_after": "3d",
        "escalate": [{"after": "1d", "roles": ["heads"]}],
    }
    return {
        "components": entries(world.remotes, lib={"publish": [ask, end]}),
        "gates": [
            {"uses": "approval", "name": "owners", "users": ["dora"], "components": ["lib"], "sla": "8h"},
            {"uses": "approval", **managers},
        ],
        "roles": {"managers": ["mia", "max"], "heads": ["hana"], "commanders": ["cora"]},
        "delegations": [{"from": "max", "to": "emil", "not_before": now, "not_after": now + timedelta(days=3)}],
        "windows": [
            {
                "name": "office",
                "zone": "UTC",
                "start": f"{nine_tomorrow(world):%Y-%m-%dT%H:%M}",
                "duration": "8h",
                "rrule": "FREQ=DAILY",
            }
        ],
        "emergency": {"roles": ["commanders"], "sole": True},
    }


def nine_tomorrow(world: World) -> datetime:
    """Return when the office opens for the first time."""
    return (world.calendar.begun + timedelta(days=1)).replace(hour=9, minute=0, second=0, microsecond=0)


async def test_votes_then_the_window_then_the_board_and_then_all_of_it(world: World) -> None:
    """Each has its say in its turn, nothing is public before the last, and the ledger tells it in order."""
    declared = governed(world)
    catalog = catalog_of(declared.pop("components"), **declared)
    train = await world.depot.start(catalog, await world.depot.plan(catalog))
    view = await world.until_it_waits_for(train, "gate owners")
    assert [one.who for one in view.conditions] == [("dora",)]
    with pytest.raises(VoteRefused, match="mia may not vote at owners"):
        await world.vote("mia", train)
    await world.vote("dora", train)
    await world.vote("mia", train)
    await world.vote("emil", train)
    view = await world.until_it_waits_for(train, "outside of 'office'")
    assert view.conditions[0].clears_at == nine_tomorrow(world)
    await world.calendar.until(nine_tomorrow(world), train)
    await world.board_agrees()
    record = await world.depot.ended(train)
    assert record.outcome is Outcome.RELEASED, record
    assert world.public() == ["lib", "app"]
    assert world.instance.change()["close_code"] == "successful"
    told = [event.type for event in await world.depot.reader.events(train)]
    order = [EventType.GATE_VOTED, EventType.GATE_PASSED, EventType.WINDOW_CLOSED, EventType.WINDOW_OPENED]
    places = [told.index(kind) for kind in (*order, EventType.STEP_STARTED, EventType.TRAIN_ENDED)]
    assert places == sorted(places)


async def test_an_escalation_and_a_rejection_after_days(world: World) -> None:
    """Nobody answers for a day; then the head of release may, and says no: no remote has moved."""
    declared = governed(world)
    catalog = catalog_of(declared.pop("components"), **declared)
    before = {name: remote.refs() for name, remote in world.remotes.items()}
    train = await world.depot.start(catalog, await world.depot.plan(catalog))
    await world.until_it_waits_for(train, "gate owners")
    await world.vote("dora", train)
    await world.until_it_waits_for(train, "gate managers")
    with pytest.raises(VoteRefused, match="hana may not vote at managers yet"):
        await world.vote("hana", train, Decision.REJECT)
    await world.calendar.until(world.calendar.now() + timedelta(days=1, hours=1), train)
    await world.vote("hana", train, Decision.REJECT)
    record = await world.depot.ended(train)
    assert (record.outcome, record.cause) == (Outcome.REJECTED, "rejected by hana: seen")
    assert {name: remote.refs() for name, remote in world.remotes.items()} == before
    assert not world.instance.changes


async def agreed(world: World) -> str:
    """Start the train and vote for it as everybody who has to; return it when it waits for the office."""
    declared = governed(world)
    catalog = catalog_of(declared.pop("components"), **declared)
    train = await world.depot.start(catalog, await world.depot.plan(catalog))
    await world.until_it_waits_for(train, "gate owners")
    for account in ("dora", "mia", "emil"):
        await world.vote(account, train)
    await world.until_it_waits_for(train, "outside of 'office'")
    return train


async def test_a_push_after_the_votes_asks_those_again_whom_it_concerns(world: World) -> None:
    """While the train waits for its window somebody pushes to `app`: the owners of `lib` are not asked twice."""
    train = await agreed(world)
    world.remotes["app"].add("feat: at the last moment")
    await world.calendar.until(nine_tomorrow(world), train)
    view = await world.until_it_waits_for(train, "gate managers")
    assert any("app" in change for change in view.changes)
    assert [one.who for one in view.conditions] == [("mia", "max", "emil for max")]
    for account in ("mia", "emil"):
        await world.vote(account, train)
    await world.board_agrees()
    assert (await world.depot.ended(train)).outcome is Outcome.RELEASED
    reopened = [one.data for one in await world.depot.reader.events(train) if one.type is EventType.GATE_REOPENED]
    assert [one["gate"] for one in reopened] == ["managers"]


async def test_an_emergency_does_not_wait_for_the_office(world: World) -> None:
    """The window is waived by name for an incident; the votes were given, and the emergency board still decides."""
    train = await agreed(world)
    view = await world.depot.control.view(train)
    assert view.conditions[0].who == ("cora",)
    control = Control(world.client, world.depot.reader, Actor(account="cora", realm="os"))
    await control.override(train, ["office"], reason="outage", incident="INC-1", comment="it burns")
    # It is asked as an emergency, which is authorised without being assessed first.
    await until_asked(world.instance, "-3")
    assert world.instance.change()["type"] == "emergency"
    approve(world.instance)
    assert (await world.depot.ended(train)).outcome is Outcome.RELEASED
    assert world.public() == ["lib", "app"]
