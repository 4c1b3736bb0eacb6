"""Recurrence: what a rule says is what the clocks show, and no rule can take forever."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from dateutil.rrule import rrulestr
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from support.windows import a_window, spans, utc

from releasepilot.errors import CatalogError
from releasepilot.governance.expansion import spans_of
from releasepilot.governance.spans import Span
from releasepilot.governance.windows import occurrences
from releasepilot.model.recurrence import length_of

ZONES = (
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
    "Africa/Casablanca",
    "America/Sao_Paulo",
)
RULES = (
    "FREQ=DAILY",
    "FREQ=DAILY;INTERVAL=3",
    "FREQ=DAILY;BYHOUR=2,9;BYMINUTE=0,30",
    "FREQ=DAILY;BYMONTH=3,10;BYSETPOS=1;BYHOUR=1,2",
    "FREQ=WEEKLY",
    "FREQ=WEEKLY;BYDAY=SU,MO,TH",
    "FREQ=WEEKLY;INTERVAL=2;BYDAY=SU,TU;WKST=SU",
    "FREQ=WEEKLY;INTERVAL=3;BYDAY=MO,SA;WKST=WE",
    "FREQ=WEEKLY;BYDAY=MO,TU,WE;BYSETPOS=-1",
    "FREQ=MONTHLY;BYDAY=-1FR",
    "FREQ=MONTHLY;BYMONTHDAY=-1,15",
    "FREQ=MONTHLY;INTERVAL=5",
    "FREQ=YEARLY;BYMONTH=3,11;BYDAY=2SU",
    "FREQ=YEARLY;BYWEEKNO=13;BYDAY=SU",
    "FREQ=YEARLY;BYYEARDAY=-1,60",
    "FREQ=DAILY;COUNT=400",
    "FREQ=WEEKLY;UNTIL=20261231T235959",
)

minutes = st.integers(0, 4 * 366 * 1440).map(lambda n: datetime(2022, 1, 1) + timedelta(minutes=15 * (n // 15)))  # noqa: DTZ001
quick = settings(max_examples=150, deadline=None)


@given(zone=st.sampled_from(ZONES), rule=st.sampled_from(RULES), start=minutes, ahead=st.integers(0, 1500))
@quick
def test_an_occurrence_begins_when_the_rule_says_on_the_clocks(
    zone: str, rule: str, start: datetime, ahead: int
) -> None:
    """Over 60 days, years after the start: the wall times of the bare rule, or later where they are left out."""
    window = a_window(zone=zone, start=start.isoformat(timespec="minutes"), rrule=rule)
    begin = start.replace(tzinfo=UTC) + timedelta(days=ahead)
    end = begin + timedelta(days=60)
    found = [one.begin for one in occurrences(window, begin, end)]
    said = rrulestr(rule, dtstart=start).between(
        begin.replace(tzinfo=None) - timedelta(days=2), end.replace(tzinfo=None) + timedelta(days=2), inc=True
    )
    there = ZoneInfo(zone)
    shown = [(wall, wall.replace(tzinfo=there).astimezone(UTC).astimezone(there)) for wall in said]
    expected = [real for _, real in shown if begin < real.astimezone(UTC) + timedelta(hours=1) and real < end]
    assert [one.isoformat() for one in found] == [one.isoformat() for one in expected]
    for wall, real in shown:
        gap = real.replace(tzinfo=None) - wall
        assert gap == timedelta(0) or timedelta(0) < gap <= timedelta(hours=1)


@given(zone=st.sampled_from(ZONES), rule=st.sampled_from(RULES), start=minutes)
@quick
def test_dateutil_with_zones_agrees_on_beginnings(zone: str, rule: str, start: datetime) -> None:
    """Its own expansion over times with a zone begins at the same moments; it knows no durations."""
    there = ZoneInfo(zone)
    if "UNTIL" in rule:
        # With a zone it takes UNTIL in UTC alone.
        rule = "FREQ=WEEKLY;UNTIL=20261231T235959Z"
    window = a_window(zone=zone, start=start.isoformat(timespec="minutes"), rrule=rule)
    begin, end = start.replace(tzinfo=there), start.replace(tzinfo=there) + timedelta(days=400)
    theirs = [one.astimezone(UTC) for one in rrulestr(rule, dtstart=begin).between(begin, end, inc=True)]
    ours = [span.begin for span in spans_of(window, Span(begin.astimezone(UTC), end.astimezone(UTC)))]
    assert ours == [one for one in theirs if one < end.astimezone(UTC)]


@given(
    start=minutes,
    duration=st.sampled_from(("90m", "36h", "1d", "2d", "1d6h")),
    zone=st.sampled_from(ZONES),
)
@quick
def test_days_follow_the_clocks_and_hours_are_exact(start: datetime, duration: str, zone: str) -> None:
    """An occurrence ends at the same time of day so many days later, and then so many hours."""
    window = a_window(zone=zone, start=start.isoformat(timespec="minutes"), duration=duration)
    (span,) = spans_of(window, Span(utc("2021-01-01"), utc("2027-01-01")))
    days, exact = length_of(window.duration)
    there = ZoneInfo(zone)
    nominal = (start + timedelta(days=days)).replace(tzinfo=there) if days else start.replace(tzinfo=there)
    assert span.end - exact == nominal.astimezone(UTC)


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=SECONDLY",
        "FREQ=MINUTELY",
        "FREQ=HOURLY",
        "FREQ=DAILY;BYSECOND=1,2,3",
        "FREQ=DAILY;BYHOUR=1,2,3,4,5;BYMINUTE=0,10,20,30,40",
        "FREQ=DAILY;INTERVAL=0",
        "FREQ=DAILY;INTERVAL=1000000",
        "FREQ=DAILY;COUNT=0",
        "FREQ=DAILY;COUNT=2;UNTIL=20270101",
        "FREQ=DAILY;UNTIL=20261301",
        "FREQ=DAILY;UNTIL=tomorrow",
        "FREQ=DAILY;FREQ=WEEKLY",
        "FREQ=WEEKLY;BYDAY=1MO",
        "FREQ=WEEKLY;BYDAY=XX",
        "FREQ=WEEKLY;BYMONTHDAY=1",
        "FREQ=MONTHLY;BYMONTHDAY=0",
        "FREQ=MONTHLY;BYMONTHDAY=32",
        "FREQ=MONTHLY;BYSETPOS=1",
        "FREQ=MONTHLY;BYWEEKNO=1",
        "FREQ=YEARLY;BYWEEKNO=1;BYDAY=1MO",
        "FREQ=YEARLY;BYEASTER=0",
        "FREQ=YEARLY;WKST=XX",
        "FREQ=FORTNIGHTLY",
        "INTERVAL=1",
        "",
        "every day",
    ],
)
def test_a_rule_that_cannot_be_meant_or_counted_is_refused(rule: str) -> None:
    """What RFC 5545 forbids, what recurs more than 24 times a day, and what is no rule."""
    with pytest.raises(ValidationError, match="rrule"):
        a_window(rrule=rule)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("start", "2026-01-05T09:00Z"),
        ("start", "2026-01-05T09:00+01:00"),
        ("start", "2026-01-05"),
        ("start", "2026-02-30T09:00"),
        ("start", "0001-01-01T00:00"),
        ("exdate", ("2026-01-05T09:00Z",)),
        ("rdate", ("tomorrow",)),
        ("duration", "0h"),
        ("duration", "-1h"),
        ("duration", "400d"),
        ("duration", "P"),
        ("duration", "PT"),
        ("duration", "8"),
        ("duration", "1h1h"),
        ("zone", "../../etc/passwd"),
        ("zone", ""),
        ("holidays", "Germany"),
        ("components", ("a b",)),
        ("effect", "maybe"),
    ],
)
def test_a_value_that_cannot_be_meant_is_refused(field: str, value: Any) -> None:
    """Times with an offset, days that there are not, windows of no length, names that are none."""
    with pytest.raises(ValidationError, match=field):
        a_window(**{field: value})


@pytest.mark.parametrize(
    ("written", "kept"),
    [("PT8H", "8h"), ("P1D", "1d"), ("2w", "14d"), ("1d36h", "1d36h"), ("90m", "1h30m"), ("P1DT12H", "1d12h")],
)
def test_a_duration_has_one_form_in_which_days_and_hours_stay_apart(written: str, kept: str) -> None:
    """A day is not 24 hours, so 36 hours do not become a day and a half; a kept form reads as itself."""
    window = a_window(duration=written)
    assert window.duration == kept
    assert type(window).model_validate_json(window.model_dump_json()) == window


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30;COUNT=5",
        "FREQ=DAILY;BYHOUR=" + ",".join(map(str, range(24))),
        "FREQ=MONTHLY;INTERVAL=1000;BYMONTHDAY=31",
    ],
)
def test_a_rule_that_never_matches_or_matches_each_hour_is_done_in_time(rule: str) -> None:
    """From 1970 on, over five years of this century: no search goes on to the end of all years."""
    window = a_window(start="1970-01-01T00:00", rrule=rule)
    begun = time.process_time()
    list(spans_of(window, Span(utc("2026-01-01"), utc("2031-01-01"))))
    assert time.process_time() - begun < 5


def test_a_start_that_its_rule_does_not_give_is_no_occurrence() -> None:
    """RFC 5545 leaves this case open; here the rule decides."""
    window = a_window(start="2026-01-05T09:00", rrule="FREQ=WEEKLY;BYDAY=TU")
    assert spans(window, "2026-01-01", "2026-01-14") == [("01-06T09:00", "01-06T10:00"), ("01-13T09:00", "01-13T10:00")]


def test_a_window_leaves_out_public_holidays_on_which_it_would_begin() -> None:
    """Epiphany is one in Bavaria and none in Berlin; the night before it is not left out."""
    bavaria = a_window(zone="Europe/Berlin", start="2026-01-05T22:00", rrule="FREQ=DAILY;COUNT=3", holidays="DE-BY")
    assert spans(bavaria, "2026-01-05", "2026-01-10") == [
        ("01-05T21:00", "01-05T22:00"),
        ("01-07T21:00", "01-07T22:00"),
    ]
    assert len(spans(bavaria.model_copy(update={"holidays": "DE-BE"}), "2026-01-05", "2026-01-10")) == 3


def test_a_blackout_also_begins_on_public_holidays() -> None:
    """At the time of day of its start, from its start on, and not where it is left out."""
    blackout = a_window(
        effect="deny",
        zone="Europe/Berlin",
        start="2026-12-01T00:00",
        duration="1d",
        holidays="DE",
        exdate=("2026-12-26T00:00",),
    )
    assert spans(blackout, "2026-01-01", "2027-01-05") == [
        ("11-30T23:00", "12-01T23:00"),
        ("12-24T23:00", "12-25T23:00"),
        ("12-31T23:00", "01-01T23:00"),
    ]


@pytest.mark.parametrize(("field", "value"), [("zone", "Europe/Berlim"), ("holidays", "QQ"), ("holidays", "DE-QQ")])
def test_a_zone_or_country_that_is_not_known_is_an_error_with_a_remedy(field: str, value: str) -> None:
    """The names are right in form, and this machine knows nothing of them."""
    with pytest.raises(CatalogError) as raised:
        spans(a_window(**{field: value}), "2026-01-01", "2026-02-01")
    assert value in raised.value.message
    assert raised.value.hint
