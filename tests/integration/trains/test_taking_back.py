"""Trains that are taken back where something stays: the record lists that, and nothing else."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from support.patience import PATIENCE
from support.shop import a_shop_remote, entries
from support.trains import Depot, catalog_of

from releasepilot.model.step import StepStatus
from releasepilot.model.train import Outcome, Record

BEGUN = "exec cannot be undone: it was begun and may have had its effect"


def left(record: Record) -> list[tuple[str, str, bool]]:
    """Return what a record lists: component, step, and whether somebody has to act."""
    return [(item.component, item.step, item.unresolved) for item in record.residue]


def a_command(script: str, **more: Any) -> dict[str, Any]:
    """Declare a command that nothing can take back and nobody can ask about."""
    return {"uses": "exec", "name": "ship", "shell": True, "tree": False, "apply": script, "undo": "none", **more}


async def rolled_back(depot: Depot, train: str) -> Record:
    """Roll back an ended train and return its new record."""
    await depot.control.rollback(train)
    async with asyncio.timeout(PATIENCE):
        view = await depot.control.rolled_back(train)
    assert view.record is not None
    return view.record


async def test_an_aborted_command_without_undo_is_residue(depot: Depot, tmp_path: Path) -> None:
    """It was half run, so the record lists it, and so does the record of a later rollback."""
    log = tmp_path / "log"
    remote = a_shop_remote(tmp_path, "lib")
    catalog = catalog_of(entries({"lib": remote}, lib={"publish": [a_command(f"echo begun >> {log}; sleep 600")]}))
    train = await depot.start(catalog, await depot.plan(catalog))
    await depot.until(train, lambda view: view.statuses.get("lib/ship") is StepStatus.RUNNING and log.exists())
    await depot.control.abort(train, "it hangs")
    record = await depot.ended(train)
    again = await rolled_back(depot, train)
    for one in (record, again):
        assert one.outcome is Outcome.RESIDUE
        assert ("lib", "ship", True) in left(one)
        assert next(item.what for item in one.residue if item.step == "ship") == BEGUN
    assert log.read_text() == "begun\n"
    assert "refs/tags/v1.1.0" not in remote.refs()


async def test_a_command_that_failed_without_undo_is_residue(depot: Depot, tmp_path: Path) -> None:
    """A failure half way is no promise that nothing happened; one that could not be started is."""
    remote = a_shop_remote(tmp_path, "lib")
    failing = catalog_of(entries({"lib": remote}, lib={"publish": [a_command("exit 1", attempts=1)]}))
    _, record = await depot.release(failing)
    assert (record.outcome, record.cause) == (
        Outcome.RESIDUE,
        "lib/ship: lib: the command ended with status 1",
    )
    assert [item.what for item in record.residue if item.unresolved] == [BEGUN]


async def test_a_command_that_is_not_there_leaves_nothing(depot: Depot, tmp_path: Path) -> None:
    """Nothing ran, so nobody has to act."""
    remote = a_shop_remote(tmp_path, "lib")
    command = {"uses": "exec", "name": "ship", "apply": "no-such-program", "undo": "none"}
    _, record = await depot.release(catalog_of(entries({"lib": remote}, lib={"publish": [command]})))
    assert record.outcome is Outcome.ROLLED_BACK, record
    assert not any(item.unresolved for item in record.residue)


async def test_a_push_that_cannot_be_taken_back_is_the_only_residue(depot: Depot, tmp_path: Path) -> None:
    """Its tag stays and is listed; the staging ref went when it was published, so the stage leaves nothing."""
    remote = a_shop_remote(tmp_path, "lib")
    clash = f"""
        cd {remote.folder} && export GIT_INDEX_FILE=index.clash
        git read-tree main && git update-index --cacheinfo 100644,$(echo {{}} | git hash-object -w --stdin),package.json
        git config user.name Sam && git config user.email sam@example.org
        git update-ref refs/heads/main $(git commit-tree -p main -m "fix: by hand" $(git write-tree))
        exit 1
    """
    command = a_command(clash, undo="full", revert="true", attempts=1)
    _, record = await depot.release(catalog_of(entries({"lib": remote}, lib={"publish": [command]})))
    assert record.outcome is Outcome.RESIDUE
    assert left(record) == [("lib", "push", True)]
    assert "package.json was changed after release commit" in record.residue[0].what
    refs = remote.refs()
    assert "refs/tags/v1.1.0" in refs
    assert not any(ref.startswith("refs/releasepilot/") for ref in refs)
