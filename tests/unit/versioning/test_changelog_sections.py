"""What a release's section tells, and in which order and style."""

from __future__ import annotations

import pytest
from support.changelogs import GITHUB, SHA, commit, look, notes

from releasepilot.model.commit import Commit
from releasepilot.model.plan import DependencyUpdate
from releasepilot.model.version import Bump
from releasepilot.model.versioning import PolicyEntry
from releasepilot.versioning.changelog import section

UPDATE = DependencyUpdate(
    component="core", package="@acme/core", kind="runtime", path="package.json", before="^1.0.0", after="^2.0.0"
)


def test_a_section_in_full() -> None:
    """Kinds stand in a fixed order, scopes are bold, ids short, other types are not told."""
    made = notes(
        commit("fix(io): close the file"),
        commit("feat!: new format\n\nBREAKING CHANGE: the old format is refused"),
        commit("perf: less work"),
        commit("docs: more words"),
        updates=[UPDATE],
        versions={"core": "2.0.0"},
    )
    assert section(made, look()) == (
        "## 2.0.0 (2026-01-31)\n\n"
        "### Breaking changes\n\n- the old format is refused (0123456)\n\n"
        "### Features\n\n- new format (0123456)\n\n"
        "### Bug fixes\n\n- **io:** close the file (0123456)\n\n"
        "### Performance\n\n- less work (0123456)\n\n"
        "### Dependencies\n\n- **`@acme/core`** 2.0.0: `^1.0.0` → `^2.0.0`\n"
    )


def test_keep_a_changelog() -> None:
    """Its own headings; what breaks has changed and comes first, whatever else there is."""
    made = notes(
        commit("fix: a"),
        commit("feat: b"),
        commit("feat(io)!: c\n\nBREAKING CHANGE: d"),
        commit("perf: e"),
        commit("security: f"),
        commit("remove: g"),
        policy="cargo-zero",
    )
    text = section(made, look(style="keep-a-changelog", policy="cargo-zero"))
    assert text == (
        "## 2.0.0 - 2026-01-31\n\n"
        "### Changed\n\n- **Breaking:** **io:** d (0123456)\n- e (0123456)\n\n"
        "### Added\n\n- b (0123456)\n- **Breaking:** **io:** c (0123456)\n\n"
        "### Removed\n\n- g (0123456)\n\n"
        "### Fixed\n\n- a (0123456)\n\n"
        "### Security\n\n- f (0123456)\n"
    )


def test_notes_of_several_lines_stay_one_item() -> None:
    """Lines and paragraphs of a note go on in its item, and form no list of their own."""
    made = notes(commit("feat!: x\n\nBREAKING CHANGE: first\nsecond\n\n- third\n# fourth"))
    assert "\n- first (0123456)\n" not in section(made, look())
    assert "- first\n  second (0123456)\n\n  \\- third\n  \\# fourth\n" in section(made, look())


def test_links_lead_to_the_forge() -> None:
    """Heading, commits and issues are linked, and what a message closes is told once."""
    made = notes(commit("fix: a (#1)\n\nCloses #1, #2 and o/r#3\nFixes #2"))
    assert section(made, look(GITHUB)) == (
        "## [2.0.0](https://github.com/acme/web/compare/v1.0.0...v2.0.0) (2026-01-31)\n\n"
        "### Bug fixes\n\n"
        "- a ([#1](https://github.com/acme/web/issues/1)) "
        f"([0123456](https://github.com/acme/web/commit/{SHA})), "
        "closes [#2](https://github.com/acme/web/issues/2) [o/r#3](https://github.com/o/r/issues/3)\n"
    )


def test_a_first_release_has_nothing_to_compare() -> None:
    """Its heading leads to the tag."""
    text = section(notes(from_tag=None), look(GITHUB))
    assert text == "## [2.0.0](https://github.com/acme/web/releases/tag/v2.0.0) (2026-01-31)\n"


def test_authors_where_they_are_asked_for() -> None:
    """Names are told, addresses never."""
    made = notes(commit("fix: a", author="Ann <ann@example.org> *"))
    assert "ann" not in section(made, look()).lower()
    text = section(made, look(authors=True))
    assert "- a (0123456), by Ann `<ann@example.org>` \\*\n" in text
    assert "ann@example.org" not in section(notes(commit("fix: a", author="Ann")), look(authors=True))


