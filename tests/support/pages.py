"""Pages of the documentation: their blocks, and what their commands print."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from os import environ
from pathlib import Path

HOW_TO = Path(__file__).parents[2] / "docs" / "how-to"


def block(page: str, kind: str) -> str:
    """Return the first block of a kind."""
    found = re.search(rf"^```{kind}\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    assert found is not None
    return found[1]


def shown(page: str) -> list[tuple[str, str]]:
    """Return the commands of the first console block, without the program's name, each with what it prints."""
    return re.findall(r"^\$ releasepilot (.+)\n((?:[^$].*\n)+)", block(page, "console"), re.MULTILINE)


def printed(words: str, folder: Path, **variables: str) -> str:
    """Run a command in a folder and return what it writes to standard output."""
    ended = subprocess.run(
        [sys.executable, "-m", "releasepilot.cli.main", *shlex.split(words)],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        env={**environ, "RELEASEPILOT_STATE_DIR": str(folder / "state"), **variables},
    )
    return ended.stdout
