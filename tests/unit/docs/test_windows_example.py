"""What the documentation says that `windows` prints is what it prints."""

from __future__ import annotations

import re
from pathlib import Path

from support.pages import HOW_TO, block, printed, shown

PAGE = (HOW_TO / "keep-windows.md").read_text(encoding="utf-8")


def test_the_commands_of_the_page_print_what_it_shows(tmp_path: Path) -> None:
    """Each command of the first block, over the first catalog, where no other clock than the windows' is asked for."""
    (tmp_path / "releasepilot.yaml").write_text(block(PAGE, "yaml"), encoding="utf-8")
    commands = shown(PAGE)
    assert len(commands) == 3
    for words, told in commands:
        zone = re.findall(r"\((\S+)\)$", told, re.MULTILINE)[-1]
        assert printed(words, tmp_path, TZ=zone) == told, words
