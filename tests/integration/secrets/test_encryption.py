"""Trains whose payloads are encrypted: they run as all do, and the server holds nothing that can be read."""

from __future__ import annotations

import asyncio
import base64
import logging
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from support.patience import PATIENCE
from support.shop import a_shop_remote, entries
from support.temporal import Stage, train_name
from support.temporal import stage as staged
from support.trains import Depot, catalog_of, depot
from support.world import plan_of, step
from temporalio.client import Client

from releasepilot.control import Control, Servers, dial
from releasepilot.errors import PayloadUnreadable, StackError
from releasepilot.model.gate import Actor, Decision
from releasepilot.model.schedule import ScheduleView, Timetable
from releasepilot.model.step import StepStatus
from releasepilot.model.train import Outcome, TrainPhase
from releasepilot.settings import Settings
from releasepilot.workers.payload_keys import payload_keys
from releasepilot.workflows.encryption import PayloadKeys
from releasepilot.workflows.ports import train_workflow_id

#: Of the catalog and its commands, and nowhere else.
WORD = b"platinum"
OLD, NEW = os.urandom(32), os.urandom(32)


def keys(**given: bytes) -> PayloadKeys:
    """Name keys, the one that encrypts first."""
    return PayloadKeys(keys=given)


async def client_with(address: str, ring: PayloadKeys | None) -> Client:
    """Connect with keys."""
    return await dial(Servers(temporal_address=address, database_url="", payload_keys=ring))


async def raw_history(client: Client, workflow_id: str) -> bytes:
    """Return all that the server holds of a workflow, as it holds it."""
    handle = client.get_workflow_handle(workflow_id)
    described = (await handle.describe()).raw_description.SerializeToString()
    return described + b"".join(one.SerializeToString() for one in (await handle.fetch_history()).events)


@pytest.fixture
async def encrypted(temporal_address: str, ledger_url: str, tmp_path: Path) -> AsyncIterator[Depot]:
    """Give a depot whose worker and commands have one key."""
    client = await client_with(temporal_address, keys(new=NEW))
    async with depot(client, ledger_url, tmp_path) as given:
        yield given


def a_shop_catalog(folder: Path, **more: Any) -> Any:
    """Describe one component with words that are nowhere else."""
    command = {"uses": "exec", "shell": True, "tree": False, "name": "ship", "undo": "none", "attempts": 1, **more}
    return catalog_of(entries({"lib": a_shop_remote(folder, "lib")}, lib={"publish": [command]}))


async def test_the_server_holds_nothing_that_can_be_read(encrypted: Depot, temporal: Client, tmp_path: Path) -> None:
    """Not the catalog, not the plan, not how a step failed; the ledger still says it all."""
    catalog = a_shop_catalog(tmp_path, apply=f"echo {WORD.decode()}; exit 7")
    plan = await encrypted.plan(catalog)
    train = await encrypted.start(catalog, plan)
    record = await encrypted.ended(train)
    assert record.outcome is Outcome.RESIDUE
    assert WORD.decode() in record.cause
    raw = await raw_history(temporal, train_workflow_id(train))
    for secret in (WORD, b"RP400: ", b"github", b"lib.git", b"exit 7", plan.digest.encode(), b"Traceback", b'File "'):
        assert secret not in raw, secret
    assert raw.count(b"binary/encrypted") > 10
    # What else is there is Temporal's own: which version of a worker took it, and which patches of the code it knew.
    history = await temporal.get_workflow_handle(train_workflow_id(train)).fetch_history()
    plain = [event for event in history.events if b"json/plain" in event.SerializeToString()]
    assert {event.WhichOneof("attributes") for event in plain} <= {
        "marker_recorded_event_attributes",
        "upsert_workflow_search_attributes_event_attributes",
    }


