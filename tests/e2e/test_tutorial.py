"""The tutorial works as it is written: its commands are pasted into one shell, and show what it says they show."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

TUTORIAL = Path(__file__).parents[2] / "docs" / "tutorial.md"

_FENCE = re.compile(r"^```(?P<kind>\w+)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(kind: str) -> list[str]:
    """Return the fenced blocks of a kind, in order."""
    return [found["text"] for found in _FENCE.finditer(TUTORIAL.read_text(encoding="utf-8")) if found["kind"] == kind]


def plain(line: str) -> str:
    """Leave out what differs from run to run: the id behind the title of a record."""
    return re.sub(r"  tutorial-[0-9a-f]{10}$", "", line).rstrip()


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """Give an environment with the program on the path, and no servers or identity of the machine."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("RELEASEPILOT_", "TEMPORAL_"))}
    path = f"{Path(sys.executable).parent}{os.pathsep}{kept.get('PATH', os.defpath)}"
    return {**kept, "PATH": path, "HOME": str(tmp_path), "GIT_CONFIG_NOSYSTEM": "1"}


def test_the_commands_work_in_their_order(tmp_path: Path, environment: dict[str, str]) -> None:
    """No command fails, each line that the tutorial shows is printed, and the remotes hold what it ends with."""
    script = "set -eo pipefail\n" + "".join(blocks("sh"))
    try:
        ended = subprocess.run(
            ["bash", "-c", script], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )
    finally:
        state = tmp_path / "tutorial" / "state"
        subprocess.run(
            ["releasepilot", "--state-dir", state, "down"], env=environment, capture_output=True, check=False
        )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    said = {plain(line) for line in ended.stdout.splitlines()}
    shown = [line.rstrip() for block in blocks("text") for line in block.splitlines()]
    assert len(shown) > 15
    assert [line for line in shown if line not in said] == []
    assert list((tmp_path / "tutorial" / "shelf").iterdir()) == []
    assert ended.stdout.splitlines()[-1] == "stopped"
