"""What the documentation says that `rules` prints is what it prints."""

from __future__ import annotations

import re
from pathlib import Path

from support.pages import HOW_TO, block, printed, shown

from releasepilot.governance import risk

PAGE = (HOW_TO / "write-rules.md").read_text(encoding="utf-8")


def test_the_commands_of_the_page_print_what_it_shows(tmp_path: Path) -> None:
    """Each command of the first block, over the first catalog."""
    (tmp_path / "releasepilot.yaml").write_text(block(PAGE, "yaml"), encoding="utf-8")
    commands = shown(PAGE)
    assert len(commands) == 2
    for words, told in commands:
        assert printed(words, tmp_path) == told, words


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
