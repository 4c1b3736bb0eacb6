"""Calendar versions, by the words of calver.org: `YYYY.MM.MICRO` and its like."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass

from releasepilot.errors import PlanError
from releasepilot.model.version import Bump
from releasepilot.versioning.ordering import parse

DEFAULT = "YYYY.MM.MICRO"

#: Words of a period: the unit that each tells, how it is written, and how it is read.
_PERIODS = {
    "YYYY": ("year", "{:d}", r"\d{4}"),
    "YY": ("short year", "{:d}", r"\d{1,3}"),
    "0Y": ("short year", "{:02d}", r"\d{2,3}"),
    "MM": ("month", "{:d}", r"\d{1,2}"),
    "0M": ("month", "{:02d}", r"\d{2}"),
    "WW": ("week", "{:d}", r"\d{1,2}"),
    "0W": ("week", "{:02d}", r"\d{2}"),
    "DD": ("day", "{:d}", r"\d{1,2}"),
    "0D": ("day", "{:02d}", r"\d{2}"),
}
_COUNTERS = ("MAJOR", "MINOR", "MICRO")
_WORD = re.compile("|".join((*_PERIODS, *_COUNTERS, r"\.")))
_MODIFIER = re.compile(r"[-._+]?MODIFIER$")
#: Which counter a bump raises, the first that the format has.
_RAISES = {
    Bump.MAJOR: ("MAJOR", "MINOR", "MICRO"),
    Bump.MINOR: ("MINOR", "MICRO", "MAJOR"),
    Bump.PATCH: ("MICRO", "MINOR", "MAJOR"),
}
#: Orders in which the units of a period may stand: a later date must be a higher version.
_ORDERS = (("year",), ("year", "month"), ("year", "month", "day"), ("year", "week"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """A format that was understood."""

    text: str
    #: Its words and dots in order, without MODIFIER.
    words: tuple[str, ...]
    #: Reads a version of this format, one group a word; what follows is a prerelease.
    pattern: re.Pattern[str]

    @property
    def parts(self) -> tuple[str, ...]:
        """Its words without the dots."""
        return tuple(word for word in self.words if word != ".")

    def write(self, values: tuple[int, ...]) -> str:
        """Write a version, one value a part."""
        rest = iter(values)
        return "".join(
            word if word == "." else (_PERIODS[word][1] if word in _PERIODS else "{:d}").format(next(rest))
            for word in self.words
        )


def format_of(text: str) -> Format:
    """Read a format; PlanError where it is none, or where a later date would not be a higher version."""
    bare = _MODIFIER.sub("", text)
    words = tuple(_WORD.findall(bare))
    units = tuple(_PERIODS[word][0].removeprefix("short ") for word in words if word in _PERIODS)
    counters = [word for word in words if word in _COUNTERS]
    if "".join(words) != bare or not re.fullmatch(r"[^.]+(?:\.[^.]+)+", bare) or len(set(counters)) < len(counters):
        raise _refused(text, "is not a calendar format")
    if units not in _ORDERS:
        raise _refused(text, "does not rise with the date")
    if counters != sorted(counters, key=_COUNTERS.index):
        raise _refused(text, "has its counters in another order than MAJOR, MINOR, MICRO")
    read = "".join(
        r"\." if word == "." else f"({_PERIODS[word][2]})" if word in _PERIODS else r"(\d{1,18})" for word in words
    )
    return Format(text=text, words=words, pattern=re.compile(rf"{read}(?P<rest>[-+.a-z].*)?", re.ASCII))


def _refused(text: str, what: str) -> PlanError:
    known = ", ".join((*_PERIODS, *_COUNTERS))
    return PlanError(
        f"calver: {text[:100]!r} {what}",
        hint=f"Put dots between {known}: the year first, then month and day or the week, such as {DEFAULT}.",
    )


def raised(current: str | None, bump: Bump, text: str, date: str | None) -> str:
    """Return the next version of a format; `date` is ISO 8601.

    A new period resets the counters to its right; within a period the bump raises a counter, which is MICRO where the
    format has no other. A date that is before the current version's counts as its period, so that going back in time
    never lowers a version; so does no date at all. PlanError where there is no date to begin with, and where the
    format has nothing left to raise.
    """
    form = format_of(text)
    before = form.pattern.fullmatch(current) if current is not None else None
    today = _period(form, date) if date is not None else None
    if before is None:
        return _begun(current, form, today)
    old = tuple(int(value) for value in before.groups()[:-1])
    new = _moved(form, old, today)
    version = form.write(_counted(form, old, new, bump) if new == old or _left(form, old, new, bump) else new)
    if new == old and _is_prerelease(current):
        version = form.write(old)
    return _checked(current, version, form)


def _period(form: Format, date: str) -> tuple[int, ...]:
    """Return the values of the first version in a date's period."""
    try:
        day = dt.date.fromisoformat(date[:10])
    except ValueError:
        raise PlanError(f"{date[:40]!r} is not a date", hint="Write it as 2026-07-23.") from None
    # calver.org counts weeks from the start of the year. ISO's would fall back on some first of January.
    week = (day.timetuple().tm_yday + 6) // 7
    units = {"year": day.year, "short year": day.year - 2000, "month": day.month, "week": week, "day": day.day}
    return tuple(units[_PERIODS[part][0]] if part in _PERIODS else 0 for part in form.parts)


