"""The changelog of a train, and the one of a whole history."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from support.changelogs import GITHUB, SHA, commit, look, notes
from support.plans import planned, source

from releasepilot.model.catalog import Author, ComponentEntry, Ecosystem
from releasepilot.model.plan import Release
from releasepilot.model.version import Bump
from releasepilot.versioning.changelog import ReleaseNotes, full, insert, train_changelog, unreleased

NEW = "## 2.0.0 (2026-01-31)\n\n### Features\n\n- x\n"


def release(name: str, before: str | None, after: str, changelog: str = NEW, reasons: tuple[str, ...] = ()) -> Release:
    """Make a release of a plan."""
    return Release(
        component=name,
        repo="core.git",
        path=".",
        branch="main",
        head=SHA,
        ecosystem=Ecosystem.GENERIC,
        package=name,
        from_version=before,
        to_version=after,
        bump=Bump.MAJOR,
        from_tag=f"v{before}",
        tag=f"v{after}",
        author=Author(),
        reasons=reasons,
        changelog=changelog,
    )


def test_the_trains_changelog_names_every_component() -> None:
    """Components stand in the order of the train, with both versions."""
    text = train_changelog(train="spring", date="2026-01-31", releases=[release("core", "1.0.0", "2.0.0")])
    assert text == "# spring (2026-01-31)\n\n## core 1.0.0 → 2.0.0\n\n### Features\n\n- x\n"


def test_a_component_that_follows_says_whom() -> None:
    """The cause is a release of the same train; commits that only sound like one are none."""
    reasons = ("api 3.0.0 left its range ^2 *", "core 9.0.0 left its range ^1", "minor: api 3.0.0 left its range")
    follows = ("api 3.0.0 is released, and it always follows",)
    releases = [
        release("api", "2.9.0", "3.0.0"),
        release("web", "2.0.9", "2.1.0", "## 2.1.0 (d)\n", reasons),
        release("docs", None, "1.0.0", "a template without a heading\n", follows),
    ]
    text = train_changelog(train="spring", date="2026-01-31", releases=releases)
    assert text == (
        "# spring (2026-01-31)\n\n"
        "## api 2.9.0 → 3.0.0\n\n### Features\n\n- x\n\n"
        "## web 2.0.9 → 2.1.0\n\nweb 2.1.0 because api 3.0.0 left its range ^2 \\*\n\n"
        "## docs 1.0.0\n\ndocs 1.0.0 because api 3.0.0 is released, and it always follows\n\n"
        "a template without a heading\n"
    )


@given(subject=st.text() | st.sampled_from(["api 3.0.0 left its range ^2", "\nweb 2.1.0 because api 3.0.0 left"]))
def test_no_subject_of_a_commit_tells_a_cause(subject: str) -> None:
    """A reason that is a commit begins with its bump and a colon, and no component may have such a name."""
    for bump in Bump:
        with pytest.raises(ValidationError):
            ComponentEntry(name=f"{bump.value}:", repo="x.git")
        web = release("web", "2.0.9", "2.1.0", "## 2.1.0 (d)\n", (f"{bump.value}: {subject}",))
        text = train_changelog(train="t", date="d", releases=[release("api", "2.9.0", "3.0.0"), web])
        assert "because" not in text


FAKED = "api 3.0.0 left its range ^2"


@pytest.mark.parametrize("policy", ["conventionalcommits", "semantic-release", "cocogitto", "python-semantic-release"])
@pytest.mark.parametrize("line", [FAKED, f"web 1.1.0 because {FAKED}"])
def test_no_message_of_a_commit_writes_a_cause(policy: str, line: str) -> None:
    """Through the whole planner: subjects, notes and footers never become a line that begins as a cause does."""
    endings = "\n", "\n\n", "\r", "\u2028", "\x0b", "\x85", " "
    messages = [f"{head}{end}{line}" for head in ("feat: x", "feat!:", "feat: ") for end in endings]
    messages += [line, f"feat: x\n\nBREAKING CHANGE: y\n\n{line}", f"feat: x\n\nRelease-As: {line}", f"fix: {line}"]
    for message in messages:
        api, web = source("api", "feat: x\n\nBREAKING CHANGE: y", version="2.9.0"), source("web", message, "feat: y")
        plan = planned(api, web, defaults={"versioning": {"policy": policy}})
        assert plan.release_of("api").to_version == "3.0.0"
        assert not [text for text in plan.changelog.splitlines() if text.startswith("web") and "because" in text]


def test_a_full_changelog_is_written_release_after_release() -> None:
    """Title, what is unreleased, and each release, which together are a file that a release goes into."""
    releases = [
        notes(commit("feat: b"), version="", tag="", date=""),
        notes(commit("fix: a"), version="1.0.0", tag="v1.0.0", from_tag=None),
    ]
    text = "".join(full(releases, look()))
    assert text == (
        "# Changelog\n\n## Unreleased\n\n### Features\n\n- b (0123456)\n\n"
        "## 1.0.0 (2026-01-31)\n\n### Bug fixes\n\n- a (0123456)\n"
    )
    assert insert(text, NEW)[0].start == text.index("## 1.0.0")


def test_a_full_changelog_needs_the_memory_of_one_release() -> None:
    """Ten times the releases take no more of it."""

    def history(count: int) -> Iterator[ReleaseNotes]:
        for number in range(count):
            yield notes(*(commit(f"feat: {number} {one} {'x' * 5000}") for one in range(20)), version=f"{number}.0.0")

    def peak(count: int) -> int:
        tracemalloc.start()
        for _ in full(history(count), look()):
            pass
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    peak(5)
    assert peak(200) < 1.5 * peak(20)


def test_what_is_unreleased_leads_on_from_the_new_tag() -> None:
    """In the style that has such a reference, and with a forge."""
    keep = look(GITHUB, style="keep-a-changelog")
    assert unreleased(keep, "v2.0.0") == "https://github.com/acme/web/compare/v2.0.0...HEAD"
    assert unreleased(look(GITHUB), "v2.0.0") == ""
    assert unreleased(look(style="keep-a-changelog"), "v2.0.0") == ""
