"""`releasepilot worker`: what it is told wrong, it refuses before it reaches for any server."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from releasepilot.cli.main import cli


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("--slots 0", "--slots: '0' is no number of steps side by side: write one from 1 to 1000"),
        ("--slots publish=1001", "--slots: '1001' is no number of steps side by side"),
        ("--slots registry=3", "--slots: 'registry=3' names no queue: there are engine, git, publish, deploy"),
        ("--slots =3", "--slots: '=3' names no queue"),
        ("--slots 3 --slots 4", "--slots: '4' is one number too many: there is one for all queues already"),
        ("--slots git=3 --slots git=3", "--slots: 'git=3' is one number too many: there is one for git already"),
        ("--queue git --slots publish=4", "this worker does not take the queue publish: give --queue publish, too"),
        ("--rate publish=soon", "--rate: 'soon' is no number of steps a second"),
        ("--rate publish=inf", "--rate: 'inf' is no number of steps a second"),
        ("--rate publish=0", "--rate: '0' is no number of steps a second"),
        ("--queue git --rate deploy=1", "--rate: this worker does not take the queue deploy"),
        ("--grace -1", "Invalid value for '--grace'"),
    ],
)
def test_wrong_limits_are_wrong_usage(words: str, told: str, tmp_path: Path) -> None:
    """Each with the option, what is wrong about it, and what can be written."""
    said = CliRunner().invoke(cli, ["--state-dir", str(tmp_path / "state"), "worker", *words.split()])
    assert said.exit_code == 2
    assert told in said.output
    assert not (tmp_path / "state").exists()
