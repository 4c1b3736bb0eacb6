"""What the demonstration is made of: real remotes, a real registry, real services and a catalog that is right."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner

from releasepilot.cli.demo.services import serving
from releasepilot.cli.demo.shop import SHOP
from releasepilot.cli.demo.world import Break, Breakable, World, make_world, services, write_catalog
from releasepilot.cli.main import cli
from releasepilot.model.reading import read_catalog
from releasepilot.plugins.registry import Registry
from releasepilot.repositories.command import CommandFailed


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Make a world in which nothing is broken."""
    return make_world(tmp_path / "demo", Break())


def test_the_remotes_have_a_history_since_their_last_release(world: World) -> None:
    """Each remote is sound to git, has its tag, and its commits after it in order."""
    for component in SHOP:
        git = world.remotes[component.name]
        git.run("fsck", "--strict")
        subjects = git.run("log", "--format=%s", "--reverse", f"v{component.version}..main").decode().splitlines()
        assert subjects == [message.partition("\n")[0] for message in component.since]


def test_the_catalog_is_one_that_the_reader_and_the_actuators_accept(world: World) -> None:
    """No mistakes, with the configuration of every step checked by its actuator."""
    write_catalog(world, dict.fromkeys(services(), "http://127.0.0.1:1/health"))
    catalog = read_catalog(world.catalog.read_text(), "c").catalog
    assert Registry.load().check(catalog) == []
    assert len(catalog.components) == 6


def test_a_service_runs_the_newest_artefact(world: World) -> None:
    """The health check answers with the newest version in the registry, by number and not by letter."""
    shelf = world.registry / "ledger"
    (shelf / "ledger-2.10.0.tar").touch()
    with serving(world.registry, ("ledger",)) as addresses:
        answer = httpx.get(addresses["ledger"])
    assert (answer.status_code, answer.json()) == (200, {"version": "2.10.0", "healthy": True})


def test_a_broken_service_answers_500(world: World) -> None:
    """And only that one."""
    with serving(world.registry, ("ledger", "payments"), broken="payments") as addresses:
        assert [httpx.get(url).status_code for url in addresses.values()] == [200, 500]


def test_a_frozen_remote_refuses_its_branch_and_lets_staging_through(tmp_path: Path) -> None:
    """The hook of the server says no to a push, as a protected branch does."""
    world = make_world(tmp_path / "demo", Break(component="payments", step=Breakable.PUSH))
    remote = str(world.remotes["payments"].folder)
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "--quiet", remote, clone], check=True)
    push = ["git", "-C", str(clone), "push", "origin"]
    assert subprocess.run([*push, "main~1:refs/heads/other"], check=False, capture_output=True).returncode != 0
    assert subprocess.run([*push, "main:refs/releasepilot/x"], check=False, capture_output=True).returncode == 0


def test_a_failing_check_is_in_the_newest_commit(tmp_path: Path) -> None:
    """The tree of the last release still passes; the newest does not."""
    world = make_world(tmp_path / "demo", Break(component="ledger", step=Breakable.VERIFY))
    git = world.remotes["ledger"]
    assert b"failed" in git.run("show", "main:check.py")
    assert b"failed" not in git.run("show", "v2.1.3:check.py")


def test_a_registry_without_a_place_is_missing_for_one(tmp_path: Path) -> None:
    """The archive of the next release cannot be written there."""
    world = make_world(tmp_path / "demo", Break(component="ledger", step=Breakable.REGISTRY))
    with pytest.raises(CommandFailed):
        world.remotes["ledger"].run("archive", f"--output={world.registry}/ledger/x.tar", "main")
    assert world.published("payments") == ["payments-3.0.1.tar"]


@pytest.mark.parametrize(("words", "told"), [("nobody", "not one of"), ("money-lib", "has no step 'health'")])
def test_what_cannot_be_broken_is_refused_before_anything_is_made(words: str, told: str) -> None:
    """A component that does not exist, and a health check of what does not run, are wrong usage."""
    ended = CliRunner().invoke(cli, ["demo", "--break", words])
    assert ended.exit_code == 2
    assert told in " ".join(ended.output.split())


def test_the_catalog_is_json_and_so_yaml(world: World) -> None:
    """The file can be read by anything."""
    write_catalog(world, {})
    assert json.loads(world.catalog.read_text())["train"] == "shop"
