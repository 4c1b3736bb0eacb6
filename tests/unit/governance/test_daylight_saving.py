"""Windows where the clocks change. Expected moments were worked out by hand from the rules of each zone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from support.windows import a_window, spans, utc

from releasepilot.governance.expansion import resolve
from releasepilot.governance.windows import occurrences, openings, verdict

NEW_YORK, BERLIN = "America/New_York", "Europe/Berlin"

#: What the case shows, the window, the days that are looked at, and the occurrences in UTC.
CASES: list[tuple[str, dict[str, Any], tuple[str, str], list[tuple[str, str]]]] = [
    (
        "a time in the gap of spring counts from before it, and lasts its hour",
        {"zone": NEW_YORK, "start": "2026-03-06T02:30", "rrule": "FREQ=DAILY"},
        ("2026-03-07", "2026-03-10"),
        [("03-07T07:30", "03-07T08:30"), ("03-08T07:30", "03-08T08:30"), ("03-09T06:30", "03-09T07:30")],
    ),
    (
        "a time in the fold of autumn is the first of the two, and two hours are two hours",
        {"zone": NEW_YORK, "start": "2026-10-30T01:30", "rrule": "FREQ=DAILY", "duration": "PT2H"},
        ("2026-11-01", "2026-11-02"),
        [("11-01T05:30", "11-01T07:30")],
    ),
    (
        "a day over the fold of autumn has 25 hours",
        {"zone": NEW_YORK, "start": "2026-10-31T12:00", "duration": "P1D"},
        ("2026-10-30", "2026-11-03"),
        [("10-31T16:00", "11-01T17:00")],
    ),
    (
        "24 hours over the fold of autumn are 24 hours",
        {"zone": NEW_YORK, "start": "2026-10-31T12:00", "duration": "PT24H"},
        ("2026-10-30", "2026-11-03"),
        [("10-31T16:00", "11-01T16:00")],
    ),
    (
        "a day over the gap of spring has 23 hours, and the hours behind it are exact",
        {"zone": NEW_YORK, "start": "2026-03-07T12:00", "duration": "1d2h"},
        ("2026-03-07", "2026-03-09"),
        [("03-07T17:00", "03-08T18:00")],
    ),
    (
        "Berlin changes at 01:00 UTC: 02:30 is left out in spring",
        {"zone": BERLIN, "start": "2026-03-29T02:30"},
        ("2026-03-29", "2026-03-30"),
        [("03-29T01:30", "03-29T02:30")],
    ),
    (
        "Berlin changes at 01:00 UTC: 02:30 comes twice in autumn",
        {"zone": BERLIN, "start": "2026-10-25T02:30"},
        ("2026-10-25", "2026-10-26"),
        [("10-25T00:30", "10-25T01:30")],
    ),
    (
        "Dublin's standard time is that of summer: its fold is one all the same",
        {"zone": "Europe/Dublin", "start": "2026-10-25T01:30"},
        ("2026-10-24", "2026-10-26"),
        [("10-25T00:30", "10-25T01:30")],
    ),
    (
        "Dublin's gap is one all the same",
        {"zone": "Europe/Dublin", "start": "2026-03-29T01:30"},
        ("2026-03-28", "2026-03-30"),
        [("03-29T01:30", "03-29T02:30")],
    ),
    (
        "Lord Howe Island's fold has half an hour, and the hour stays an hour",
        {"zone": "Australia/Lord_Howe", "start": "2026-04-05T01:30"},
        ("2026-04-01", "2026-04-08"),
        [("04-04T14:30", "04-04T15:30")],
    ),
    (
        "Lord Howe Island's gap has half an hour",
        {"zone": "Australia/Lord_Howe", "start": "2026-10-04T02:15"},
        ("2026-10-03", "2026-10-05"),
        [("10-03T15:45", "10-03T16:45")],
    ),
    (
        "Samoa left out 30 December 2011: its ten o'clock is that of the day after",
        {"zone": "Pacific/Apia", "start": "2011-12-29T10:00", "rrule": "FREQ=DAILY;COUNT=3"},
        ("2011-12-29", "2012-01-02"),
        [("12-29T20:00", "12-29T21:00"), ("12-30T20:00", "12-30T21:00"), ("12-30T20:00", "12-30T21:00")],
    ),
    (
        "a whole day that was left out is no time at all",
        {"zone": "Pacific/Apia", "start": "2011-12-30T10:00", "duration": "1d"},
        ("2011-12-29", "2012-01-02"),
        [],
    ),
    (
        "Casablanca puts its clocks back for Ramadan, which nine o'clock follows",
        {"zone": "Africa/Casablanca", "start": "2026-02-10T09:00", "rrule": "FREQ=MONTHLY;BYMONTHDAY=10"},
        ("2026-02-01", "2026-05-01"),
        [("02-10T08:00", "02-10T09:00"), ("03-10T09:00", "03-10T10:00"), ("04-10T08:00", "04-10T09:00")],
    ),
    (
        "India is half an hour off",
        {"zone": "Asia/Kolkata", "start": "2026-06-01T10:00"},
        ("2026-06-01", "2026-06-02"),
        [("06-01T04:30", "06-01T05:30")],
    ),
    (
        "Nepal is three quarters of an hour off",
        {"zone": "Asia/Kathmandu", "start": "2026-06-01T10:00"},
        ("2026-06-01", "2026-06-02"),
        [("06-01T04:15", "06-01T05:15")],
    ),
    (
        "Brazil had summer time until 2019 and has none since",
        {"zone": "America/Sao_Paulo", "start": "2018-12-10T10:00", "rrule": "FREQ=YEARLY"},
        ("2018-12-01", "2020-01-01"),
        [("12-10T12:00", "12-10T13:00"), ("12-10T13:00", "12-10T14:00")],
    ),
    (
        "Brazil's gap was at midnight, so that a day began at one o'clock",
        {"zone": "America/Sao_Paulo", "start": "2018-11-04T00:00", "duration": "1d"},
        ("2018-11-03", "2018-11-06"),
        [("11-04T03:00", "11-05T02:00")],
    ),
    (
        "29 February comes in leap years alone",
        {"start": "2024-02-29T09:00", "rrule": "FREQ=YEARLY"},
        ("2025-01-01", "2029-01-01"),
        [("02-29T09:00", "02-29T10:00")],
    ),
    (
        "the last Friday of a month, UNTIL in UTC with its own moment, and one left out",
        {
            "zone": BERLIN,
            "start": "2026-01-30T18:00",
            "duration": "2h",
            "rrule": "FREQ=MONTHLY;BYDAY=-1FR;UNTIL=20260424T160000Z",
            "exdate": ("2026-02-27T18:00",),
        },
        ("2026-01-01", "2026-07-01"),
        [("01-30T17:00", "01-30T19:00"), ("03-27T17:00", "03-27T19:00"), ("04-24T16:00", "04-24T18:00")],
    ),
    (
        "UNTIL in UTC a second too early leaves out the last",
        {"zone": BERLIN, "start": "2026-04-23T18:00", "rrule": "FREQ=DAILY;UNTIL=20260424T155959Z"},
        ("2026-01-01", "2026-07-01"),
        [("04-23T16:00", "04-23T17:00")],
    ),
    (
        "UNTIL on the clocks and as a date hold their own moment and day",
        {"zone": BERLIN, "start": "2026-04-23T18:00", "rrule": "FREQ=DAILY;UNTIL=20260424"},
        ("2026-01-01", "2026-07-01"),
        [("04-23T16:00", "04-23T17:00"), ("04-24T16:00", "04-24T17:00")],
    ),
    (
        "further dates, one of them given by the rule already and one left out",
        {
            "zone": BERLIN,
            "start": "2026-10-23T09:00",
            "rrule": "FREQ=WEEKLY;COUNT=2",
            "rdate": ("2026-10-24T11:00", "2026-10-30T09:00", "2026-11-02T09:00"),
            "exdate": ("2026-11-02T09:00",),
        },
        ("2026-10-01", "2026-12-01"),
        [("10-23T07:00", "10-23T08:00"), ("10-24T09:00", "10-24T10:00"), ("10-30T08:00", "10-30T09:00")],
    ),
    (
        "what is left out counts all the same",
        {"start": "2026-01-05T09:00", "rrule": "FREQ=DAILY;COUNT=3", "exdate": ("2026-01-06T09:00",)},
        ("2026-01-01", "2026-02-01"),
        [("01-05T09:00", "01-05T10:00"), ("01-07T09:00", "01-07T10:00")],
    ),
    (
        "from Friday 22:00 to Saturday 04:00",
        {"zone": NEW_YORK, "start": "2026-01-02T22:00", "rrule": "FREQ=WEEKLY;BYDAY=FR", "duration": "6h"},
        ("2026-01-10", "2026-01-11"),
        [("01-10T03:00", "01-10T09:00")],
    ),
    (
        "six hours over the night of the gap are six hours",
        {"zone": NEW_YORK, "start": "2026-03-07T22:00", "duration": "6h"},
        ("2026-03-07", "2026-03-09"),
        [("03-08T03:00", "03-08T09:00")],
    ),
]


@pytest.mark.parametrize(("changes", "days", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_a_window_is_open_when_the_clocks_of_its_zone_say_so(
    changes: dict[str, Any], days: tuple[str, str], expected: list[tuple[str, str]]
) -> None:
    """RFC 5545, sections 3.3.5 and 3.8.5.3: wall times recur, gaps count from before, folds are the first."""
    assert spans(a_window(**changes), *days) == expected


def test_a_window_that_is_longer_than_its_period_never_closes() -> None:
    """Occurrences overlap, and the opening is one."""
    window = a_window(zone=BERLIN, rrule="FREQ=DAILY", duration="30h")
    found = openings([window], utc("2026-03-01"), utc("2026-04-01"), ["api"])
    assert [(one.begin, one.end) for one in found] == [(utc("2026-03-01"), utc("2026-04-01"))]
    assert verdict([window], utc("2026-03-01"), ["api"]).until is None


def test_windows_that_touch_do_not_close_in_between() -> None:
    """A day from midnight to midnight follows the day before, also when it has 23 hours."""
    window = a_window(zone=BERLIN, start="2026-03-28T00:00", rrule="FREQ=DAILY;COUNT=3", duration="1d")
    assert verdict([window], utc("2026-03-28T12:00"), ["api"]).until == utc("2026-03-30T22:00")


def test_occurrences_are_told_in_their_own_zone() -> None:
    """Before and after the change it is nine o'clock, with two offsets."""
    window = a_window(zone=BERLIN, start="2026-03-28T09:00", rrule="FREQ=DAILY")
    found = occurrences(window, utc("2026-03-28"), utc("2026-03-30"))
    assert [one.begin.isoformat() for one in found] == ["2026-03-28T09:00:00+01:00", "2026-03-29T09:00:00+02:00"]


def test_two_moments_that_datetime_calls_equal_are_an_hour_apart() -> None:
    """Comparing times of one zone ignores the fold; moments in UTC are compared as they follow each other."""
    zone = ZoneInfo(NEW_YORK)
    first = datetime(2026, 11, 1, 1, 30, tzinfo=zone)
    second = first.replace(fold=1)
    assert first == second
    assert resolve(datetime(2026, 11, 1, 1, 30), zone) == first.astimezone(UTC)  # noqa: DTZ001 a wall time
    assert second.astimezone(UTC) - first.astimezone(UTC) == timedelta(hours=1)
    window = a_window(zone=NEW_YORK, start="2026-11-01T01:30", duration="30m")
    assert verdict([window], first, ["api"]).open
    assert not verdict([window], second, ["api"]).open
