"""Maven's requirements: a recommended version, or sets of versions in brackets."""

from __future__ import annotations

import re
from functools import lru_cache

from releasepilot.errors import PlanError
from releasepilot.versioning.bounds import above
from releasepilot.versioning.interval import ANYTHING, Interval, holds
from releasepilot.versioning.ordering import Scheme, Version, parse
from releasepilot.versioning.orders import Order, after

_SET = re.compile(r"([\[(])\s*([^,\[\]()]*?)\s*(?:(,)\s*([^,\[\]()]*?)\s*)?([\])])")
_SETS = re.compile(rf"{_SET.pattern}(?:\s*,\s*{_SET.pattern})*")
_MOVING = frozenset({"", "LATEST", "RELEASE"})


def admits(text: str, version: Version) -> bool:
    """Tell whether a requirement accepts a version; prereleases are versions as others are.

    A version without brackets is Maven's soft requirement, a recommendation: what is built is that version until the
    text says another, so it accepts that one alone. `LATEST`, `RELEASE` and properties accept everything: there is
    nothing to move. PlanError where the text cannot be read.
    """
    return holds(_read(text.strip()), version)


def move(text: str, version: Version) -> str:
    """Rewrite a requirement so that it accepts a version; unchanged where it does already."""
    if admits(text, version):
        return text
    stripped = text.strip()
    if not _bracketed(stripped):
        return version.text
    last = list(_SET.finditer(stripped))[-1]
    moved = _restyled(last, version)
    for candidate in (stripped[: last.start()] + moved, moved):
        if _accepts(candidate, version):
            return candidate
    return f"[{version.text}]"


def is_recommendation(text: str) -> bool:
    """Tell whether a requirement gives way to others: a version without brackets."""
    return not _bracketed(text.strip())


def _bracketed(text: str) -> bool:
    return text[:1] in ("[", "(")


@lru_cache(maxsize=1 << 14)
def _read(text: str) -> tuple[Interval, ...]:
    if text in _MOVING or "${" in text:
        return ANYTHING
    if not _bracketed(text):
        bound = _bound(text, text)
        return (Interval(bound, after(bound)),)
    if _SETS.fullmatch(text) is None:
        raise _unreadable(text)
    sets: list[Interval] = []
    highest: Order | None = None
    for found in _SET.finditer(text):
        low, high = _ends(found, text)
        # Maven looks at the set before alone, and not at all behind one without an end.
        if highest is not None and (low is None or low < highest):
            raise _unreadable(text)
        highest = high
        lower = () if low is None else low if found[1] == "[" else after(low)
        sets.append(Interval(lower, high if high is None or found[5] == ")" else after(high)))
    return tuple(sets)


def _ends(found: re.Match[str], text: str) -> tuple[Order | None, Order | None]:
    """Return the two ends of a set, None where there is none; the lower one comes first."""
    closed = found[1] == "[" and found[5] == "]"
    low = _bound(found[2], text) if found[2] else None
    if found[3] is None:
        if not closed or low is None:
            raise _unreadable(text)
        return low, low
    high = _bound(found[4], text) if found[4] else None
    if low is not None and high is not None and (low > high or (low == high and not closed)):
        raise _unreadable(text)
    return low, high


def _restyled(found: re.Match[str], version: Version) -> str:
    """Move the ends of a set that has to hold the version."""
    opening, low, comma, high, closing = found.groups()
    if comma is None:
        return f"[{version.text}]"
    if low:
        opening, low = "[", version.text
    if high and _bound(high, high) <= version.order:
        high = version.text if closing == "]" else above(high, version)
    return f"{opening}{low}{comma}{high}{closing}"


def _accepts(text: str, version: Version) -> bool:
    try:
        return admits(text, version)
    except PlanError:
        return False


def _bound(text: str, whole: str) -> Order:
    version = parse(text, Scheme.MAVEN)
    if version is None:
        raise _unreadable(whole)
    return version.order


def _unreadable(text: str) -> PlanError:
    return PlanError(
        f"the Maven requirement {text[:100]!r} cannot be read",
        hint="Write it as a version such as 1.2.3, or as sets such as [1.2,2.0) that rise and do not overlap.",
    )
