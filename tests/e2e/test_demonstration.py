"""The whole of it by the command line: six repositories are released, or are all back where they were."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow


def run(*words: str) -> subprocess.CompletedProcess[str]:
    """Run one command, without anything that the environment says of servers."""
    env = {name: value for name, value in os.environ.items() if not name.startswith(("RELEASEPILOT_", "TEMPORAL_"))}
    return subprocess.run(
        [sys.executable, "-m", "releasepilot.cli.main", *words], capture_output=True, text=True, check=False, env=env
    )


def tags(text: str) -> dict[str, list[str]]:
    """Read the tags of each remote from what the demonstration shows at its end."""
    return {name: found.split() for name, found in re.findall(r"^(\S+)  tags (.*)$", text, re.MULTILINE)}


def test_the_demo_releases_six_components_and_can_be_taken_back() -> None:
    """All six get their tag; status, history and rollback work on the same servers; the tags are gone again."""
    ended = run("demo", "--keep")
    assert ended.returncode == 0, ended.stderr
    state = Path(re.search(r"--state-dir (\S+) down", ended.stdout)[1])  # type: ignore[index]
    given = ("--state-dir", str(state), "-C", str(state.parent / "releasepilot.yaml"))
    try:
        assert {name: len(found) for name, found in tags(ended.stdout).items()} == dict.fromkeys(tags(ended.stdout), 2)
        status = run(*given, "status", "shop", "--json")
        assert json.loads(status.stdout)["record"]["released"]["money-lib"] == "2.0.0"
        again = run(*given, "release", "--yes")
        assert (again.returncode, again.stdout.split(":")[0]) == (0, "Nothing to release")
        undone = run(*given, "rollback", "shop", "--yes")
        assert undone.returncode == 0, undone.stderr
        left = subprocess.run(
            ["git", f"--git-dir={state.parent}/remotes/payments.git", "tag"], capture_output=True, text=True, check=True
        )
        assert left.stdout.split() == ["v3.0.1"]
        assert json.loads(run(*given, "history", "--json").stdout)[0]["outcome"] == "rolled_back"
    finally:
        stopped = run(*given, "down")
        shutil.rmtree(state.parent)
    assert stopped.stdout == "stopped\n"


@pytest.mark.parametrize("broken", ["payments", "payments:push", "storefront:verify", "checkout:registry"])
def test_a_break_anywhere_leaves_no_tag_and_no_artefact(broken: str) -> None:
    """The train is rolled back, which is what 0 means here, and every remote has the one tag that it had."""
    ended = run("demo", "--break", broken)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "Rolled back: nothing of it is released." in ended.stdout
    assert {name: len(found) for name, found in tags(ended.stdout).items()} == dict.fromkeys(tags(ended.stdout), 1)
    assert not re.search(r"registry: .*,", ended.stdout)
