"""Random rules against `recurring-ical-events`: the same occurrences, but for lengths where the clocks change."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import recurring_ical_events
from icalendar import Calendar
from support.windows import a_window, utc

from releasepilot.governance.calendars import write_calendar
from releasepilot.governance.expansion import spans_of
from releasepilot.governance.spans import Span
from releasepilot.model.window import Window

ZONES = (
    "America/New_York",
    "Europe/Berlin",
    "Asia/Kolkata",
    "Australia/Sydney",
    "UTC",
    "America/Sao_Paulo",
    "Australia/Lord_Howe",
)
RULES = (
    "FREQ=DAILY",
    "FREQ=DAILY;INTERVAL=5;COUNT=60",
    "FREQ=WEEKLY;BYDAY=MO,TH",
    "FREQ=WEEKLY;INTERVAL=2;BYDAY=SU",
    "FREQ=WEEKLY;BYDAY=MO;UNTIL=20260801T000000Z",
    "FREQ=MONTHLY;BYMONTHDAY=-1",
    "FREQ=YEARLY;BYMONTH=3,4,10,11;BYDAY=1SU,-1SU",
)
YEAR = Span(utc("2026-01-01"), utc("2027-01-01"))


def theirs(window: Window) -> set[Span]:
    """Expand what is exported by the other library."""
    found = recurring_ical_events.of(Calendar.from_ical(write_calendar([window]))).between(*YEAR)
    return {Span(one.start.astimezone(UTC), one.end.astimezone(UTC)) for one in found}


def changes(span: Span, zone: str) -> bool:
    """Whether the clocks change within a day of a span."""
    before, after = span.begin - timedelta(days=1), span.end + timedelta(days=1)
    there = ZoneInfo(zone)
    return before.astimezone(there).utcoffset() != after.astimezone(there).utcoffset()


def test_300_random_rules_differ_where_hours_are_not_taken_for_exact() -> None:
    """Every difference is one at a change of the clocks, where ours lasts its hours and theirs does not."""
    chance = random.Random(5)  # noqa: S311 - the same rules each time
    same, different = 0, 0
    for _ in range(300):
        start = datetime(2025, chance.randint(1, 12), chance.randint(1, 28), chance.randint(0, 23))  # noqa: DTZ001
        hours = chance.randint(1, 8)
        window = a_window(
            zone=chance.choice(ZONES),
            start=start.isoformat(timespec="minutes"),
            rrule=chance.choice(RULES),
            duration=f"{hours}h",
        )
        ours, other = set(spans_of(window, YEAR)), theirs(window)
        same += len(ours & other)
        different += len(ours ^ other)
        assert all(span.end - span.begin == timedelta(hours=hours) for span in ours)
        assert all(span.end - span.begin != timedelta(hours=hours) for span in other - ours), window
        assert all(changes(span, window.zone) for span in ours ^ other), window
        assert {span.begin for span in ours} == {span.begin for span in other}, window
    assert same > 10_000
    assert 0 < different < 200
