"""Who owns which files, by the rules of the forges (docs.github.com, "About code owners")."""

from __future__ import annotations

import pytest

from releasepilot.errors import ManifestError
from releasepilot.versioning.code_owners import owners_of

TEXT = """
# A comment, and an empty line before it.
*             @global-owner
*.js          @js-owner # in-line
/build/logs/  doctocat@example.org
docs/         @octo-org/docs
/apps/        @octocat
/apps/github
[Section]
/scripts/     @doctocat @octocat
!not-a-rule   @nobody
"""


@pytest.mark.parametrize(
    ("path", "owners"),
    [
        ("README.md", ("@global-owner",)),
        ("deep/in/here.js", ("@js-owner",)),
        ("build/logs/a/b.txt", ("doctocat@example.org",)),
        ("src/build/logs/b.txt", ("@global-owner",)),
        ("src/docs/a.md", ("@octo-org/docs",)),
        ("apps/a.js", ("@octocat",)),
        ("apps/github/a.js", ()),
        ("scripts/run", ("@doctocat", "@octocat")),
    ],
)
def test_the_last_rule_that_matches_names_the_owners(path: str, owners: tuple[str, ...]) -> None:
    """A rule without owners takes a file from everybody."""
    assert owners_of(TEXT, [path]) == owners


def test_owners_of_several_files_are_named_once() -> None:
    """In the order of their names."""
    assert owners_of(TEXT, ["b.js", "a.js", "apps/x", "apps/github/y"]) == ("@js-owner", "@octocat")


def test_what_is_no_pattern_is_passed_over() -> None:
    """As forges do."""
    assert owners_of("[abc @y\na[ @z\n\\ @w\n** @v", ["a/b"]) == ("@v",)


@pytest.mark.parametrize("pattern", ["*a*a*a*a*a*b", "**/a/**/b/**/c/**", "x/" + "*" * 50])
def test_patterns_that_could_take_for_ever_are_refused(pattern: str) -> None:
    """To pass over them would give what they match to somebody else."""
    with pytest.raises(ManifestError, match="too many stars"):
        owners_of(f"{pattern} @x", ["a" * 200])


def test_the_worst_pattern_that_is_taken_is_matched() -> None:
    """Three stars over a name as long as a file system allows."""
    assert owners_of("*a*a*b @x", ["a" * 255] * 3) == ()


def test_a_section_gives_its_owners_to_rules_that_name_none() -> None:
    """GitLab's sections; a pattern may hold an escaped blank."""
    text = "* @all\n^[Docs][2] @docs\ndocs/\nsite/ @web\n[Other]\nmy\\ file @me\n"
    assert owners_of(text, ["docs/a"]) == ("@docs",)
    assert owners_of(text, ["site/a"]) == ("@web",)
    assert owners_of(text, ["my file"]) == ("@me",)
