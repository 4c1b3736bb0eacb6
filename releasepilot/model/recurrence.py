"""Recurrence rules, wall times and durations as a catalog writes them: RFC 5545, narrowed to what windows need.

Only texts are checked here. Time zones and holidays are data that differ from machine to machine, so they are looked up
by `releasepilot.governance`, and never while a value is decoded.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Annotated

from pydantic import AfterValidator, Field

#: The most occurrences of one rule on one day. A window is hours, and five years of every rule have to stay countable.
MAX_A_DAY = 24
#: The longest window.
MAX_DURATION = timedelta(days=366)
#: Years that a window may begin in. Time zones are a guess outside of them.
YEARS = range(1970, 2101)

_DAY = "MO|TU|WE|TH|FR|SA|SU"
_FREQUENCIES = ("DAILY", "WEEKLY", "MONTHLY", "YEARLY")
#: Parts that are numbers: the largest, and whether they may count from the end.
_NUMBERS: dict[str, tuple[int, int, bool]] = {
    "BYMONTH": (1, 12, False),
    "BYWEEKNO": (1, 53, True),
    "BYYEARDAY": (1, 366, True),
    "BYMONTHDAY": (1, 31, True),
    "BYHOUR": (0, 23, False),
    "BYMINUTE": (0, 59, False),
    "BYSETPOS": (1, 366, True),
    "INTERVAL": (1, 1000, False),
    "COUNT": (1, 100_000, False),
}
_SINGLE = ("INTERVAL", "COUNT")
_KEYS = ("FREQ", "UNTIL", "WKST", "BYDAY", *_NUMBERS)
#: What RFC 5545, section 3.3.10, does not allow beside a frequency.
_NOT_WITH = {
    "DAILY": ("BYWEEKNO", "BYYEARDAY"),
    "WEEKLY": ("BYWEEKNO", "BYYEARDAY", "BYMONTHDAY"),
    "MONTHLY": ("BYWEEKNO", "BYYEARDAY"),
    "YEARLY": (),
}
_UNTIL = re.compile(r"(\d{8})(?:T(\d{6})(Z?))?")


def _rule(text: str) -> str:
    """Accept a rule that repeats by days, weeks, months or years, and can be expanded over years without end."""
    rule = text.strip().upper().removeprefix("RRULE:")
    parts = _split(rule)
    frequency = parts.get("FREQ", "")
    if frequency not in _FREQUENCIES:
        what = "a rule begins with FREQ=DAILY, WEEKLY, MONTHLY or YEARLY"
        finer = frequency in {"SECONDLY", "MINUTELY", "HOURLY"}
        raise ValueError(f"{what}; several times of a day are named by BYHOUR" if finer else what)
    for key, value in parts.items():
        _check_part(key, value, frequency)
    _check_together(parts)
    return rule


def _split(rule: str) -> dict[str, str]:
    """Split a rule into its parts; each may stand once."""
    parts: dict[str, str] = {}
    for part in rule.split(";"):
        key, _, value = part.partition("=")
        if key not in _KEYS or not value:
            raise ValueError(f"{part[:40]!r} is no part of a rule that a window can have; known are {', '.join(_KEYS)}")
        if key in parts:
            raise ValueError(f"{key} stands in the rule twice")
        parts[key] = value
    return parts


def _check_part(key: str, value: str, frequency: str) -> None:
    """Check one part for itself and against the frequency."""
    if key in _NOT_WITH[frequency]:
        raise ValueError(f"{key} does not go with FREQ={frequency} (RFC 5545, section 3.3.10)")
    if key in _NUMBERS:
        _check_numbers(key, value.split(","))
    elif key == "UNTIL":
        until_of(value)
    elif key == "WKST" and not re.fullmatch(_DAY, value):
        raise ValueError(f"WKST is one of {_DAY.replace('|', ', ')}")
    elif key == "BYDAY":
        # Only a month and a year have a third Friday.
        nth = r"(?:[+-]?[1-9]\d?)?" if frequency in {"MONTHLY", "YEARLY"} else ""
        if not all(re.fullmatch(f"{nth}(?:{_DAY})", day) for day in value.split(",")):
            raise ValueError(f"BYDAY={value[:40]} is not a list of days that FREQ={frequency} can have")


def _check_numbers(key: str, values: list[str]) -> None:
    """Check the numbers of a part."""
    low, high, backwards = _NUMBERS[key]
    for value in values:
        if not re.fullmatch(r"[+-]?\d{1,6}", value) or (value[0] in "+-" and not backwards):
            raise ValueError(f"{key}={value[:20]} is not a number that {key} can have")
        if not low <= abs(int(value)) <= high:
            raise ValueError(f"{key} is from {low} to {high}")
    if key in _SINGLE and len(values) > 1:
        raise ValueError(f"{key} is one number")


def _check_together(parts: dict[str, str]) -> None:
    """Check what parts say of each other."""
    if "COUNT" in parts and "UNTIL" in parts:
        raise ValueError("a rule ends by COUNT or by UNTIL, not by both")
    if "BYSETPOS" in parts and not any(key.startswith("BY") and key != "BYSETPOS" for key in parts):
        raise ValueError("BYSETPOS chooses among what another BY part gives")
    if "BYWEEKNO" in parts and re.search(r"\d", parts.get("BYDAY", "")):
        raise ValueError("BYDAY has no numbers beside BYWEEKNO (RFC 5545, section 3.3.10)")
    times = 1
    for key in ("BYHOUR", "BYMINUTE"):
        times *= len(set(parts.get(key, "0").split(",")))
    if times > MAX_A_DAY:
        raise ValueError(f"a window recurs at most {MAX_A_DAY} times a day, and these are {times}")


def parts_of(rule: str) -> dict[str, str]:
    """Return the parts of a checked rule by their keys."""
    return dict(part.split("=", 1) for part in rule.split(";"))


def until_of(text: str) -> tuple[datetime, bool]:
    """Return the last moment of an UNTIL as a naive time, and whether it is UTC; a date alone lasts until its end."""
    found = _UNTIL.fullmatch(text)
    moment = _moment(f"{found[1]}T{found[2] or '235959'}") if found else None
    if found is None or moment is None:
        raise ValueError("UNTIL is written 20261231, 20261231T180000 or, in UTC, 20261231T180000Z")
    return moment, found[3] == "Z"


def _moment(text: str) -> datetime | None:
    """Read a naive time in a form of ISO 8601; None where there is no such day or time."""
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


_WALL = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?")


def _wall(text: str) -> str:
    """Accept a local time without an offset: `2026-01-05T09:00`, or with seconds."""
    moment = _moment(text) if _WALL.fullmatch(text) else None
    if moment is None:
        raise ValueError(
            "a wall time is written 2026-01-05T09:00, without an offset and without Z: the zone says where"
        )
    if moment.year not in YEARS:
        raise ValueError(f"the year is from {YEARS[0]} to {YEARS[-1]}")
    return moment.isoformat(timespec="seconds" if moment.second else "minutes")


_DURATION = re.compile(
    r"P?(?:(\d{1,4})W)?(?:(\d{1,4})D)?T?(?:(\d{1,5})H)?(?:(\d{1,6})M)?(?:(\d{1,8})S)?", re.IGNORECASE
)


def _duration(text: str) -> str:
    """Accept `8h`, `90m`, `1d`, `1d12h` and the forms of RFC 5545 such as `PT8H`; return the former."""
    found = _DURATION.fullmatch(text)
    if found is None or not any(found.groups()):
        raise ValueError("a window's duration is written 8h, 90m, 1d, 1d12h or 2w, or as in RFC 5545 PT8H, P1D")
    weeks, days, hours, minutes, seconds = (int(group or 0) for group in found.groups())
    length = timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds)
    if not timedelta(0) < length <= MAX_DURATION:
        raise ValueError(f"a window lasts from a second to {MAX_DURATION.days} days")
    exact = timedelta(hours=hours, minutes=minutes, seconds=seconds)
    return written(weeks * 7 + days, exact)


def written(days: int, exact: timedelta) -> str:
    """Write a duration of wall-clock days and an exact time."""
    minutes, seconds = divmod(int(exact.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    parts = ((days, "d"), (hours, "h"), (minutes, "m"), (seconds, "s"))
    return "".join(f"{number}{unit}" for number, unit in parts if number)


def length_of(duration: str) -> tuple[int, timedelta]:
    """Return a checked duration as wall-clock days and an exact time.

    A day is from one wall-clock time to the same on the next day, be it 23 or 25 hours; hours, minutes and seconds
    are exact (RFC 5545, sections 3.3.6 and 3.8.2.5). So `1d` and `24h` differ where the clocks change.
    """
    found = re.fullmatch(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?", duration)
    days, hours, minutes, seconds = (int(group or 0) for group in (found.groups() if found else ("",) * 4))
    return days, timedelta(hours=hours, minutes=minutes, seconds=seconds)


#: A recurrence rule of RFC 5545.
Rule = Annotated[str, Field(max_length=500), AfterValidator(_rule)]
#: A local date and time, without an offset.
WallTime = Annotated[str, AfterValidator(_wall)]
#: How long a window is open.
Duration = Annotated[str, AfterValidator(_duration)]