async def test_keys_are_rotated_in_the_middle_of_a_train(
    temporal_address: str, temporal: Client, ledger_url: str, tmp_path: Path
) -> None:
    """A train that began with the old key is carried on by workers that write with the new one."""
    before = await client_with(temporal_address, keys(old=OLD))
    after = await client_with(temporal_address, keys(new=NEW, old=OLD))
    plan = plan_of(train_name(), [step("lib", "push"), step("lib", "announce", "lib/push")], {"lib": ()})
    async with staged(before, ledger_url, tmp_path) as stage:
        stage.world.order("lib/push", "before")
        train = await stage.control.start(stage.request(plan, confirmed=False))
        async with asyncio.timeout(PATIENCE):
            while (await stage.control.view(train)).phase is not TrainPhase.WAITING:  # noqa: ASYNC110 - it is asked for
                await asyncio.sleep(0.05)
    async with staged(after, ledger_url, tmp_path) as stage:
        stage.given.plans[plan.train] = [plan]
        stage.world.heal("lib/push")
        await stage.control.decide(train, Decision.APPROVE)
        record = await stage.ended(train)
    assert record.outcome is Outcome.RELEASED
    events = (await temporal.get_workflow_handle(train_workflow_id(train)).fetch_history()).events
    raw = [one.SerializeToString() for one in events]
    assert any(b"\x03old" in one for one in raw[:4])
    assert not any(b"\x03old" in one for one in raw[-8:])
    assert any(b"\x03new" in one for one in raw[-8:])


async def test_a_train_that_runs_when_the_first_key_comes_goes_on(
    temporal_address: str, temporal: Client, ledger_url: str, tmp_path: Path
) -> None:
    """What was written before is read as it is."""
    plan = plan_of(train_name(), [step("lib", "push")], {"lib": ()})
    async with staged(temporal, ledger_url, tmp_path) as stage:
        train = await stage.control.start(stage.request(plan, confirmed=False))
        async with asyncio.timeout(PATIENCE):
            while (await stage.control.view(train)).phase is not TrainPhase.WAITING:  # noqa: ASYNC110 - it is asked for
                await asyncio.sleep(0.05)
    async with staged(await client_with(temporal_address, keys(new=NEW)), ledger_url, tmp_path) as stage:
        stage.given.plans[plan.train] = [plan]
        await stage.control.decide(train, Decision.APPROVE)
        assert (await stage.ended(train)).outcome is Outcome.RELEASED


@pytest.fixture
async def waiting(temporal_address: str, ledger_url: str, tmp_path: Path) -> AsyncIterator[tuple[Stage, str]]:
    """Give a train that waits for a vote, under the key `new`."""
    async with staged(await client_with(temporal_address, keys(new=NEW)), ledger_url, tmp_path) as stage:
        plan = plan_of(train_name(), [step("lib", "push")], {"lib": ()})
        train = await stage.control.start(stage.request(plan, confirmed=False))
        async with asyncio.timeout(PATIENCE):
            while (await stage.control.view(train)).phase is not TrainPhase.WAITING:  # noqa: ASYNC110 - it is asked for
                await asyncio.sleep(0.05)
        yield stage, train


async def test_a_word_with_an_unknown_key_is_refused_by_itself(
    waiting: tuple[Stage, str], temporal_address: str
) -> None:
    """The train does not stumble over it, and who sent it is told which key is missing where."""
    stage, train = waiting
    stranger = await client_with(temporal_address, keys(other=OLD, new=NEW))
    with pytest.raises(PayloadUnreadable, match="'other'"):
        await Control(stranger, stage.reader, Actor(account="anna")).abort(train, "no reason")
    await stage.control.decide(train, Decision.APPROVE)
    assert (await stage.ended(train)).outcome is Outcome.RELEASED


async def test_who_has_no_key_still_reads_the_ledger(waiting: tuple[Stage, str], temporal: Client) -> None:
    """Where a train stands is known without Temporal; to vote, the key is needed, and that is said."""
    stage, train = waiting
    without = Control(temporal, stage.reader, Actor(account="anna"))
    async with asyncio.timeout(PATIENCE):
        while (await without.view(train)).phase is not TrainPhase.WAITING:  # noqa: ASYNC110 - the ledger comes after
            await asyncio.sleep(0.05)
    with pytest.raises(PayloadUnreadable, match="'new', and no keys are configured"):
        await without.decide(train, Decision.APPROVE)


