"""Numbers of prereleases, in both spellings."""

from __future__ import annotations

import pytest

from releasepilot.errors import PlanError
from releasepilot.versioning.preview import continued, final_of, identifiers_of


@pytest.mark.parametrize(
    ("version", "following"),
    [
        ("1.0.0-beta.9", "1.0.0-beta.10"),
        ("1.0.0-beta", "1.0.0-beta.0"),
        ("1.0.0-beta.2.x", "1.0.0-beta.3.x"),
        ("1.0.0-1", "1.0.0-2"),
        ("1.0.0-beta.1+build.7", "1.0.0-beta.2"),
        ("1.0b9", "1.0b10"),
        ("1!1.0.0rc1.dev3", "1!1.0.0rc2"),
        ("1.0.0.alpha1", "1.0.0a2"),
    ],
)
def test_the_last_number_is_raised(version: str, following: str) -> None:
    """It is the rightmost one, as in node-semver; PEP 440 gets its normal spelling."""
    assert continued(version) == following


def test_what_is_no_prerelease_has_no_next_one() -> None:
    """A development release has no place among previews."""
    with pytest.raises(PlanError, match=r"1\.0\.dev1 is no prerelease"):
        continued("1.0.dev1")


@pytest.mark.parametrize(
    ("version", "final", "identifiers"),
    [
        ("1.0.0-beta.1", "1.0.0", ("beta", "1")),
        ("1.0.0", "1.0.0", ()),
        ("1.0b2", "1.0", ("beta", "b")),
        ("1.0rc2", "1.0", ("rc", "c")),
        ("1.0.dev2", "1.0", ()),
        ("1.0.post2", "1.0.post2", ()),
        ("2026.07.1rc1", "2026.07.1", ("rc", "c")),
    ],
)
def test_what_a_prerelease_leads_to(version: str, final: str, identifiers: tuple[str, ...]) -> None:
    """Its numbers as they are written; PEP 440's letters have more than one name."""
    assert final_of(version) == final
    assert identifiers_of(version) == identifiers
