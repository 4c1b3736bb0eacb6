"""What each dialect tells of a message: the changelog is written from it."""

from __future__ import annotations

import pytest

from releasepilot.versioning import POLICIES
from releasepilot.versioning.conventional import Revert
from releasepilot.versioning.dialect import Change

SHA = "0123456789abcdef0123456789abcdef01234567"
BREAKING = "fix(core/io): mend it\n\nWhy.\n\nBREAKING CHANGE: the port\nis gone\n\nRefs: #12\n"
ALL = sorted(POLICIES)


@pytest.mark.parametrize("policy", ALL)
def test_every_dialect_tells_type_scope_and_description(policy: str) -> None:
    """An ordinary message is read alike by all."""
    (change,) = POLICIES[policy].read("feat(core/io-net): read it (#12)\n\nBecause.\n\nRefs: #1\n")
    assert change == Change(
        subject="feat(core/io-net): read it (#12)", type="feat", scope="core/io-net", description="read it (#12)"
    )


@pytest.mark.parametrize("policy", ALL)
def test_every_dialect_tells_what_breaks(policy: str) -> None:
    """The text of the note is told, as far as the tool reads it, and no footer with it."""
    changes = POLICIES[policy].read(BREAKING)
    (told,) = [note for change in changes if change.breaking for note in change.notes]
    assert " ".join(told.split()) in {"the port is gone", "the port"}
    assert changes[0].scope == "core/io"


@pytest.mark.parametrize("policy", sorted(POLICIES.keys() - {"semantic-release"}))
def test_with_the_mark_alone_the_description_says_what_breaks(policy: str) -> None:
    """`!` is enough, except for the Angular preset, to which the header then means nothing."""
    (change,) = POLICIES[policy].read("feat(a)!: drop the port")
    assert (change.type, change.scope, change.description) == ("feat", "a", "drop the port")
    assert (change.breaking, change.notes) == (True, ("drop the port",))
    assert POLICIES["semantic-release"].read("feat(a)!: drop the port") == (Change(subject="feat(a)!: drop the port"),)


@pytest.mark.parametrize("policy", sorted(POLICIES.keys() - {"commitizen", "python-semantic-release"}))
def test_crlf_changes_nothing(policy: str) -> None:
    """A message that came through a forge's form is read as any other."""
    read = POLICIES[policy].read
    assert [change._replace(notes=()) for change in read(BREAKING.replace("\n", "\r\n"))] == [
        change._replace(notes=()) for change in read(BREAKING)
    ]


@pytest.mark.parametrize("policy", ["semantic-release", "conventionalcommits", "knope", "pep440", "calver"])
def test_reverts_are_told(policy: str) -> None:
    """Git's form gives the header and the commit; only the presets need the commit."""
    (change,) = POLICIES[policy].read(f'Revert "feat: x"\n\nThis reverts commit {SHA}.')
    assert change.reverts == Revert(header="feat: x", shas=(SHA,))


def test_the_recommended_revert_is_read_with_its_references() -> None:
    """`revert:` with a `Refs` footer is the specification's own advice."""
    (change,) = POLICIES["cargo-zero"].read(f"revert: feat: x\n\nRefs: {SHA[:8]}")
    assert (change.type, change.reverts) == ("revert", Revert(header="feat: x", shas=(SHA[:8],)))


def test_each_note_is_a_text_of_its_own() -> None:
    """Two notes of the presets end where the next one, or a footer, begins."""
    (change,) = POLICIES["semantic-release"].read(
        "chore: x\n\nBREAKING CHANGE: one\nof two lines\n\nand more\nBREAKING CHANGE two\n\nCloses: #1\nmore"
    )
    assert change.notes == ("one\nof two lines\n\nand more", "two")


def test_release_please_tells_nested_commits_in_order() -> None:
    """The header's own change, the commits after it, then those between the markers."""
    message = (
        "chore: squash (#1)\n\nfeat(a): first\n\nwords\n\n"
        "BEGIN_NESTED_COMMIT\nfix(b)!: nested\n\nRelease-As: v2.1\nEND_NESTED_COMMIT\n"
    )
    changes = POLICIES["release-please"].read(message)
    assert [(one.type, one.scope, one.description, one.breaking) for one in changes] == [
        ("chore", "", "squash (#1)", False),
        ("feat", "a", "first", False),
        ("fix", "b", "nested", True),
    ]
    assert [one.release_as for one in changes] == ["", "", "2.1.0"]


def test_release_please_reads_footers_that_are_commits() -> None:
    """Footers are the tokens that reach to the end of the message; those of a known type are commits."""
    changes = POLICIES["release-please"].read("chore: a\n\nBody.\n\nfeat(x)!: b\n continued\nReviewed-by: Z\nfix: c\n")
    assert [(one.type, one.description, one.notes) for one in changes] == [
        ("chore", "a", ()),
        ("feat", "b", ("b",)),
        ("fix", "c", ()),
    ]


def test_python_semantic_release_reads_what_git_merge_squash_wrote() -> None:
    """The headers that git puts before each commit are taken away, and indentation too."""
    message = (
        "Squashed commit of the following:\n\n"
        f"commit {SHA}\nAuthor: A\nDate:   Mon\n\n    feat(a): first of two\n\n    Why.\n\n"
        f"commit {SHA}\nAuthor: A\nDate:   Mon\n\n    fix: second of two\n\n    BREAKING CHANGE: the port\n"
    )
    changes = POLICIES["python-semantic-release"].read(message)
    assert [(one.type, one.scope, one.description, one.notes) for one in changes] == [
        ("feat", "a", "first of two", ()),
        ("fix", "", "second of two", ("the port",)),
    ]


def test_commitizen_tells_every_line_that_counts() -> None:
    """Each is a change with its own line for a subject; other lines are none."""
    changes = POLICIES["commitizen"].read("Merge pull request\n\nfeature(a): b\ndocs: c\nBREAKING CHANGE: d\n")
    assert changes == (
        Change(subject="feature(a): b", type="feat", scope="a", description="b"),
        Change(subject="BREAKING CHANGE: d", description="d", breaking=True, notes=("d",)),
    )
