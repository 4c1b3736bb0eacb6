"""Steps that wait for people are woken by signed word: they look at once, and what they find is what counts."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from support import patience
from support.changes import know, login_of
from support.servicenow import Instance, running_instance
from support.serving import VARIABLE, WORD, Serving, a_service, environ_of
from support.shop import a_shop_remote, entries
from support.trains import Depot, catalog_of

from releasepilot.model.train import Condition, Outcome, TrainView
from releasepilot.plugins.changes.webhook import SIGNATURE_HEADER, signature_of

pytestmark = pytest.mark.takes(8)

#: No test runs for so long.
AN_HOUR = 3600


@pytest.fixture
def serving(temporal_address: str, ledger_url: str) -> Iterator[Serving]:
    """Give a service that takes word of ServiceNow."""
    webhooks = {"RELEASEPILOT_WEBHOOKS": f"servicenow=env:{VARIABLE}", VARIABLE: WORD}
    with a_service(environ_of(temporal_address, ledger_url, **webhooks)) as running:
        yield running


@pytest.fixture
def instance(monkeypatch: pytest.MonkeyPatch, serving: Serving) -> Iterator[Instance]:
    """Give an instance that knows where to send word."""
    with running_instance() as running:
        know(monkeypatch, running)
        running.listener, running.listener_secret = f"{serving.url}/webhooks/servicenow", WORD
        yield running


def approve(instance: Instance) -> None:
    """Approve as the board."""
    where = f"{instance.url}/api/sn_chg_rest/v1/change/{instance.change()['sys_id']}/approvals"
    httpx.patch(where, json={"state": "approved"}, auth=("cab", instance.passwords["cab"])).raise_for_status()


async def asleep(depot: Depot, train: str, state: str) -> Condition:
    """Wait until the train's step sleeps over a change in this state; return what it says."""

    def over(view: TrainView) -> list[Condition]:
        said = view.conditions
        return [one for one in said if one.what.endswith(f" is in {state}") or f" is in {state}:" in one.what]

    return over(await patience.answer(lambda: depot.control.explain(train), lambda view: bool(over(view))))[0]


async def started(depot: Depot, folder: Path, instance: Instance, **more: object) -> str:
    """Start a train that looks at its change once an hour."""
    remote = a_shop_remote(folder, "lib")
    change = {"uses": "servicenow.change", "interval": "1h", **login_of(instance), **more}
    catalog = catalog_of(entries({"lib": remote}, lib={"publish": [change]}))
    return await depot.start(catalog, await depot.plan(catalog))


async def test_a_signed_word_wakes_the_step_that_waits(depot: Depot, tmp_path: Path, instance: Instance) -> None:
    """The next look is an hour away when the board agrees; the word alone makes it now, twice, and nothing is lost."""
    train = await started(depot, tmp_path, instance)
    for state in ("Assess", "Authorize"):
        waiting = await asleep(depot, train, state)
        assert waiting.clears_at is not None
        assert waiting.clears_at - datetime.now(UTC) > timedelta(seconds=AN_HOUR / 2)
        approve(instance)
        assert (await depot.control.view(train)).record is None
        answer = await asyncio.to_thread(instance.tell, instance.change())
        assert (answer.status_code, answer.json()) == (202, {"woken": 1})
    record = await depot.ended(train)
    assert record.outcome is Outcome.RELEASED
    assert len(instance.changes) == 1


async def test_a_word_is_not_lost_on_an_attempt_that_has_looked_already(
    depot: Depot, tmp_path: Path, instance: Instance
) -> None:
    """The board agrees while an attempt runs that has read the change before: it is tried again when that has ended."""
    train = await started(depot, tmp_path, instance)
    await asleep(depot, train, "Assess")
    attached = instance.count("GET", "/attachment")
    # Longer than a word is followed for the ledger's sake, shorter than for that of an attempt.
    instance.slow("GET", "/attachment", 4)
    await asyncio.to_thread(instance.tell, instance.change())
    await patience.until(lambda: instance.count("GET", "/attachment") > attached)
    approve(instance)
    answer = await asyncio.to_thread(instance.tell, instance.change())
    assert answer.json() == {"woken": 1}
    await asleep(depot, train, "Authorize")
    await depot.control.abort(train)
    await depot.ended(train)


async def test_a_word_that_is_not_true_changes_nothing(depot: Depot, tmp_path: Path, instance: Instance) -> None:
    """Whatever a believed word says, the step looks for itself, finds the change as it was, and waits on."""
    train = await started(depot, tmp_path, instance)
    await asleep(depot, train, "Assess")
    looks = instance.count("GET", "/change")
    answer = await asyncio.to_thread(instance.tell, {**instance.change(), "state": "-1", "approval": "approved"})
    assert answer.json() == {"woken": 1}
    await patience.until(lambda: instance.count("GET", "/change") > looks)
    waiting = await asleep(depot, train, "Assess")
    assert waiting.clears_at is not None
    assert waiting.clears_at - datetime.now(UTC) > timedelta(seconds=AN_HOUR / 2)
    assert instance.change()["state"] == "-4"
    await depot.control.abort(train)
    await depot.ended(train)


