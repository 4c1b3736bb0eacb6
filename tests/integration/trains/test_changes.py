"""A train around a change record: nothing is public before it is authorised, and it ends as the train does."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from support.changes import know, login_of
from support.patience import answer, until
from support.servicenow import Instance, running_instance
from support.shop import a_shop_remote, entries
from support.trains import Depot, catalog_of

from releasepilot.model.train import Outcome


@pytest.fixture
def instance(monkeypatch: pytest.MonkeyPatch) -> Iterator[Instance]:
    """Give an instance whose password the worker of this process knows."""
    with running_instance() as running:
        know(monkeypatch, running)
        yield running


def steps(instance: Instance, *more: dict[str, Any]) -> dict[str, Any]:
    """Declare a change, what is published under it, and its end."""
    login = login_of(instance)
    change = {"uses": "servicenow.change", "interval": "1s", **login}
    return {"publish": [*more, change, {"uses": "servicenow.close", **login}]}


#: Who may override, and a gate to be overridden.
EMERGENCY: dict[str, Any] = {
    "emergency": {"roles": ["commanders"]},
    "roles": {"commanders": ["cora", "carl"], "managers": ["mia"]},
    "gates": [{"name": "managers", "roles": ["managers"]}],
}


async def override(depot: Depot, account: str, train: str, *names: str) -> None:
    """Break the glass as somebody."""
    await depot.acting(account).override(train, names, reason="outage", incident="INC-7")


async def until_explained(depot: Depot, train: str, what: str) -> None:
    """Wait until a train that is asked says that it waits for this."""
    await answer(
        lambda: depot.control.explain(train), lambda view: any(one.what.startswith(what) for one in view.conditions)
    )


async def until_asked(instance: Instance, state: str) -> None:
    """Wait until the change is in a state in which an approval is asked for."""
    await until(lambda: bool(instance.changes) and instance.change()["state"] == state)


def approve(instance: Instance, row: dict[str, str] | None = None) -> None:
    """Approve as the board, the only change where none is given."""
    row = row or instance.change()
    where = f"{instance.url}/api/sn_chg_rest/v1/change/{row['sys_id']}/approvals"
    said = httpx.patch(where, json={"state": "approved"}, auth=("cab", instance.passwords["cab"]))
    assert said.status_code == 200


async def test_nothing_is_public_before_the_board_has_agreed(depot: Depot, tmp_path: Path, instance: Instance) -> None:
    """One component asks, both wait; then all of it is released, and the change is closed as successful."""
    remotes = {name: a_shop_remote(tmp_path, name) for name in ("lib", "app")}
    catalog = catalog_of(entries(remotes, lib=steps(instance)))
    plan = await depot.plan(catalog)
    train = await depot.start(catalog, plan)
    for state in ("-4", "-3"):
        await until_asked(instance, state)
        assert not any("refs/tags/v1.1.0" in remote.refs() for remote in remotes.values())
        await until_explained(depot, train, "lib/servicenow.change: CHG0030001 ")
        approve(instance)
    record = await depot.ended(train)
    assert record.outcome is Outcome.RELEASED
    assert all("refs/tags/v1.1.0" in remote.refs() for remote in remotes.values())
    row = instance.change()
    assert (row["state"], row["close_code"], row["correlation_display"]) == ("3", "successful", plan.digest)
    assert len(instance.changes) == 1


async def test_a_train_that_fails_closes_its_change_as_unsuccessful(
    depot: Depot, tmp_path: Path, instance: Instance
) -> None:
    """The record lists the change as what stays, and that nobody has to act on it."""
    instance.agreeable = True
    remote = a_shop_remote(tmp_path, "lib")
    failing = {"uses": "exec", "apply": "false", "revert": "true", "tree": False, "attempts": 1}
    _, record = await depot.release(catalog_of(entries({"lib": remote}, lib=steps(instance, failing))))
    assert record.outcome is Outcome.ROLLED_BACK
    assert "refs/tags/v1.1.0" not in remote.refs()
    row = instance.change()
    assert (row["state"], row["close_code"]) == ("3", "unsuccessful")
    stays = [(one.step, one.what, one.unresolved) for one in record.residue if "servicenow" in one.step]
    assert stays == [("servicenow.change", "CHG0030001 stays, closed as unsuccessful", False)]


async def test_a_rejection_ends_a_train_before_anything_is_public(
    depot: Depot, tmp_path: Path, instance: Instance
) -> None:
    """The cause names the change, and the remote is as it was."""
    remote = a_shop_remote(tmp_path, "lib")
    before = remote.refs()
    catalog = catalog_of(entries({"lib": remote}, lib=steps(instance)))
    train = await depot.start(catalog, await depot.plan(catalog))
    await until_asked(instance, "-4")
    instance.change().update(state="-5", approval="rejected")
    record = await depot.ended(train)
    assert (record.outcome, record.code) == (Outcome.ROLLED_BACK, "RP402")
    assert "CHG0030001 was rejected" in record.cause
    assert remote.refs() == before


def drifting(instance: Instance, folder: Path) -> dict[str, Any]:
    """Ask, deploy until told to go on, look again, then do what cannot be undone."""
    login = login_of(instance)
    command = {"uses": "exec", "shell": True, "tree": False}
    wait = f"touch {folder}/deploying; while ! test -e {folder}/go; do sleep 0.05; done"
    deploy = {**command, "name": "deploy", "apply": wait, "revert": f"touch {folder}/withdrawn"}
    pivot = {**command, "name": "ship", "class": "pivot", "undo": "none", "apply": f"touch {folder}/shipped"}
    check = {"uses": "servicenow.check", "interval": "1s", **login}
    return {"publish": [{"uses": "servicenow.change", **login}, deploy, check, pivot]}


@pytest.mark.parametrize("back", [True, False])
async def test_a_change_that_is_held_holds_the_train(
    depot: Depot, tmp_path: Path, instance: Instance, *, back: bool
) -> None:
    """Nothing irreversible is begun while it is on hold; then it is begun, or all is taken back if it is cancelled."""
    instance.agreeable = True
    remote = a_shop_remote(tmp_path, "lib")
    catalog = catalog_of(entries({"lib": remote}, lib=drifting(instance, tmp_path)))
    train = await depot.start(catalog, await depot.plan(catalog))
    await until((tmp_path / "deploying").exists)
    instance.change()["on_hold"] = "true"
    looks = instance.count("GET", "/change")
    (tmp_path / "go").touch()
    await until(lambda: instance.count("GET", "/change") >= looks + 2)
    assert not (tmp_path / "shipped").exists()
    instance.change().update({"on_hold": "false"} if back else {"state": "4"})
    record = await depot.ended(train)
    assert record.outcome is (Outcome.RELEASED if back else Outcome.ROLLED_BACK), record
    assert (tmp_path / "shipped").exists() is back
    assert (tmp_path / "withdrawn").exists() is not back
    assert ("refs/tags/v1.1.0" in remote.refs()) is back


async def test_an_override_asks_the_emergency_board_without_a_word_in_the_catalog(
    depot: Depot, tmp_path: Path, instance: Instance
) -> None:
    """The gate is overridden, and the change is an emergency one from the beginning."""
    remote = a_shop_remote(tmp_path, "lib")
    catalog = catalog_of(entries({"lib": remote}, lib=steps(instance)), **EMERGENCY)
    train = await depot.start(catalog, await depot.plan(catalog))
    await depot.until(train, lambda view: bool(view.gates))
    for account in ("cora", "carl"):
        await override(depot, account, train, "managers")
    await until_asked(instance, "-3")
    row = instance.change()
    assert (row["type"], "INC-7" in row["justification"]) == ("emergency", True)
    assert f"releasepilot events {train}" in row["justification"]
    approve(instance)
    record = await depot.ended(train)
    assert (record.outcome, len(instance.changes)) == (Outcome.RELEASED, 1)


async def test_a_train_that_waits_for_the_board_is_let_onto_the_way_of_an_emergency(
    depot: Depot, tmp_path: Path, instance: Instance
) -> None:
    """Two people name the step that asks; its normal change is cancelled, and the board is asked anew, not waived."""
    remote = a_shop_remote(tmp_path, "lib")
    catalog = catalog_of(entries({"lib": remote}, lib=steps(instance)), **{**EMERGENCY, "gates": []})
    train = await depot.start(catalog, await depot.plan(catalog))
    await until_asked(instance, "-4")
    await override(depot, "cora", train, "lib/servicenow.change")
    assert [row["type"] for row in instance.changes.values()] == ["normal"], "one alone is not enough"
    await override(depot, "carl", train, "lib/servicenow.change")
    await until(lambda: len(instance.changes) == 2)
    normal, emergency = instance.changes.values()
    assert (normal["state"], emergency["type"]) == ("4", "emergency")
    await until(lambda: emergency["state"] == "-3")
    assert "refs/tags/v1.1.0" not in remote.refs()
    approve(instance, emergency)
    record = await depot.ended(train)
    assert record.outcome is Outcome.RELEASED
    assert record.waived == ("lib/servicenow.change: asked as an emergency by cora and carl: outage, INC-7",)
    assert (emergency["state"], emergency["close_code"]) == ("3", "successful")
    assert await depot.reader.owes_review(train)


async def test_an_abort_while_the_ways_are_changed_ends_both(depot: Depot, tmp_path: Path, instance: Instance) -> None:
    """However it comes between the two, no change stays open."""
    remote = a_shop_remote(tmp_path, "lib")
    catalog = catalog_of(entries({"lib": remote}, lib=steps(instance)), **{**EMERGENCY, "gates": []})
    train = await depot.start(catalog, await depot.plan(catalog))
    await until_asked(instance, "-4")
    for account in ("cora", "carl"):
        await override(depot, account, train, "lib/servicenow.change")
    await depot.control.abort(train)
    record = await depot.ended(train)
    assert record.outcome is Outcome.ROLLED_BACK
    assert {row["state"] for row in instance.changes.values()} == {"4"}
