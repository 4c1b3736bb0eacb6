"""Conventional Commits 1.0.0, clause by clause, and reverts."""

from __future__ import annotations

from dataclasses import replace
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from releasepilot.versioning import POLICIES, decide
from releasepilot.versioning.conventional import Revert, parse, revert_of, subject


@pytest.mark.parametrize(
    ("message", "kind", "scope", "breaking", "description"),
    [
        ("feat: allow objects", "feat", "", False, "allow objects"),
        ("feat(lang): add Polish", "feat", "lang", False, "add Polish"),
        ("feat!: drop it", "feat", "", True, "drop it"),
        ("feat(api)!: drop it", "feat", "api", True, "drop it"),
        ("FIX: shout", "fix", "", False, "shout"),
        ("fix(core/io-net): slashes", "fix", "core/io-net", False, "slashes"),
        ("\n\n  docs: led by white space  \n", "docs", "", False, "led by white space"),
        ("feat: crlf\r\n\r\nbody\r\n", "feat", "", False, "crlf"),
        ("feat:  two spaces", "feat", "", False, "two spaces"),
        ("build(deps): bump a from 1: 2", "build", "deps", False, "bump a from 1: 2"),
    ],
)
def test_headers(message: str, kind: str, scope: str, breaking: bool, description: str) -> None:
    """Type, scope, `!` and description are read; types are case-insensitive."""
    commit = parse(message)
    assert commit is not None
    assert (commit.kind, commit.scope, commit.breaking, commit.description) == (kind, scope, breaking, description)


@pytest.mark.parametrize(
    "message",
    [
        "feat : x",
        "feat:x",
        "feat!(a): x",
        "feat",
        "feat:",
        "feat: ",
        "(a): x",
        "feat(): x",
        "two words: x",
        "",
        ": x",
        "Merge pull request #1 from a/b\n\nfeat: x",
        'Revert "feat: x"',
        "feat(a)(b): x",
        "https://a.example: x",
    ],
)
def test_headers_that_are_not_conventional(message: str) -> None:
    """What the specification does not allow has no type."""
    assert parse(message) is None


def test_the_type_is_kept_as_written() -> None:
    """Case is ignored for comparison and kept for display."""
    commit = parse("Feat: x")
    assert commit is not None
    assert (commit.type, commit.kind) == ("Feat", "feat")


def test_body_and_footers() -> None:
    """The specification's example with paragraphs and two kinds of footer is read in full."""
    commit = parse(
        "fix: prevent racing\n\nIntroduce an id.\n\nRemove timeouts.\n\n"
        "Reviewed-by: Z\nRefs #123\nBREAKING-CHANGE: all\n of it"
    )
    assert commit is not None
    assert commit.body == "Introduce an id.\n\nRemove timeouts."
    assert commit.footers == (("Reviewed-by", "Z"), ("Refs", "123"), ("BREAKING-CHANGE", "all\n of it"))
    assert commit.breaking
    assert commit.breaking_change == "all\n of it"


@pytest.mark.parametrize(
    ("message", "breaking"),
    [
        ("fix: a\n\nBREAKING CHANGE: b", True),
        ("fix: a\n\nbody\n\nBREAKING CHANGE: b", True),
        ("fix: a\r\n\r\nBREAKING CHANGE: b\r\n", True),
        ("fix: a\n\nBREAKING CHANGE:\nb", True),
        ("fix: a\n\nbreaking change: b", False),
        ("fix: a\n\nBreaking-Change: b", False),
        ("fix: a\n\nBREAKING CHANGE #1", False),
        ("fix: a\n\nBREAKING CHANGES: b", False),
        ("fix: a\n\nno BREAKING CHANGE: b", False),
        ("chore(x)!: a", True),
    ],
)
def test_breaking_changes(message: str, breaking: bool) -> None:
    """BREAKING CHANGE must be upper case, begin its line, and end with a colon; `!` may be on any type."""
    commit = parse(message)
    assert commit is not None
    assert commit.breaking is breaking


def test_the_breaking_text_is_the_footer_or_the_description() -> None:
    """With `!` alone the description says what breaks."""
    with_mark = parse("feat!: drop it")
    with_both = parse("feat!: drop it\n\nBREAKING CHANGE: it is gone")
    assert with_mark is not None
    assert with_both is not None
    assert (with_mark.breaking_change, with_both.breaking_change) == ("drop it", "it is gone")


