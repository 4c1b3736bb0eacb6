"""What the documentation says that `rules` prints is what it prints."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from os import environ
from pathlib import Path

from releasepilot.governance import risk

PAGE = (Path(__file__).parents[3] / "docs" / "how-to" / "write-rules.md").read_text(encoding="utf-8")


def block(kind: str) -> str:
    """Return the first block of a kind."""
    found = re.search(rf"^```{kind}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    assert found is not None
    return found[1]


def test_the_commands_of_the_page_print_what_it_shows(tmp_path: Path) -> None:
    """Each command of the first block, over the first catalog."""
    (tmp_path / "releasepilot.yaml").write_text(block("yaml"), encoding="utf-8")
    shown = re.findall(r"^\$ releasepilot (.+)\n((?:[^$].*\n)+)", block("console"), re.MULTILINE)
    assert len(shown) == 2
    for words, printed in shown:
        ended = subprocess.run(
            [sys.executable, "-m", "releasepilot.cli.main", *shlex.split(words)],
            capture_output=True,
            text=True,
            check=False,
            cwd=tmp_path,
            env={**environ, "RELEASEPILOT_STATE_DIR": str(tmp_path / "state")},
        )
        assert ended.stdout == printed, words


def test_the_table_of_factors_is_that_of_the_code() -> None:
    """Weights and thresholds; the window's are told in units of time."""
    rows = dict(re.findall(r"^\| `(\w+)` \| (\d \|.*) \|$", PAGE, re.MULTILINE))
    scales = {
        "size": risk._SIZE,
        "breaking": risk._BREAKING,
        "dependents": risk._DEPENDENTS,
        "waiting": risk._WAITING,
        "newcomers": risk._NEWCOMERS,
        "failures": risk._FAILURES,
        "window": risk._WINDOW,
    }
    assert rows.keys() == scales.keys()
    for name, scale in scales.items():
        weight, _, *steps = (cell.strip() for cell in rows[name].split("|"))
        assert int(weight) == scale.weight
        if name != "window":
            told = [int(step) for step in steps if step]
            assert told == list(dict.fromkeys(scale.steps)), name