async def test_a_worker_without_the_key_waits_for_it(
    temporal_address: str, ledger_url: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A train that it cannot read is not lost: its log says which key is missing, and with the key it goes on."""
    plan = plan_of(train_name(), [step("lib", "push")], {"lib": ()})
    owner = await client_with(temporal_address, keys(new=NEW))
    poor = await client_with(temporal_address, keys(old=OLD))
    with caplog.at_level(logging.WARNING):
        async with staged(poor, ledger_url, tmp_path) as stage:
            train = await Control(owner, stage.reader, Actor(account="anna")).start(stage.request(plan))
            async with asyncio.timeout(PATIENCE):
                while "RELEASEPILOT" not in caplog.text and "'new'" not in caplog.text:  # noqa: ASYNC110 - of a log
                    await asyncio.sleep(0.05)
    assert "a payload cannot be decrypted" in caplog.text
    async with staged(owner, ledger_url, tmp_path) as stage:
        stage.given.plans[plan.train] = [plan]
        assert (await stage.ended(train)).outcome is Outcome.RELEASED


async def listed(control: Control, name: str) -> list[ScheduleView]:
    """Return the schedule of a name, where it is listed already."""
    return [one for one in await control.schedules() if one.name == name]


async def test_a_schedule_and_its_train_are_encrypted(
    temporal_address: str, temporal: Client, ledger_url: str, tmp_path: Path
) -> None:
    """What the schedule was told, what it starts, and what it reads of the train that it has started."""
    async with staged(await client_with(temporal_address, keys(new=NEW)), ledger_url, tmp_path) as stage:
        plan, name = plan_of(train_name(), [step("lib", "push")], {"lib": ()}), uuid4().hex
        await stage.control.schedule(name, stage.request(plan), Timetable(cron="0 9 1 1 *"))
        handle = stage.client.get_schedule_handle(f"releasepilot/{name}")
        assert plan.train.encode() not in (await handle.describe()).raw_description.SerializeToString()
        await handle.trigger()
        async with asyncio.timeout(PATIENCE):
            while not (started := (await handle.describe()).info.recent_actions):  # noqa: ASYNC110 - of a server
                await asyncio.sleep(0.1)
        scheduled = stage.client.get_workflow_handle(started[0].action.workflow_id)
        assert (await scheduled.result())["outcome"] == Outcome.RELEASED
        async with asyncio.timeout(PATIENCE):
            while not (found := await listed(stage.control, name)):  # noqa: ASYNC110 - of a server
                await asyncio.sleep(0.1)
        assert found[0].train == plan.train
        await stage.control.unschedule(name)


async def test_what_is_tried_again_is_explained(encrypted: Depot, tmp_path: Path) -> None:
    """The server holds why an attempt failed, encrypted; whoever has the key reads it."""
    script = f"test -e {tmp_path}/open || {{ echo {WORD.decode()}; exit 1; }}"
    catalog = a_shop_catalog(tmp_path, apply=script, attempts=50)
    train = await encrypted.start(catalog, await encrypted.plan(catalog))
    await encrypted.until(train, lambda view: view.statuses.get("lib/ship") is StepStatus.RUNNING)
    async with asyncio.timeout(PATIENCE):
        while not (said := (await encrypted.control.explain(train)).conditions):  # noqa: ASYNC110 - it is asked for
            await asyncio.sleep(0.1)
    assert WORD.decode() in said[0].what
    (tmp_path / "open").touch()
    assert (await encrypted.ended(train)).outcome is Outcome.RELEASED


def test_keys_are_looked_up_where_their_references_say(tmp_path: Path) -> None:
    """In either alphabet of base64; what is no key is named and not repeated."""
    (tmp_path / "new").write_bytes(base64.b64encode(NEW) + b"\n")
    (tmp_path / "old").write_bytes(base64.urlsafe_b64encode(OLD))
    (tmp_path / "bad").write_text("hunter2 is no key")
    (tmp_path / "short").write_text("aHVudGVyMg==")

    def load(value: str) -> PayloadKeys | None:
        return payload_keys(Settings.load({"RELEASEPILOT_PAYLOAD_KEYS": value}, state_dir=tmp_path))

    found = load(f"new=file:{tmp_path}/new old=file:{tmp_path}/old")
    assert found is not None
    assert (found.ids, list(found.keys.values())) == (("new", "old"), [NEW, OLD])
    assert load("") is None
    for name in ("bad", "short", "none"):
        with pytest.raises(StackError, match=f"'{name}'") as caught:
            load(f"{name}=file:{tmp_path}/{name}")
        assert "unter2" not in str(caught.value)
        assert "aHVud" not in str(caught.value)