SHA = "0123456789abcdef0123456789abcdef01234567"


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (f'Revert "feat: x"\n\nThis reverts commit {SHA}.', Revert(header="feat: x", shas=(SHA,))),
        ('Revert "feat: x" (#12)', Revert(header='"feat: x" (#12)', shas=())),
        (
            f'Revert "Revert "feat: x""\n\nThis reverts commit {SHA[:9]}.',
            Revert(header='Revert "feat: x"', shas=(SHA[:9],)),
        ),
        (f'Reapply "feat: x"\n\nThis reverts commit {SHA}.', Revert(header="feat: x", shas=(SHA,))),
        (f"revert: feat: x\n\nRefs: {SHA[:7]}, {SHA[:8]}", Revert(header="feat: x", shas=(SHA[:7], SHA[:8]))),
        (f"revert: feat: x\n\nThis reverts commit {SHA}.", Revert(header="feat: x", shas=(SHA,))),
        ("feat: revert to the old way", None),
        ("Reapply the paint", None),
        ("reverting: x", None),
    ],
)
def test_reverts(message: str, expected: Revert | None) -> None:
    """git's, GitHub's and the specification's recommended form name header and commits."""
    assert revert_of(message) == expected


HEADS = ["feat: x\n\n", "revert", 'Revert "', "", "fix(", "feat: x\nBREAKING CHANGE: "]


@given(st.sampled_from(HEADS), st.text(max_size=400), st.sampled_from(sorted(POLICIES)))
def test_any_text_is_read_without_an_error(head: str, tail: str, policy: str) -> None:
    """Whatever stands in a message, it is read; a line of the subject stays one line."""
    message = head + tail
    commit = parse(message)
    revert_of(message)
    decide("1.2.3", [message], policy, date="2026-07-23")
    assert "\n" not in subject(message)
    if commit is not None:
        assert "\n" not in commit.description
        assert commit.type.strip() == commit.type


@given(
    st.from_regex(r"[a-z]{1,10}", fullmatch=True),
    st.from_regex(r"[a-z/-]{0,10}", fullmatch=True),
    st.booleans(),
    st.from_regex(r"[!-~]([ -~]{0,40}[!-~])?", fullmatch=True),
)
def test_what_is_written_by_the_rules_is_read_back(kind: str, scope: str, bang: bool, description: str) -> None:
    """A header built by the grammar is read as its parts."""
    commit = parse(f"{kind}{f'({scope})' if scope else ''}{'!' if bang else ''}: {description}")
    assert commit is not None
    assert (commit.type, commit.scope, commit.breaking, commit.description) == (kind, scope, bang, description)


@pytest.mark.parametrize(
    "tail",
    [
        "x" * 10_000_000,
        "\n" * 10_000_000,
        "a-" * 5_000_000,
        "BREAKING CHANGE" * 600_000,
        "(" * 10_000_000,
        " \n" * 5_000_000,
        "* feat: " * 1_200_000,
        "This reverts commit " * 500_000,
        "breaking change: x\n" * 50_000,
        "\n\nBREAKING CHANGE: x" * 40_000,
        "fix: a b\n\n" * 60_000,
        "a: b\n " * 100_000,
        "* feat: a b\n" * 60_000,
        "BEGIN_NESTED_COMMIT\n" * 50_000,
        "release-as: " * 60_000,
    ],
    ids=[
        "one word",
        "newlines",
        "token",
        "notes",
        "parentheses",
        "blank lines",
        "squash",
        "reverts",
        "small notes",
        "note paragraphs",
        "commits",
        "footers",
        "list",
        "nested",
        "release-as",
    ],
)
def test_megabytes_are_read_in_linear_time(tail: str) -> None:
    """No message makes reading slow, by any dialect: those of ten megabytes, and those of many small parts."""
    dialects = {policy.dialect for policy in POLICIES.values()}
    for read in (parse, revert_of, *dialects, replace(POLICIES["conventionalcommits"], squash=True).read):
        for message in (f"feat: x\n\n{tail}", f"revert{tail}"):
            started = process_time()
            read(message)
            assert process_time() - started < 15, read
