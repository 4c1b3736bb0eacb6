"""Where a section goes in a file that people write in too, and that nothing of theirs changes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from releasepilot.model.plan import FileEdit
from releasepilot.versioning.changelog import insert

NEW = "## 2.0.0 (2026-01-31)\n\n### Features\n\n- x\n"
TILDES = "# C\n\n~~~~\n## 9.9\n~~~\n## 8.8\n~~~~\n"
GUIDE = "# C\n\n## How to go from 1.0 to 2.0\n\nx\n"
OPEN = "# C\n\n## [Unreleased]\n\n- b\n"
COMPARE = "https://github.com/a/b/compare/v2.0.0...HEAD"


def applied(text: str, new: str = NEW, unreleased: str = "") -> str:
    """Insert a section and return the whole."""
    splices = insert(text, new, unreleased=unreleased)
    return FileEdit(path="CHANGELOG.md", before="x", splices=splices).apply(text)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", f"# Changelog\n\n{NEW}"),
        ("\ufeff\n", f"\ufeff# Changelog\n\n{NEW}"),
        ("# Changelog\n", f"# Changelog\n\n{NEW}"),
        ("# Changelog", f"# Changelog\n\n{NEW}"),
        ("# Changelog\n\nIntro.\n\n## [1.0.0] - d\n- a\n", f"# Changelog\n\nIntro.\n\n{NEW}\n## [1.0.0] - d\n- a\n"),
        ("# C\n\n## Unreleased\n\n- b\n\n## v1.0.0\n", f"# C\n\n## Unreleased\n\n- b\n\n{NEW}\n## v1.0.0\n"),
        ("# [1.0.0](https://x) (d)\n", f"{NEW}\n# [1.0.0](https://x) (d)\n"),
        ("# C\n## 1.0.0\n", f"# C\n\n{NEW}\n## 1.0.0\n"),
        ("# C\n\n```\n## 9.9.9\n```\n\n## 1.0.0\n", f"# C\n\n```\n## 9.9.9\n```\n\n{NEW}\n## 1.0.0\n"),
        (f"{TILDES}## 1.0\n", f"{TILDES}\n{NEW}\n## 1.0\n"),
        ("# C\n\n<!--\n## 9.9.9\n-->\n\n## 1.0.0\n", f"# C\n\n<!--\n## 9.9.9\n-->\n\n{NEW}\n## 1.0.0\n"),
        ("# C\n\n<!-- ## 9.9.9 -->\n## 1.0.0\n", f"# C\n\n<!-- ## 9.9.9 -->\n\n{NEW}\n## 1.0.0\n"),
        ("---\ntitle: C\n# 9.9.9\n---\n\n# 1.0.0\n", f"---\ntitle: C\n# 9.9.9\n---\n\n{NEW}\n# 1.0.0\n"),
        ("C\n=\n\n1.0.0 / d\n=========\n\n* a\n", f"C\n=\n\n{NEW}\n1.0.0 / d\n=========\n\n* a\n"),
        ("C\n=\n\n1.0.0\n---\n", f"C\n=\n\n{NEW}\n1.0.0\n---\n"),
        ("# C\n\n- 1.0.0\n---\n", f"# C\n\n- 1.0.0\n---\n\n{NEW}"),
        ('# C\n\n<a name="1.0.0"></a>\n## 1.0.0\n', f'# C\n\n{NEW}\n<a name="1.0.0"></a>\n## 1.0.0\n'),
        ("# C\n\n<a id=x>\n\n# 1.0.0 (2024)\n", f"# C\n\n{NEW}\n<a id=x>\n\n# 1.0.0 (2024)\n"),
        ("\ufeff# C\n\n## 1.0.0\n", f"\ufeff# C\n\n{NEW}\n## 1.0.0\n"),
        ("\ufeff## 1.0.0\n", f"\ufeff{NEW}\n## 1.0.0\n"),
        ("# Changes of the 2.1 series\n\n## 1.0.0\n", f"# Changes of the 2.1 series\n\n{NEW}\n## 1.0.0\n"),
        ("# C\n\n## Release v1.0.0\n", f"# C\n\n{NEW}\n## Release v1.0.0\n"),
        ("# C\n\n## @acme/web@1.0.0\n", f"# C\n\n{NEW}\n## @acme/web@1.0.0\n"),
        ("# C\n\n## web-v1.0.0\n", f"# C\n\n{NEW}\n## web-v1.0.0\n"),
        ("# C\n\n## <small>1.0.0 (d)</small>\n", f"# C\n\n{NEW}\n## <small>1.0.0 (d)</small>\n"),
        ("# C\n\n## What is new in 1.0\n", f"# C\n\n{NEW}\n## What is new in 1.0\n"),
        (f"{GUIDE}\n## 1.0.0\n", f"{GUIDE}\n{NEW}\n## 1.0.0\n"),
        (f"{OPEN}\n[Unreleased]: x\n", f"{OPEN}\n{NEW}\n[Unreleased]: x\n"),
        ("# C\n\n## Unreleased\n\n#### 3.0.0 is near\n", f"# C\n\n## Unreleased\n\n#### 3.0.0 is near\n\n{NEW}"),
    ],
)  # fmt: skip
def test_a_section_finds_its_place(before: str, after: str) -> None:
    """After title, intro and unreleased entries, before the newest release, whatever the headings look like."""
    assert applied(before) == after


def test_line_endings_are_kept() -> None:
    """A file with CRLF stays one, and its last line needs no end."""
    text = applied("# C\r\n\r\n## 1.0.0\r\n")
    assert text == f"# C\n\n{NEW}\n## 1.0.0\n".replace("\n", "\r\n")
    assert applied("# C\r\n\r\nx") == f"# C\n\nx\n\n{NEW}".replace("\n", "\r\n")


def test_a_new_file_has_a_title() -> None:
    """Where there is no changelog one is begun."""
    assert insert(None, NEW)[0].text == f"# Changelog\n\n{NEW}"


@pytest.mark.parametrize(
    "heading", ["## 2.0.0", "## [2.0.0] - soon", "# v2.0.0", "2.0.0\n-----", "## Release 2.0.0 (d)"]
)
def test_a_version_that_is_there_stays_alone(heading: str) -> None:
    """A second run changes nothing, and a section that somebody wrote beforehand stands."""
    assert insert(f"# C\n\n{heading}\n\nmine\n\n## 1.0.0\n", NEW) == ()
    assert insert(f"# C\n\n{heading.replace('2.0.0', '2.0.1')}\n\n## 1.0.0\n", NEW) != ()


def test_the_reference_to_what_is_unreleased_moves_on() -> None:
    """It begins at the new tag; every other character of the file is kept."""
    before = (
        "# C\n\n## [Unreleased]\n\n- b\n\n## [1.0.0]\n\n"
        "[unreleased]: https://github.com/a/b/compare/v1.0.0...HEAD 'x'\n[1.0.0]: https://x\n"
    )
    text = applied(before, unreleased=COMPARE)
    assert text == before.replace("## [1.0.0]", f"{NEW}\n## [1.0.0]").replace(
        "https://github.com/a/b/compare/v1.0.0...HEAD", COMPARE
    )
    assert applied(before) == before.replace("## [1.0.0]", f"{NEW}\n## [1.0.0]")
    assert COMPARE not in applied("# C\n\n```\n[Unreleased]: x\n```\n", unreleased=COMPARE)


LINES = ["# C", "## [Unreleased]", "- a", "## 1.0.0", "1.1.0", "=====", "---", "```", "<!--", "-->", "[Unreleased]: x"]
LINES += ['<a name="x"></a>', "", "", "    # 3.0", "text \u2028 x", "~~~ a", "\ufeff"]


@given(st.lists(st.sampled_from(LINES), max_size=12), st.sampled_from(["\n", "\r\n", "\r"]), st.booleans())
def test_nothing_that_somebody_wrote_is_lost(lines: list[str], newline: str, ended: bool) -> None:
    """The file is what it was, with one piece added; only blank space at its end may give way."""
    text = newline.join(lines) + (newline if ended else "")
    splices = insert(text, NEW)
    assert len(splices) == 1
    splice = splices[0]
    assert not text[splice.start : splice.end].strip("\ufeff \t\r\n")
    assert splice.text.split() == [*([] if text.strip("\ufeff \t\r\n") else ["#", "Changelog"]), *NEW.split()]
    assert insert(applied(text), NEW) == () or "```" in text or "~~~" in text or "<!--" in text
