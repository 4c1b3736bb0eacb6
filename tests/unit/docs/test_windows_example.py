"""What the documentation says that `windows` prints is what it prints."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from os import environ
from pathlib import Path

PAGE = Path(__file__).parents[3] / "docs" / "how-to" / "keep-windows.md"


def block(kind: str) -> str:
    """Return the first block of a kind."""
    found = re.search(rf"^```{kind}\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    assert found is not None
    return found[1]


def test_the_commands_of_the_page_print_what_it_shows(tmp_path: Path) -> None:
    """Each command of the first block, over the first catalog, where no other clock than the windows' is asked for."""
    (tmp_path / "releasepilot.yaml").write_text(block("yaml"), encoding="utf-8")
    shown = re.findall(r"^\$ releasepilot (.+)\n((?:[^$].*\n)+)", block("console"), re.MULTILINE)
    assert len(shown) == 3
    for words, printed in shown:
        zone = re.findall(r"\((\S+)\)$", printed, re.MULTILINE)[-1]
        ended = subprocess.run(
            [sys.executable, "-m", "releasepilot.cli.main", *shlex.split(words)],
            capture_output=True,
            text=True,
            check=False,
            cwd=tmp_path,
            env={**environ, "TZ": zone, "RELEASEPILOT_STATE_DIR": str(tmp_path / "state")},
        )
        assert ended.stdout == printed, words
