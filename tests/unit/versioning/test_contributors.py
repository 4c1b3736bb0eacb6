"""Who made the commits of a release."""

from __future__ import annotations

from releasepilot.model.commit import Commit
from releasepilot.versioning.contributors import contributors_of


def commit(author: str, message: str = "fix: x", committer: str = "") -> Commit:
    """Make a commit by an address."""
    return Commit("0" * 40, message, 0, author.partition("@")[0], author, False, committer or author)


def test_authors_co_authors_and_committers_are_found_once() -> None:
    """In order of their addresses; who wrote something is no mere committer."""
    message = "fix: x\n\nWhy.\n\nCo-authored-by: Bert B. <bert@e.org>\nCO-AUTHORED-BY: Carl <CARL@e.org>\r\n"
    found = contributors_of([commit("anna@e.org", message, "web@forge.org"), commit("Anna@E.org", "x", "bert@e.org")])
    assert [(one.address, one.committed_only) for one in found] == [
        ("anna@e.org", False),
        ("bert@e.org", False),
        ("carl@e.org", False),
        ("web@forge.org", True),
    ]


def test_what_only_looks_like_a_trailer_is_none() -> None:
    """It stands on a line of its own and has an address; a commit without one names nobody."""
    message = (
        "fix: x\n\nsee Co-authored-by: Eve <eve@e.org> in the log\nCo-authored-by: Eve\nCo-authored-by: <a b@e.org>\n"
    )
    assert [one.address for one in contributors_of([commit("anna@e.org", message)])] == ["anna@e.org"]
    assert contributors_of([commit("")]) == ()


def test_a_long_message_is_read_in_linear_time() -> None:
    """A megabyte of almost-trailers is read like any other."""
    message = "fix: x\n\n" + "co-authored-by: " * 60_000 + "\n" + "co-authored-by: a <\n" * 20_000
    assert contributors_of([commit("anna@e.org", message)])[0].address == "anna@e.org"
