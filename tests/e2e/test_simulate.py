"""`releasepilot simulate` on a catalog over real remotes."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.desk import a_desk
from support.remotes import make_remote

pytestmark = pytest.mark.slow


def test_a_plan_is_simulated_and_nothing_is_touched(tmp_path: Path) -> None:
    """It tells how the train ends with faults, ends with 0, changes no remote, and starts no servers that stay."""
    remote = make_remote(tmp_path / "api.git", ["feat: a", "feat: b"], tags={"v1.0.0": 0}, files={"VERSION": "1.0.0\n"})
    desk = a_desk(tmp_path, tmp_path / "state", {"api": remote})
    upload = {"uses": "exec", "name": "upload", "class": "pivot", "undo": "yank", "apply": "false", "revert": "false"}
    desk.write(components={"api": {"publish": [upload]}})
    before = remote.refs()
    told = desk.run("simulate", "--faults", "random:8", "--seed", "3", "--json")
    assert told.code == 0, told.err
    found = told.json
    assert found["cases"] == 8
    assert sum(row["cases"] for row in found["rows"]) >= 8
    assert {row["outcome"] for row in found["rows"]} <= {"released", "rolled_back", "residue"}
    assert found["broken"] == []
    assert found["expected"] > 0
    assert remote.refs() == before
    assert {path.name for path in (tmp_path / "state").iterdir()} == {"mirrors"}
    again = desk.run("simulate", "--faults", "random:1")
    assert again.code == 0, again.err
    assert again.out.startswith("1 simulated train of ")
    assert "Every train ended as promised" in again.out


def test_nothing_to_release_is_nothing_to_simulate(tmp_path: Path) -> None:
    """It says so, starts nothing, and ends with 0."""
    remote = make_remote(tmp_path / "api.git", ["feat: a"], tags={"v1.0.0": 0}, files={"VERSION": "1.0.0\n"})
    desk = a_desk(tmp_path, tmp_path / "state", {"api": remote})
    told = desk.run("simulate")
    assert told.code == 0
    assert told.out.startswith("Nothing to release: ")
    assert desk.run("simulate", "--json").out == "null\n"
