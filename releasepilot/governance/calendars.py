"""Windows as an iCalendar text (RFC 5545), and back: `read_calendar(write_calendar(windows)) == windows`.

Events of other programs are read too. Icalendar splits and folds the content lines; their values are ours to read,
because its own make `P1D` and `PT24H` one and the same. What an event cannot say stands in properties of our own,
beginning with `X-RELEASEPILOT-`, which other programs pass over: they show a window on the holidays that it leaves out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from icalendar import Timezone
from icalendar.parser import Contentline, Contentlines
from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON
from pydantic import ValidationError

from releasepilot.errors import CalendarError, CatalogError
from releasepilot.governance.expansion import resolve, zone_of
from releasepilot.model.recurrence import length_of, written
from releasepilot.model.window import Crossing, Window, WindowEffect

#: The longest text that is read, in characters, and the most events.
MAX_TEXT, MAX_EVENTS = 5_000_000, 5_000

_COMPONENTS, _LABELS, _HOLIDAYS, _CROSSING, _OVERRUN, _ROLLBACK = (
    f"X-RELEASEPILOT-{name}" for name in ("COMPONENTS", "LABELS", "HOLIDAYS", "CROSSING", "OVERRUN", "ROLLBACK")
)
#: Characters of a name that is made of a summary; a number may come behind it.
_LONGEST = 63
#: What a window cannot say. An event that is read without it would be another one.
_BEYOND = {"EXRULE": "rules of exceptions"}


def write_calendar(windows: Iterable[Window]) -> str:
    """Write windows as a calendar, the same text each time. Its lines end as the standard says, by CR and LF."""
    known = tuple(windows)
    zones = dict.fromkeys(window.zone for window in known if window.zone != "UTC")
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//ReleasePilot//windows//EN", "CALSCALE:GREGORIAN"]
    for zone in zones:
        lines += Timezone.from_tzid(zone_of(zone).key).to_ical().decode().replace("\r\n ", "").splitlines()
    for window in known:
        lines += _event(window)
    lines.append("END:VCALENDAR")
    return "".join(map(_folded, lines))


def _folded(line: str) -> str:
    """Fold a content line at 75 bytes, and end it."""
    folded: bytes = Contentline(line).to_ical()  # type: ignore[no-untyped-call]
    return folded.decode() + "\r\n"


def _event(window: Window) -> Iterator[str]:
    """Yield the lines of one event. None of its values needs escapes: their characters are those of the model."""
    yield "BEGIN:VEVENT"
    yield f"UID:{window.name}@releasepilot"
    # When it was written does not matter to anybody, and would make each export another text.
    yield "DTSTAMP:19700101T000000Z"
    yield f"SUMMARY:{window.name}"
    yield f"CATEGORIES:{window.effect.value.upper()}"
    yield _times("DTSTART", window.zone, (window.start,))
    yield f"DURATION:{_duration(window.duration)}"
    if window.rrule:
        yield f"RRULE:{window.rrule}"
    if window.rdate:
        yield _times("RDATE", window.zone, window.rdate)
    if window.exdate:
        yield _times("EXDATE", window.zone, window.exdate)
    if window.components:
        yield f"{_COMPONENTS}:{','.join(window.components)}"
    if window.labels:
        yield f"{_LABELS}:{','.join(f'{name}={pattern}' for name, pattern in window.labels.items())}"
    if window.holidays:
        yield f"{_HOLIDAYS}:{window.holidays}"
    if window.crossing is not Crossing.FINISH_STEP:
        yield f"{_CROSSING}:{window.crossing.value}"
    if window.overrun:
        yield f"{_OVERRUN}:{window.overrun}"
    if not window.rollback:
        yield f"{_ROLLBACK}:FALSE"
    yield "END:VEVENT"


def _times(name: str, zone: str, walls: tuple[str, ...]) -> str:
    """Write wall times with their zone."""
    written_times = (f"{datetime.fromisoformat(wall):%Y%m%dT%H%M%S}" for wall in walls)
    if zone == "UTC":
        return f"{name}:{','.join(f'{time}Z' for time in written_times)}"
    return f"{name};TZID={zone}:{','.join(written_times)}"


def _duration(duration: str) -> str:
    """Write a duration by the grammar of section 3.3.6, which leaves out no unit between two others."""
    days, exact = length_of(duration)
    minutes, seconds = divmod(int(exact.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    time = f"{hours}H{minutes}M{seconds}S" if seconds else f"{hours}H{minutes}M" if minutes else f"{hours}H"
    return "P" + (f"{days}D" if days else "") + (f"T{time}" if exact else "")


class _Property(NamedTuple):
    """One line of an event."""

    params: Mapping[str, Any]
    value: str


@dataclass(frozen=True)
class _Event:
    """The lines of one event, by name."""

    lines: dict[str, list[_Property]] = field(default_factory=dict)

    def one(self, name: str) -> _Property | None:
        """Return the line of a name, the first if there are several."""
        return next(iter(self.lines.get(name, ())), None)

    def text(self, name: str) -> str:
        """Return the text of a line, its escapes undone; empty where there is none."""
        found = self.one(name)
        return re.sub(r"\\(.)", lambda one: " " if one[1] in "nN" else one[1], found.value) if found else ""


class _When(NamedTuple):
    """A time as an event has it."""

    wall: datetime
    zone: str
    whole_day: bool


def read_calendar(
    text: str, *, zone: str = "", effect: WindowEffect = WindowEffect.DENY, source: str = "calendar"
) -> tuple[Window, ...]:
    """Read the events of a calendar as windows.

    `zone` is that of times which name none; `effect` is what events do whose categories hold neither ALLOW nor DENY.
    An occurrence that was moved becomes a window of its own. Raises CalendarError with the event that cannot be one.
    """
    floating, events = _parse(text, source)
    reader = _Reader(source=source, floating=zone or floating, effect=effect)
    moved: dict[str, list[_Event]] = {}
    for event in events:
        if event.one("RECURRENCE-ID"):
            moved.setdefault(event.text("UID"), []).append(event)
    for event in events:
        if not event.one("RECURRENCE-ID"):
            reader.take(event, moved.pop(event.text("UID"), []))
    for event in (event for alone in moved.values() for event in alone):
        reader.take(event, [])
    return tuple(reader.windows)


def _parse(text: str, source: str) -> tuple[str, list[_Event]]:
    """Return the zone of times without one, empty where it is not told, and the events."""
    if len(text) > MAX_TEXT:
        raise CalendarError(f"{source} is longer than {MAX_TEXT} characters")
    zone, within, events = "", [], list[_Event]()
    for number, line in enumerate(Contentlines.from_ical(text), 1):  # type: ignore[no-untyped-call]
        if not line:
            continue
        try:
            name, params, value = line.raw_parts()
        except ValueError:
            raise CalendarError(f"{source}: line {number} is not one of a calendar: {line[:60]!r}") from None
        name = name.upper()
        if name == "BEGIN":
            within.append(value.upper())
            events += [_Event()] if within[-1] == "VEVENT" else []
        elif name == "END" and within:
            within.pop()
        elif within[-1:] == ["VEVENT"]:
            events[-1].lines.setdefault(name, []).append(_Property(params, value.strip()))
        elif name == "X-WR-TIMEZONE":
            zone = value.strip()
    if not text.lstrip("\ufeff \r\n").upper().startswith("BEGIN:VCALENDAR") or len(events) > MAX_EVENTS:
        raise CalendarError(f"{source} is no iCalendar text of at most {MAX_EVENTS} events")
    return zone, events


@dataclass
class _Reader:
    """Makes windows of events, with names of their own."""

    source: str
    floating: str
    effect: WindowEffect
    windows: list[Window] = field(default_factory=list)
    _names: set[str] = field(default_factory=set)

    def take(self, event: _Event, moved: list[_Event]) -> None:
        """Add the windows of an event, and of those of its occurrences that were moved."""
        if event.text("STATUS").upper() != "CANCELLED":
            try:
                self.windows.append(self._window(event, moved))
            except ValidationError as error:
                told = error.errors(include_url=False)[0]
                where = ".".join(map(str, told["loc"]))
                raise self._error(event, f"{where}: {told['msg'].removeprefix('Value error, ')}") from None
            except CatalogError as error:
                raise self._error(event, error.message) from None
        for one in moved:
            self.take(one, [])

    def _error(self, event: _Event, what: str) -> CalendarError:
        shown = event.text("SUMMARY")[:60] or event.text("UID")[:60] or "without a name"
        return CalendarError(f"{self.source}: the event {shown!r}: {what}")

    def _window(self, event: _Event, moved: list[_Event]) -> Window:
        """Read one event."""
        first = event.one("DTSTART")
        if first is None:
            raise CatalogError("it has no beginning (DTSTART)")
        for name in event.lines.keys() & _BEYOND.keys():
            raise CatalogError(f"{_BEYOND[name]} ({name}) cannot be kept in a window")
        if len(event.lines.get("RRULE", ())) > 1:
            raise CatalogError("it has several rules (RRULE): make an event of each")
        start = self._when(first, first.value, self.floating)
        left_out = [*self._walls(event, "EXDATE", start), *self._replaced(moved, start)]
        rule = event.one("RRULE")
        return Window(
            name=self._name(event.text("SUMMARY")),
            effect=self._effect(event),
            zone=start.zone,
            start=start.wall.isoformat(),
            duration=self._length(event, start),
            rrule=_clean_rule(rule.value) if rule else None,
            rdate=tuple(self._walls(event, "RDATE", start)),
            exdate=tuple(dict.fromkeys(left_out)) if moved else tuple(left_out),
            holidays=event.text(_HOLIDAYS) or None,
            components=tuple(filter(None, event.text(_COMPONENTS).split(","))),
            labels=_labels(event.text(_LABELS)),
            # Words and numbers are the model's to judge.
            crossing=event.text(_CROSSING) or Crossing.FINISH_STEP,
            overrun=event.text(_OVERRUN) or None,
            rollback=event.text(_ROLLBACK).upper() != "FALSE",
        )

    def _when(self, line: _Property, value: str, floating: str) -> _When:
        """Read a time: with the zone that it names, in UTC, or in that of times which name none."""
        found = re.fullmatch(r"(\d{8})(?:T(\d{6})(Z?))?", value.strip())
        if found is None:
            raise CatalogError(f"{value[:40]!r} is not a time")
        try:
            wall = datetime.fromisoformat(f"{found[1]}T{found[2] or '000000'}")
        except ValueError:
            raise CatalogError(f"{value!r} is no day or time that there is") from None
        if found[3]:
            return _When(wall, "UTC", whole_day=False)
        return _When(wall, self._zone(str(line.params.get("TZID", "")) or floating), whole_day=not found[2])

    @staticmethod
    def _zone(named: str) -> str:
        """Find the IANA zone that an event means."""
        zone = named.strip('"')
        if not zone:
            raise CatalogError("its times have no zone: name one with --zone")
        # Some programs put their own address before the name, and Windows has names of its own.
        zone = WINDOWS_TO_OLSON.get(zone, re.sub(r"^/[^/]+/(?:[^/]*\d[^/]*/)?", "", zone))
        return zone_of(zone).key

    def _wall(self, when: _When, start: _When) -> str:
        """Return a time on the clocks of the window's zone; a whole day is meant at the window's time of day."""
        if when.whole_day:
            return datetime.combine(when.wall.date(), start.wall.time()).isoformat(timespec="minutes")
        if when.zone == start.zone:
            return when.wall.isoformat()
        moment = resolve(when.wall, zone_of(when.zone)).astimezone(zone_of(start.zone))
        return moment.replace(tzinfo=None).isoformat()

    def _walls(self, event: _Event, name: str, start: _When) -> Iterator[str]:
        """Yield the times of a list, which may stand on several lines."""
        for line in event.lines.get(name, ()):
            if str(line.params.get("VALUE", "")).upper() == "PERIOD":
                raise CatalogError(f"{name} has periods, which have lengths of their own: make an event of each")
            for value in line.value.split(","):
                yield self._wall(self._when(line, value, start.zone), start)

    def _replaced(self, moved: list[_Event], start: _When) -> Iterator[str]:
        """Yield the occurrences in whose place others stand."""
        for event in moved:
            line = event.one("RECURRENCE-ID")
            if line and "RANGE" in line.params:
                raise CatalogError("all occurrences from one on were moved: make an event of them")
            if line:
                yield self._wall(self._when(line, line.value, start.zone), start)

    def _length(self, event: _Event, start: _When) -> str:
        """Return how long it lasts. An end is an exact time away, whole days are days (RFC 5545, section 3.8.5.3)."""
        duration, ended = event.text("DURATION"), event.one("DTEND")
        if duration:
            return duration.removeprefix("+")
        if ended is None:
            if start.whole_day:
                return "1d"
            raise CatalogError("it has no end (DTEND or DURATION)")
        end = self._when(ended, ended.value, start.zone)
        if start.whole_day:
            return written((end.wall - start.wall).days, timedelta(0))
        return written(0, resolve(end.wall, zone_of(end.zone)) - resolve(start.wall, zone_of(start.zone)))

    def _effect(self, event: _Event) -> WindowEffect:
        """Read the categories."""
        words = {word.strip().lower() for line in event.lines.get("CATEGORIES", ()) for word in line.value.split(",")}
        return next((effect for effect in WindowEffect if effect.value in words), self.effect)

    def _name(self, summary: str) -> str:
        """Make a name of a summary, one that no other window has."""
        plain = re.sub(r"[^A-Za-z0-9._-]+", "-", summary)
        base = re.sub(r"\.{2,}", ".", plain).strip("-_.")[:_LONGEST].rstrip("-_.").removesuffix(".lock") or "window"
        name, number = base, 2
        while name.casefold() in self._names:
            name, number = f"{base[: _LONGEST - 5]}-{number}", number + 1
        self._names.add(name.casefold())
        return name


def _labels(text: str) -> dict[str, str]:
    """Read `environment=production,region=eu`."""
    return {name: pattern for name, _, pattern in (part.partition("=") for part in text.split(",") if part)}


def _clean_rule(rule: str) -> str:
    """Leave out what says nothing: seconds that are those of the beginning anyway."""
    return ";".join(part for part in rule.upper().split(";") if part and part != "BYSECOND=0")


__all__ = ["read_calendar", "write_calendar"]
