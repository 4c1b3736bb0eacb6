"""Ranges of versions as intervals of their keys, so that asking whether one is inside is a comparison."""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce
from typing import NamedTuple

from releasepilot.versioning.ordering import Version
from releasepilot.versioning.orders import Bound


class Span(NamedTuple):
    """What lies between two bounds."""

    #: Included; () lies below every version.
    lower: Bound = ()
    #: Not included; None where there is no end.
    upper: Bound | None = None


class Interval(NamedTuple):
    """A span of versions, with holes, and with the prereleases in it that count."""

    lower: Bound = ()
    upper: Bound | None = None
    #: Major, minor and patch of those prereleases that are accepted; None for all of them.
    opened: frozenset[tuple[int, int, int]] | None = None
    holes: tuple[Span, ...] = ()


#: Accepts whatever there is.
ANYTHING: tuple[Interval, ...] = (Interval(),)

#: Opens no prerelease.
CLOSED: frozenset[tuple[int, int, int]] = frozenset()

EVERYWHERE = Span()
NOWHERE = Span(upper=())


def holds(intervals: tuple[Interval, ...], version: Version) -> bool:
    """Tell whether one of the intervals accepts a version."""
    key = version.order
    for lower, upper, opened, holes in intervals:
        if lower > key or (upper is not None and key >= upper):
            continue
        if version.prerelease and opened is not None and version.triple not in opened:
            continue
        if not holes or not any(_inside(hole, key) for hole in holes):
            return True
    return False


def meet(first: Span, second: Span) -> Span:
    """Return what lies in both spans."""
    if first.upper is None or second.upper is None:
        upper = first.upper if second.upper is None else second.upper
    else:
        upper = min(first.upper, second.upper)
    return Span(max(first.lower, second.lower), upper)


def joined(
    spans: Iterable[Span], opened: frozenset[tuple[int, int, int]] | None, holes: Iterable[Span] = ()
) -> Interval:
    """Return the interval in which all spans meet."""
    lower, upper = reduce(meet, spans, EVERYWHERE)
    return Interval(lower, upper, opened, tuple(holes))


def _inside(span: Span, key: Bound) -> bool:
    return span.lower <= key and (span.upper is None or key < span.upper)