def test_the_catalogs_headings() -> None:
    """A type gets the catalog's heading, in place of the policy's or beside it; an empty one leaves it out."""
    made = notes(commit("docs: a"), commit("ui: b"), commit("fix: c"), commit("perf: d"))
    text = section(made, look(headings={"docs": "Guides *", "ui": "bug fixes", "perf": ""}))
    assert text == (
        "## 2.0.0 (2026-01-31)\n\n### Bug fixes\n\n- b (0123456)\n- c (0123456)\n\n### Guides \\*\n\n- a (0123456)\n"
    )


def test_a_type_that_the_catalog_lets_release_is_told() -> None:
    """Otherwise a release would have nothing to say."""
    policy = PolicyEntry(extends="conventionalcommits", types={"build": Bump.PATCH, "ui": Bump.MINOR})
    made = notes(commit("build: a"), commit("ui: b"), commit("ci: c"))
    text = section(made, look(policy=policy))
    assert text == ("## 2.0.0 (2026-01-31)\n\n### Build\n\n- a (0123456)\n\n### Other changes\n\n- b (0123456)\n")


def test_reasons_stand_where_nothing_else_does() -> None:
    """A release without a visible commit says why it was made."""
    made = notes(commit("chore: x"), reasons=["core 2.0.0 left its range ^1"])
    assert section(made, look()) == "## 2.0.0 (2026-01-31)\n\n### Changes\n\n- core 2.0.0 left its range ^1\n"
    assert "### Changed\n\n- core" in section(made, look(style="keep-a-changelog"))
    assert "left its range" not in section(notes(commit("fix: x"), reasons=["core 2.0.0 left its range ^1"]), look())


def test_merges_are_told_where_the_tool_tells_them() -> None:
    """python-semantic-release leaves them out, whatever they say."""
    merge = Commit(sha=SHA, message="feat: x", merge=True)
    assert "- x" in section(notes(merge), look())
    policy = "python-semantic-release"
    assert "- x" not in section(notes(merge, policy=policy), look(policy=policy))


def test_a_revert_leaves_no_trace_beside_its_original() -> None:
    """Both vanish; a revert of something older is told; what was applied again stands."""
    first, second, third = "a" * 40, "b" * 40, "c" * 40
    original = commit("feat: x", first)
    revert = commit(f'Revert "feat: x"\n\nThis reverts commit {first}.', second)
    again = commit(f'Reapply "feat: x"\n\nThis reverts commit {second}.', third)
    assert "x" not in section(notes(revert, original), look())
    assert "### Reverts\n\n- feat: x (bbbbbbb)" in section(notes(revert), look())
    assert "### Features\n\n- x (aaaaaaa)" in section(notes(again, revert, original), look())
    assert "Reverts" not in section(notes(again, revert, original), look())


def test_a_revert_without_an_id_takes_the_newest_of_that_name() -> None:
    """An older commit of the same first line stays, and so does one that came after the revert."""
    commits = [commit("fix: x", "a" * 40), commit('Revert "fix: x"', "b" * 40)]
    commits += [commit("fix: x", "c" * 40), commit("fix: x", "d" * 40)]
    text = section(notes(*commits), look())
    assert "(aaaaaaa)" in text
    assert "(ddddddd)" in text
    assert "(bbbbbbb)" not in text
    assert "(ccccccc)" not in text


@pytest.mark.parametrize(
    ("policy", "message", "headings"),
    [
        ("semantic-release", "docs: x", []),
        ("semantic-release", "docs: x\n\nBREAKING CHANGE: y", ["Breaking changes", "Documentation"]),
        ("semantic-release", "Feat: x", []),
        ("conventionalcommits", "Feat: x", ["Features"]),
        ("conventionalcommits", "ui!: x", ["Breaking changes", "Other changes"]),
        ("release-please", "docs: x", ["Documentation"]),
        ("release-please", "deps: x", ["Dependencies"]),
        ("release-please", "chore: x\n\nRelease-As: 3.0.0", ["Chores"]),
        ("python-semantic-release", "chore: x", ["Chores"]),
        ("cocogitto", "ci: x", ["Continuous integration"]),
        ("cocogitto", "chore(version): 1.0.0", []),
        ("knope", "perf: x", []),
        ("knope", "perf!: x", ["Breaking changes"]),
    ],
)
def test_each_policy_tells_what_its_tool_tells(policy: str, message: str, headings: list[str]) -> None:
    """Types are shown, hidden, or shown where they break, as the tool of the policy's name does."""
    text = section(notes(commit(message), policy=policy), look(policy=policy))
    assert [line.removeprefix("### ") for line in text.splitlines() if line.startswith("### ")] == headings