async def test_word_that_comes_again_wakes_nothing(
    depot: Depot, tmp_path: Path, instance: Instance, serving: Serving
) -> None:
    """Its step sleeps again, and would look; whoever repeats it is told that it has arrived, and nothing looks."""
    train = await started(depot, tmp_path, instance)
    await asleep(depot, train, "Assess")
    body = json.dumps({"correlation_id": instance.change()["correlation_id"]}).encode()
    headers = {SIGNATURE_HEADER: signature_of(body, WORD.encode(), int(time.time()))}

    async def send() -> tuple[int, object]:
        where = f"{serving.url}/webhooks/servicenow"
        answer = await asyncio.to_thread(httpx.post, where, content=body, headers=headers, timeout=30)
        return answer.status_code, answer.json()

    looks = instance.count("GET", "/change")
    assert await send() == (202, {"woken": 1})
    await patience.until(lambda: instance.count("GET", "/change") > looks)
    await asleep(depot, train, "Assess")
    looks = instance.count("GET", "/change")
    assert [await send() for _ in range(3)] == [(202, {"woken": 0})] * 3
    assert instance.count("GET", "/change") == looks
    assert (await asyncio.to_thread(instance.tell, instance.change())).json() == {"woken": 1}
    await patience.until(lambda: instance.count("GET", "/change") > looks)
    await asleep(depot, train, "Assess")
    await depot.control.abort(train)
    await depot.ended(train)


async def test_word_wakes_the_train_that_it_is_about_and_no_other(
    depot: Depot, tmp_path: Path, instance: Instance
) -> None:
    """With a correlation id one of two trains is woken; without one both are; by that of no train, none is."""
    trains = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        trains.append(await started(depot, tmp_path / name, instance))
        await asleep(depot, trains[-1], "Assess")
    nobody = {**instance.change(0), "correlation_id": f"{trains[0]}/lib-and-more"}
    assert (await asyncio.to_thread(instance.tell, nobody)).json() == {"woken": 0}
    assert (await asyncio.to_thread(instance.tell, instance.change(1))).json() == {"woken": 1}
    await asleep(depot, trains[1], "Assess")
    everybody = {**instance.change(0), "correlation_id": ""}
    assert (await asyncio.to_thread(instance.tell, everybody)).json() == {"woken": 2}
    for train in trains:
        await depot.control.abort(train)
        await depot.ended(train)


async def test_a_step_whose_attempts_are_counted_is_left_alone(
    depot: Depot, tmp_path: Path, instance: Instance
) -> None:
    """Nobody who sends word uses up, or gives back, an attempt that the catalog counts."""
    train = await started(depot, tmp_path, instance, attempts=3)
    await asleep(depot, train, "Assess")
    looks = instance.count("GET", "/change")
    assert (await asyncio.to_thread(instance.tell, instance.change())).json() == {"woken": 0}
    assert instance.count("GET", "/change") == looks
    await depot.control.abort(train)
    await depot.ended(train)


async def test_patience_is_measured_from_the_first_look(depot: Depot, tmp_path: Path, instance: Instance) -> None:
    """Being woken gives nobody more time than `within`: a word after it ends the step, as a look would."""
    within = 12
    train = await started(depot, tmp_path, instance, within=f"{within}s")
    await asleep(depot, train, "Assess")
    ends = time.monotonic() + within
    await asyncio.to_thread(instance.tell, instance.change())
    waiting = await asleep(depot, train, "Assess")
    assert waiting.clears_at is not None
    await asyncio.sleep(ends - time.monotonic())
    await asyncio.to_thread(instance.tell, {**instance.change(), "number": "again"})
    record = await depot.ended(train)
    assert (record.outcome, record.code) == (Outcome.ROLLED_BACK, "RP402")


async def test_the_service_says_what_the_commands_say(
    depot: Depot, tmp_path: Path, instance: Instance, serving: Serving
) -> None:
    """`status`, `explain` and `history` print the same bytes, of a train that waits and of one that has ended."""
    train = await started(depot, tmp_path, instance)
    await asleep(depot, train, "Assess")
    await in_the_ledger(depot, train)
    await asyncio.to_thread(assert_agreed, serving, train)
    await depot.control.abort(train)
    await depot.ended(train)
    await asyncio.to_thread(assert_agreed, serving, train)
    named = await asyncio.to_thread(serving.get, f"/api/trains/{train.rpartition('-')[0]}")
    assert named.json()["train"] == train


async def in_the_ledger(depot: Depot, train: str) -> None:
    """Wait until the ledger knows that the train's step runs."""
    await patience.answer(
        lambda: depot.reader.waiting_steps("servicenow"), lambda steps: train in {one.train for one in steps}
    )


def assert_agreed(serving: Serving, train: str) -> None:
    """Ask the service and the commands the same."""
    for path, words in (
        ("/api/trains", ("history", "--json")),
        ("/api/trains?limit=1", ("history", "--json", "-n", "1")),
        (f"/api/trains/{train}", ("status", train, "--json")),
        (f"/api/trains/{train}/explain", ("explain", train, "--json")),
    ):
        answer = serving.get(path)
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "application/json"
        assert answer.text == serving.run(*words)
