"""From a window to the spans in which it is open: recurrence on the clocks of its zone, then to UTC.

Python-dateutil expands the rule over naive times, as RFC 5545 defines it; the zone comes in once for each occurrence
(sections 3.3.5 and 3.8.5.3). Expanding over times that carry a zone instead gives hours that do not exist.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from importlib import import_module
from itertools import islice
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from dateutil.rrule import rrule, rrulestr

from releasepilot.errors import CatalogError
from releasepilot.governance.spans import Span
from releasepilot.model.recurrence import length_of, parts_of, until_of
from releasepilot.model.window import Window, WindowEffect

#: No zone is further from UTC, and no change of the clocks leaves out more: Samoa left out a day.
_MARGIN = timedelta(days=2)
#: Days after which rules of these frequencies are where they were, for each interval.
_PERIOD = {"DAILY": 1, "WEEKLY": 7}


def spans_of(window: Window, within: Span) -> Iterator[Span]:
    """Yield the spans of a window that overlap `within`, in the order of their beginnings on the clocks.

    CatalogError where the zone or the holidays are not known on this machine.
    """
    zone = zone_of(window.zone)
    days, exact = length_of(window.duration)
    earliest = _on_clocks(within.begin, zone) - _MARGIN - timedelta(days=days) - exact
    latest = _on_clocks(within.end, zone) + _MARGIN
    for start in _starts(window, earliest, latest):
        begin = resolve(start, zone)
        end = (resolve(start + timedelta(days=days), zone) if days else begin) + exact
        # A day that the clocks leave out begins and ends in one moment.
        if begin < end and begin < within.end and within.begin < end:
            yield Span(begin, end)


def resolve(wall: datetime, zone: ZoneInfo) -> datetime:
    """Return the moment of a wall time, in UTC.

    RFC 5545, section 3.3.5: a time that is shown twice is the first; one that is left out has the offset of before,
    so that it becomes as much later as the clocks leave out. This is also what PEP 495 says of `fold=0`.
    """
    return wall.replace(tzinfo=zone, fold=0).astimezone(UTC)


def zone_of(name: str) -> ZoneInfo:
    """Return a time zone; CatalogError where this machine does not know it."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise CatalogError(
            f"{name!r} is not a time zone", hint="write an IANA name such as Europe/Berlin or America/New_York"
        ) from None


def _on_clocks(moment: datetime, zone: ZoneInfo) -> datetime:
    return moment.astimezone(zone).replace(tzinfo=None)


def _starts(window: Window, earliest: datetime, latest: datetime) -> list[datetime]:
    """Return the wall times between the two at which a window begins, each once."""
    first = datetime.fromisoformat(window.start)
    starts = set(_recurring(window, first, earliest, latest) if window.rrule else [first])
    starts.update(map(datetime.fromisoformat, window.rdate))
    if window.holidays:
        free = _holidays(window.holidays, earliest, latest)
        if window.effect is WindowEffect.DENY:
            starts.update(start for day in free if (start := datetime.combine(day, first.time())) >= first)
        else:
            starts = {start for start in starts if start.date() not in free}
    starts.difference_update(map(datetime.fromisoformat, window.exdate))
    return sorted(start for start in starts if earliest <= start <= latest)


def _recurring(window: Window, first: datetime, earliest: datetime, latest: datetime) -> Iterator[datetime]:
    """Yield what the rule of a window gives between two wall times.

    The rule is always given an end, because one that never matches would be searched to the year 9999.
    """
    rule = window.rrule or ""
    parts = parts_of(rule)
    count = int(parts["COUNT"]) if "COUNT" in parts else None
    until, in_utc = until_of(parts["UNTIL"]) if "UNTIL" in parts else (None, False)
    if until is not None:
        latest = min(latest, until + _MARGIN if in_utc else until)
    if count is None:
        first = _closer(parts, first, earliest)
    if latest < first:
        return
    every = _parsed(rule).replace(dtstart=first, until=latest, count=None)
    starts = (start for start in islice(every, count) if start >= earliest)
    if until is None or not in_utc:
        yield from starts
    else:
        last, zone = until.replace(tzinfo=UTC), zone_of(window.zone)
        yield from (start for start in starts if resolve(start, zone) <= last)


@lru_cache(maxsize=1024)
def _parsed(rule: str) -> rrule:
    """Parse a rule without its end, which is ours to find."""
    kept = ";".join(f"{key}={value}" for key, value in parts_of(rule).items() if key not in {"COUNT", "UNTIL"})
    parsed = rrulestr(kept, dtstart=datetime(1970, 1, 1))  # noqa: DTZ001 wall times have no zone
    if not isinstance(parsed, rrule):
        # Several lines would be a set of rules; one line, which the model demands, never is.
        raise TypeError(rule)
    return parsed


def _closer(parts: dict[str, str], first: datetime, earliest: datetime) -> datetime:
    """Move the beginning of a rule without COUNT closer to what is asked for, by whole periods, so that it repeats."""
    period = _PERIOD.get(parts["FREQ"], 0) * int(parts.get("INTERVAL", 1))
    # One period is left, because that in which a rule begins is cut off at its beginning.
    skipped = (earliest - first).days // period - 1 if period else 0
    return first + timedelta(days=max(0, skipped) * period)


def _holidays(code: str, earliest: datetime, latest: datetime) -> frozenset[date]:
    """Return the public holidays between two wall times."""
    found: frozenset[date] = import_module("releasepilot.governance.public_holidays").holidays_of(
        code, earliest.year, latest.year
    )
    return frozenset(day for day in found if earliest.date() <= day <= latest.date())