def _begun(current: str | None, form: Format, today: tuple[int, ...] | None) -> str:
    """Return the first version of a format, which must be above what there was before."""
    if today is None:
        what = "there is no version yet" if current is None else f"{current[:100]!r} is not of the format {form.text}"
        raise PlanError(f"calver: {what}, and no date", hint="Give a date, or `initial` for the first version.")
    return _checked(current, form.write(today), form)


def _moved(form: Format, old: tuple[int, ...], today: tuple[int, ...] | None) -> tuple[int, ...]:
    """Return the values after a move to today's period: counters right of what changed begin anew."""
    if today is None:
        return old
    at = [index for index, part in enumerate(form.parts) if part in _PERIODS]
    if [today[index] for index in at] <= [old[index] for index in at]:
        return old
    changed = next(index for index in at if today[index] != old[index])
    return tuple(
        value if part in _PERIODS or index > changed else old[index]
        for index, (part, value) in enumerate(zip(form.parts, today, strict=True))
    )


def _counter(form: Format, bump: Bump) -> int | None:
    """Return the place of the counter that a bump raises."""
    return next((form.parts.index(word) for word in _RAISES[bump] if word in form.parts), None)


def _left(form: Format, old: tuple[int, ...], new: tuple[int, ...], bump: Bump) -> bool:
    """Tell whether the bump's counter stands left of the period that changed, so that it is raised all the same."""
    at = _counter(form, bump)
    changed = next(index for index, (one, two) in enumerate(zip(old, new, strict=True)) if one != two)
    return at is not None and at < changed and form.parts[at] == _RAISES[bump][0]


def _counted(form: Format, old: tuple[int, ...], new: tuple[int, ...], bump: Bump) -> tuple[int, ...]:
    """Raise the bump's counter; those right of it begin anew. Values stay where the format has no counter."""
    at = _counter(form, bump)
    if at is None:
        return new
    return tuple(
        value if index < at or part in _PERIODS else old[index] + 1 if index == at else 0
        for index, (part, value) in enumerate(zip(form.parts, new, strict=True))
    )


def _is_prerelease(current: str | None) -> bool:
    version = parse(current) if current is not None else None
    return version is not None and version.prerelease


def _checked(current: str | None, version: str, form: Format) -> str:
    """Refuse a version that is not above the current one."""
    before, after = parse(current) if current is not None else None, parse(version)
    if before is not None and after is not None and after.order <= before.order:
        raise PlanError(
            f"calver: {version} is not above {current}",
            hint=f"Let the format {form.text} end with MICRO, or wait for the next period.",
        )
    return version
