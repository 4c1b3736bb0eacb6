"""Calendar versions by the words of calver.org."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from releasepilot.errors import PlanError
from releasepilot.model.version import Bump
from releasepilot.model.versioning import PolicyEntry
from releasepilot.versioning import bump_version, decide
from releasepilot.versioning.calver import format_of, raised
from releasepilot.versioning.ordering import compare


@pytest.mark.parametrize(
    ("text", "current", "bump", "date", "version"),
    [
        ("YYYY.MM.MICRO", "2026.6.3", Bump.PATCH, "2026-07-01", "2026.7.0"),
        ("YYYY.MM.MICRO", "2026.7.3", Bump.MAJOR, "2026-07-31", "2026.7.4"),
        ("YYYY.MM.MICRO", "2026.7.3", Bump.PATCH, None, "2026.7.4"),
        ("YYYY.MM.MICRO", "2026.7.3", Bump.PATCH, "2025-12-31", "2026.7.4"),
        ("YYYY.0M.MICRO", "2026.09.0", Bump.PATCH, "2026-10-02", "2026.10.0"),
        ("YYYY.0M.MICRO", "2026.09.0", Bump.PATCH, "2026-09-02T10:00:00+00:00", "2026.09.1"),
        ("YY.0M", "26.04", Bump.MINOR, "2026-10-01", "26.10"),
        ("0Y.0W.MICRO", "09.52.1", Bump.PATCH, "2010-01-01", "10.01.0"),
        ("YYYY.WW.MICRO", "2026.52.0", Bump.PATCH, "2026-12-31", "2026.53.0"),
        ("YYYY.0M.0D.MICRO", "2026.07.09.2", Bump.PATCH, "2026-07-10", "2026.07.10.0"),
        ("YYYY0M0D.MICRO", "20260709.2", Bump.PATCH, "2026-07-10", "20260710.0"),
        ("YYYY.MINOR.MICRO", "2026.3.4", Bump.MINOR, "2026-07-10", "2026.4.0"),
        ("YYYY.MINOR.MICRO", "2026.3.4", Bump.PATCH, "2026-07-10", "2026.3.5"),
        ("YYYY.MINOR.MICRO", "2026.3.4", Bump.MINOR, "2027-07-10", "2027.0.0"),
        ("MAJOR.YYYY.MICRO", "3.2026.4", Bump.MAJOR, "2027-07-10", "4.2027.0"),
        ("MAJOR.YYYY.MICRO", "3.2026.4", Bump.MAJOR, "2026-07-10", "4.2026.0"),
        ("MAJOR.YYYY.MICRO", "3.2026.4", Bump.PATCH, "2027-07-10", "3.2027.0"),
        ("YYYY.MM.MICRO", "2026.7.3-rc.2", Bump.PATCH, "2026-07-10", "2026.7.3"),
        ("YYYY.MM.MICRO-MODIFIER", "2026.7.3rc2", Bump.PATCH, "2026-08-10", "2026.8.0"),
        ("YYYY.MM.MICRO", "4.12.1", Bump.PATCH, "2026-08-10", "2026.8.0"),
        ("YYYY.MM.MICRO", None, Bump.PATCH, "2026-08-10", "2026.8.0"),
    ],
)
def test_the_next_version(text: str, current: str | None, bump: Bump, date: str | None, version: str) -> None:
    """A period comes from the date, counters begin anew right of it, and are raised within it."""
    assert raised(current, bump, text, date) == version


@pytest.mark.parametrize(
    "text",
    ["", "YYYY", "YYYY.MICRO.MICRO", "MM.YYYY.MICRO", "YYYY.DD", "YYYY-MM", "YYYY.MM.PATCH", "MAJOR.MINOR.MICRO",
     "YYYY.WW.MM", "YYYY.MICRO.MINOR", "YYYY..MICRO", ".YYYY.MM"],
)  # fmt: skip
def test_formats_that_are_none(text: str) -> None:
    """What does not rise with the date, or names a part twice, is refused with the words that there are."""
    with pytest.raises(PlanError) as refused:
        format_of(text)
    assert "YYYY, YY, 0Y" in refused.value.hint


@pytest.mark.parametrize(
    ("text", "current", "date", "what"),
    [
        ("YYYY.MM.MICRO", None, None, "no version yet"),
        ("YYYY.MM.MICRO", "1.2.3", None, "not of the format"),
        ("YYYY.MM.MICRO", "2026.7.1", "yesterday", "not a date"),
        ("YYYY.0M", "2026.07", "2026-07-10", "not above"),
        ("YY.MM.MICRO", "2026.7.1", "2026-07-10", "not above 2026.7.1"),
    ],
)
def test_what_cannot_be_raised_is_explained(text: str, current: str | None, date: str | None, what: str) -> None:
    """Each is a plan error with a remedy."""
    with pytest.raises(PlanError, match=what) as refused:
        raised(current, Bump.PATCH, text, date)
    assert refused.value.hint


def test_the_policy_decides_whether_and_the_date_which() -> None:
    """Changes that release nothing give no version, whatever the date; the catalog may set the format."""
    assert decide("2026.7.0", ["docs: x"], "calver", date="2026-08-01").version is None
    assert decide("2026.7.0", ["fix: x"], "calver", date="2026-08-01").version == "2026.8.0"
    padded = PolicyEntry(extends="calver", calver="YYYY.0M.MICRO")
    assert decide(None, ["feat: x"], padded, date="2026-08-01").version == "2026.08.0"
    assert decide(None, ["feat: x"], padded, initial="2020.01.0").version == "2020.01.0"
    mixed = PolicyEntry(extends="semantic-release", calver="YYYY.MM.MICRO")
    assert bump_version("2026.8.0", Bump.MAJOR, mixed) == "2026.8.1"


@given(
    st.sampled_from(["YYYY.MM.MICRO", "YY.0M.MICRO", "YYYY.WW.MICRO", "YYYY.MINOR.MICRO", "MAJOR.YY.0M.0D.MICRO"]),
    st.lists(
        st.tuples(st.dates(dt.date(2001, 1, 1), dt.date(2099, 12, 31)), st.sampled_from(list(Bump)[1:])), min_size=2
    ),
)
def test_versions_rise_whatever_the_clock_does(text: str, steps: list[tuple[dt.date, Bump]]) -> None:
    """Dates in any order give versions in rising order."""
    current: str | None = None
    for date, bump in steps:
        version = raised(current, bump, text, date.isoformat())
        assert current is None or compare(version, current) > 0
        current = version
