"""Changelogs: what they tell, and what hostile text cannot do in them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from releasepilot.model.catalog import Author, Ecosystem
from releasepilot.model.commit import Commit
from releasepilot.model.plan import DependencyUpdate, FileEdit, Release
from releasepilot.model.version import Bump
from releasepilot.versioning.changelog import escape, insert, section, train_changelog

SHA = "0123456789abcdef0123456789abcdef01234567"


def commit(message: str, sha: str = SHA) -> Commit:
    """Make a commit."""
    return Commit(sha=sha, message=message)


def test_a_section_in_full() -> None:
    """Kinds stand in a fixed order, scopes are bold, ids short, other types are not told."""
    update = DependencyUpdate(
        component="core", package="@acme/core", kind="runtime", path="package.json", before="^1.0.0", after="^2.0.0"
    )
    text = section(
        version="2.0.0",
        date="2026-01-31",
        commits=[
            commit("fix(io): close the file"),
            commit("feat!: new format\n\nBREAKING CHANGE: the old format\nis refused"),
            commit("perf: less work"),
            commit("docs: more words"),
        ],
        updates=[update],
        versions={"core": "2.0.0"},
    )
    assert text == (
        "## 2.0.0 (2026-01-31)\n\n"
        "### Breaking changes\n\n- the old format is refused (0123456)\n\n"
        "### Features\n\n- new format (0123456)\n\n"
        "### Bug fixes\n\n- **io:** close the file (0123456)\n\n"
        "### Performance\n\n- less work (0123456)\n\n"
        "### Dependencies\n\n- **`@acme/core`** 2.0.0: `^1.0.0` → `^2.0.0`\n"
    )


def test_a_revert_leaves_no_trace_beside_its_original() -> None:
    """Both vanish; a revert of something older is told; what was applied again stands."""
    first, second, third = "a" * 40, "b" * 40, "c" * 40
    original = commit("feat: x", first)
    revert = commit(f'Revert "feat: x"\n\nThis reverts commit {first}.', second)
    again = commit(f'Reapply "feat: x"\n\nThis reverts commit {second}.', third)
    assert "x" not in section(version="1.0.0", date="d", commits=[revert, original])
    assert "### Reverts\n\n- feat: x (bbbbbbb)" in section(version="1.0.0", date="d", commits=[revert])
    assert "### Features\n\n- x (aaaaaaa)" in section(version="1.0.0", date="d", commits=[again, revert, original])


def test_reasons_stand_where_nothing_else_does() -> None:
    """A release without a visible commit says why it was made."""
    text = section(
        version="1.0.1", date="2026-01-31", commits=[commit("chore: x")], reasons=["core 2.0.0 was released"]
    )
    assert text == "## 1.0.1 (2026-01-31)\n\n### Changes\n\n- core 2.0.0 was released\n"


HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "[click](https://evil.example)",
    "![x](https://evil.example/x.png)",
    "https://evil.example www.evil.example me@evil.example",
    "thanks @everyone and @org/team",
    "# heading",
    "- list",
    "1. list",
    "> quote",
    "*a* _b_ ~~c~~ `d` **e**",
    "&lt;b&gt; &#64;user",
    "``@x` <b>",
    "a\u2028# b\u202e c\x00d\r# e",
    "<https://evil.example>",
    "[a]: https://evil.example",
    "| a | b |",
    "$x$ \\<b>",
    "- [ ] task",
    "www.`x`@y",
]

#: What a plain entry is rendered with.
HARMLESS = {"paragraph_open", "paragraph_close", "inline", "bullet_list_open", "bullet_list_close"}
HARMLESS |= {"list_item_open", "list_item_close", "heading_open", "heading_close", "text", "code_inline"}
HARMLESS |= {"text_special", "strong_open", "strong_close"}


def kinds(text: str) -> list[str]:
    """Return the kinds of what a GitHub-flavoured renderer sees, lists of lists unfolded."""
    found: list[str] = []
    for token in MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(text):
        found += [token.type, *(child.type for child in token.children or [])]
    return found


def live(text: str) -> list[str]:
    """Return the texts outside of code, where a forge looks for names and addresses."""
    tokens = MarkdownIt("commonmark").parse(text)
    return [child.content for token in tokens for child in token.children or [] if child.type == "text"]


@pytest.mark.parametrize("subject", HOSTILE)
def test_hostile_text_stays_text(subject: str) -> None:
    """No markup, link, heading, nested list, HTML or mention comes out of a message."""
    text = section(version="1.0.0", date="2026-01-31", commits=[commit(f"feat: {subject}")])
    assert set(kinds(text)) <= HARMLESS
    assert kinds(text).count("heading_open") == 2
    assert kinds(text).count("bullet_list_open") == 1
    assert not [part for part in live(text) if "@" in part or "://" in part or "www." in part]


@given(st.text(max_size=80), st.sampled_from(HOSTILE))
def test_any_text_stays_text(tail: str, head: str) -> None:
    """Neither does it come out of anything else."""
    text = f"- {escape(head + tail)}x\n"
    assert set(kinds(text)) <= HARMLESS
    assert kinds(text).count("bullet_list_open") == 1
    assert not [part for part in live(text) if "@" in part or "://" in part]


def test_plain_text_is_left_alone() -> None:
    """What is no markup is not escaped, and what is too long is cut."""
    assert escape("fix foo_bar (#12), 3.5 times: a-b's c") == "fix foo_bar (#12), 3.5 times: a-b's c"
    assert len(escape("x" * 10_000_000)) < 1000


def applied(text: str, new: str) -> str:
    """Insert a section and return the whole."""
    return FileEdit(path="CHANGELOG.md", before="x", splices=insert(text, new)).apply(text)


NEW = "## 2.0.0 (2026-01-31)\n\n### Features\n\n- x\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", f"# Changelog\n\n{NEW}"),
        ("# Changelog\n", f"# Changelog\n\n{NEW}"),
        ("# Changelog\n\nIntro.\n\n## [1.0.0] - d\n- a\n", f"# Changelog\n\nIntro.\n\n{NEW}\n## [1.0.0] - d\n- a\n"),
        ("# C\n\n## Unreleased\n\n- b\n\n## v1.0.0\n", f"# C\n\n## Unreleased\n\n- b\n\n{NEW}\n## v1.0.0\n"),
        ("# [1.0.0](https://x) (d)\n", f"{NEW}\n# [1.0.0](https://x) (d)\n"),
        ("# C\n## 1.0.0\n", f"# C\n\n{NEW}\n## 1.0.0\n"),
        ("# C\n\n```\n## 9.9.9\n```\n\n## 1.0.0\n", f"# C\n\n```\n## 9.9.9\n```\n\n{NEW}\n## 1.0.0\n"),
    ],
)
def test_a_section_finds_its_place(before: str, after: str) -> None:
    """After title, intro and unreleased entries, before the newest release."""
    assert applied(before, NEW) == after


def test_line_endings_are_kept() -> None:
    """A file with CRLF stays one."""
    text = applied("# C\r\n\r\n## 1.0.0\r\n", NEW)
    assert text == f"# C\n\n{NEW}\n## 1.0.0\n".replace("\n", "\r\n")


def test_a_new_file_has_a_title() -> None:
    """Where there is no changelog one is begun."""
    assert insert(None, NEW)[0].text == f"# Changelog\n\n{NEW}"


def test_the_trains_changelog_names_every_component() -> None:
    """Components stand in the order of the train, with both versions."""
    release = Release(
        component="core",
        repo="core.git",
        path=".",
        branch="main",
        head=SHA,
        ecosystem=Ecosystem.GENERIC,
        package="core",
        from_version="1.0.0",
        to_version="2.0.0",
        bump=Bump.MAJOR,
        from_tag="v1.0.0",
        tag="v2.0.0",
        author=Author(),
        reasons=(),
        changelog=NEW,
    )
    text = train_changelog(train="spring", date="2026-01-31", releases=[release])
    assert text == "# spring (2026-01-31)\n\n## core 1.0.0 → 2.0.0\n\n### Features\n\n- x\n"
