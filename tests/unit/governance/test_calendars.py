"""Calendars: what is exported is imported as it was, and events of other programs mean what their authors meant."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from icalendar import Calendar
from support.windows import a_window, spans

from releasepilot.errors import CalendarError
from releasepilot.governance.calendars import read_calendar, write_calendar
from releasepilot.model.window import Crossing, Window, WindowEffect

names = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_-]{0,20}(\.[a-z0-9]{1,5})?", fullmatch=True).filter(
    lambda name: not name.endswith((".lock", "-", "_"))
)
walls = st.datetimes(
    min_value=datetime(1970, 1, 1),  # noqa: DTZ001 wall times
    max_value=datetime(2100, 12, 31),  # noqa: DTZ001 wall times
).map(lambda at: at.isoformat(timespec="seconds"))
parts = st.tuples(st.integers(0, 9), st.integers(0, 50), st.integers(0, 59), st.integers(0, 59)).filter(any)


@st.composite
def any_windows(draw: st.DrawFn, name: str) -> Window:
    """Draw a window with everything that it may have."""
    days, hours, minutes, seconds = draw(parts)
    effect, crossing = draw(st.sampled_from(WindowEffect)), draw(st.sampled_from(Crossing))
    return a_window(
        name=name,
        effect=effect,
        crossing=crossing,
        overrun=draw(st.integers(1, 86400)) if crossing is Crossing.OVERRUN else None,
        rollback=effect is WindowEffect.ALLOW or draw(st.booleans()),
        zone=draw(st.sampled_from(("UTC", "Etc/UTC", "Europe/Berlin", "America/Argentina/Buenos_Aires"))),
        start=draw(walls),
        duration=f"{days}d{hours}h{minutes}m{seconds}s",
        rrule=draw(
            st.sampled_from((None, "FREQ=WEEKLY;BYDAY=MO,TU", "FREQ=MONTHLY;BYDAY=-1FR;UNTIL=20300101T000000Z"))
        ),
        rdate=draw(st.lists(walls, max_size=3)),
        exdate=draw(st.lists(walls, max_size=12)),
        holidays=draw(st.sampled_from((None, "DE", "DE-BY"))),
        components=draw(st.sampled_from(((), ("api",), ("web-*", "[!a]?")))),
        labels=draw(st.sampled_from(({}, {"environment": "prod*", "region": "[!e]?"}))),
    )


@given(data=st.data(), chosen=st.lists(names, max_size=4, unique_by=str.casefold))
@settings(max_examples=60, deadline=None)
def test_what_is_exported_is_imported_as_it_was(data: st.DataObject, chosen: list[str]) -> None:
    """Zone, rule, dates, kind of duration, components and holidays; and the text is a calendar for others too."""
    windows = tuple(data.draw(any_windows(name)) for name in chosen)
    text = write_calendar(windows)
    assert read_calendar(text) == windows
    assert all(len(line.encode()) <= 75 for line in text.split("\r\n"))
    events = Calendar.from_ical(text).walk("VEVENT")
    assert [str(event["SUMMARY"]) for event in events] == [window.name for window in windows]
    assert text == write_calendar(windows)


def test_every_zone_is_described() -> None:
    """RFC 5545, section 3.6.5: each TZID needs its VTIMEZONE; UTC needs none."""
    zones = ("Europe/Berlin", "Asia/Kathmandu", "UTC")
    text = write_calendar([a_window(name=f"w{number}", zone=zone) for number, zone in enumerate(zones)])
    described = [str(zone["TZID"]) for zone in Calendar.from_ical(text).walk("VTIMEZONE")]
    assert described == ["Europe/Berlin", "Asia/Kathmandu"]
    assert "DTSTART:20260105T090000Z" in text


def events(*lines: str, head: str = "") -> str:
    """Write a calendar of one event, or of several that are parted by `--`."""
    body = "\r\n".join(lines).replace("--", "END:VEVENT\r\nBEGIN:VEVENT")
    return f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{head}BEGIN:VEVENT\r\n{body}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"


def one(*lines: str, **more: Any) -> Window:
    """Read a calendar that holds one window."""
    (window,) = read_calendar(events(*lines), **more)
    return window


def test_an_end_is_an_exact_time_away_and_a_duration_of_days_is_not() -> None:
    """RFC 5545, section 3.8.5.3."""
    start = "DTSTART;TZID=Europe/Berlin:20261024T120000"
    assert one(start, "DTEND;TZID=Europe/Berlin:20261025T120000").duration == "25h"
    assert one(start, "DTEND:20261025T110000Z").duration == "25h"
    assert one(start, "DURATION:P1D").duration == "1d"
    assert one(start, "DURATION:PT24H").duration == "24h"


def test_whole_days_are_days_in_the_zone_that_is_told() -> None:
    """A freeze of three days, whose end does not belong to it; a day alone lasts a day."""
    freeze = one("SUMMARY:Year end!", "DTSTART;VALUE=DATE:20261224", "DTEND;VALUE=DATE:20261227", zone="Europe/Berlin")
    assert (freeze.name, freeze.effect, freeze.start, freeze.duration) == ("Year-end", "deny", "2026-12-24T00:00", "3d")
    assert spans(freeze, "2026-12-01", "2027-01-01") == [("12-23T23:00", "12-26T23:00")]
    assert one("DTSTART;VALUE=DATE:20261224", zone="UTC").duration == "1d"


def test_times_without_a_zone_need_one() -> None:
    """That of the calendar, or the one that is named; without any the event is refused with the remedy."""
    lines = ("DTSTART:20260105T090000", "DURATION:PT1H")
    assert one(*lines, zone="Asia/Kolkata").zone == "Asia/Kolkata"
    (window,) = read_calendar(events(*lines, head="X-WR-TIMEZONE:Europe/Paris\r\n"))
    assert window.zone == "Europe/Paris"
    with pytest.raises(CalendarError, match="--zone"):
        read_calendar(events(*lines))


@pytest.mark.parametrize(
    ("named", "zone"),
    [
        ("W. Europe Standard Time", "Europe/Berlin"),
        ('"Eastern Standard Time"', "America/New_York"),
        ("/citadel.org/20190914_1/Europe/Berlin", "Europe/Berlin"),
        ("/freeassociation.sourceforge.net/America/New_York", "America/New_York"),
    ],
)
def test_other_names_of_zones_are_understood(named: str, zone: str) -> None:
    """Those of Windows, and those behind an address."""
    assert one(f"DTSTART;TZID={named}:20260105T090000", "DURATION:PT1H").zone == zone


def test_an_occurrence_that_was_moved_or_cancelled_is_left_out_of_the_rule() -> None:
    """The moved one is a window of its own; the cancelled one is none."""
    zone = "TZID=Asia/Kolkata"
    text = events(
        "UID:8",
        "SUMMARY:deploy",
        f"DTSTART;{zone}:20260601T100000",
        f"DTEND;{zone}:20260601T110000",
        "RRULE:FREQ=WEEKLY;COUNT=4",
        "--",
        "UID:8",
        "SUMMARY:deploy",
        f"RECURRENCE-ID;{zone}:20260608T100000",
        f"DTSTART;{zone}:20260608T150000",
        f"DTEND;{zone}:20260608T160000",
        "--",
        "UID:8",
        "STATUS:CANCELLED",
        "RECURRENCE-ID:20260615T043000Z",
        f"DTSTART;{zone}:20260615T100000",
    )
    rule, moved = read_calendar(text, effect=WindowEffect.ALLOW)
    assert (rule.name, rule.exdate) == ("deploy", ("2026-06-08T10:00", "2026-06-15T10:00"))
    assert (moved.name, moved.start, moved.rrule) == ("deploy-2", "2026-06-08T15:00", None)


def test_dates_that_are_left_out_stand_for_the_occurrence_of_that_day() -> None:
    """Several programs write EXDATE as a date, in UTC or on several lines."""
    window = one(
        "DTSTART;TZID=Europe/Berlin:20260105T090000",
        "DURATION:PT1H",
        "RRULE:FREQ=DAILY;BYSECOND=0",
        "EXDATE;VALUE=DATE:20260106,20260107",
        "EXDATE:20260108T080000Z",
        "BEGIN:VALARM",
        "DURATION:PT5M",
        "END:VALARM",
    )
    assert window.exdate == ("2026-01-06T09:00", "2026-01-07T09:00", "2026-01-08T09:00")
    assert (window.rrule, window.duration) == ("FREQ=DAILY", "1h")


def test_categories_say_what_an_event_does() -> None:
    """ALLOW or DENY among others; else what was asked for."""
    lines = ("DTSTART:20260105T090000Z", "DURATION:PT1H")
    assert one("CATEGORIES:Work,Allow", *lines).effect is WindowEffect.ALLOW
    assert one(*lines).effect is WindowEffect.DENY
    assert one(*lines, effect=WindowEffect.ALLOW).effect is WindowEffect.ALLOW


def test_a_summary_becomes_a_name() -> None:
    """What a name cannot hold is left out, and two of one summary differ by a number."""
    lines = ("DTSTART:20260105T090000Z", "DURATION:PT1H")
    found = read_calendar(
        events("SUMMARY:Ärger\\, im *Büro* ../x", *lines, "--", "SUMMARY:🚢", *lines, "--", *lines, "--", *lines)
    )
    assert [window.name for window in found] == ["rger-im-B-ro-.-x", "window", "window-2", "window-3"]
    long = one("SUMMARY:" + "x" * 300, *lines)
    assert long.name == "x" * 63


@pytest.mark.parametrize(
    ("lines", "what"),
    [
        (("SUMMARY:x",), "DTSTART"),
        (("DTSTART:20260105T090000Z",), "no end"),
        (("DTSTART:yesterday", "DURATION:PT1H"), "not a time"),
        (("DTSTART:20260230T090000Z", "DURATION:PT1H"), "no day"),
        (("DTSTART:20260105T090000Z", "DURATION:-PT1H"), "duration"),
        (("DTSTART:20260105T090000Z", "DTEND:20260105T090000Z"), "duration"),
        (("DTSTART:20260105T090000Z", "DTEND:20260104T090000Z"), "duration"),
        (("DTSTART;TZID=Europe/Berlim:20260105T090000", "DURATION:PT1H"), "not a time zone"),
        (("DTSTART;TZID=../../etc/passwd:20260105T090000", "DURATION:PT1H"), "not a time zone"),
        (("DTSTART:20260105T090000Z", "DURATION:PT1H", "RRULE:FREQ=SECONDLY"), "FREQ=DAILY"),
        (("DTSTART:20260105T090000Z", "DURATION:PT1H", "EXRULE:FREQ=DAILY"), "EXRULE"),
        (("DTSTART:20260105T090000Z", "DURATION:PT1H", "RRULE:FREQ=DAILY", "RRULE:FREQ=YEARLY"), "several rules"),
        (("DTSTART:20260105T090000Z", "DURATION:PT1H", "RDATE;VALUE=PERIOD:20260105T090000Z/PT1H"), "periods"),
        (("DTSTART:16010101T000000Z", "DURATION:PT1H"), "year"),
    ],
)
def test_an_event_that_cannot_be_a_window_is_named(lines: tuple[str, ...], what: str) -> None:
    """An error of the calendar, never another window than was meant."""
    with pytest.raises(CalendarError, match=what):
        read_calendar(events(*lines), source="freeze.ics")


@pytest.mark.parametrize(
    "text", ["", "hello", "<html></html>", "BEGIN:VCARD\r\nEND:VCARD\r\n", "BEGIN:VCALENDAR\r\n;;;\r\n"]
)
def test_what_is_no_calendar_is_refused(text: str) -> None:
    """A page of a login, a card, a broken line."""
    with pytest.raises(CalendarError):
        read_calendar(text)


@given(st.text(max_size=300) | st.lists(st.sampled_from((
    "BEGIN:VEVENT", "END:VEVENT", "BEGIN:VALARM", "END:VCALENDAR", "UID:1", "DTSTART:20260105T090000Z",
    "DTSTART;TZID=:1", "DURATION:PT1H", "DURATION:P", "RRULE:", "RRULE:FREQ=DAILY;COUNT=1", "RECURRENCE-ID:1",
    "RECURRENCE-ID:20260105T090000Z", "EXDATE:", "RDATE:20260105", "DTEND:20260105T100000Z", "CATEGORIES", ";=:",
)), max_size=12).map("\r\n".join))  # fmt: skip
@settings(max_examples=200, deadline=None)
def test_no_text_does_anything_but_windows_or_an_error(text: str) -> None:
    """Calendars come from people we do not know."""
    for whole in (text, f"BEGIN:VCALENDAR\r\n{text}"):
        try:
            read_calendar(whole)
        except CalendarError:
            continue
