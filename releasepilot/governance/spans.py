"""Spans of time and their algebra. Half-open, in UTC, sorted by their beginning wherever there are several."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import NamedTuple


class Span(NamedTuple):
    """From `begin`, to `end`, which no longer belongs to it."""

    begin: datetime
    end: datetime


def union(spans: Iterable[Span]) -> list[Span]:
    """Join what overlaps and what touches: two windows one after the other do not close in between."""
    joined: list[Span] = []
    for span in sorted(spans):
        if not joined or span.begin > joined[-1].end:
            joined.append(span)
        elif span.end > joined[-1].end:
            joined[-1] = Span(joined[-1].begin, span.end)
    return joined


def intersection(some: Sequence[Span], others: Sequence[Span]) -> list[Span]:
    """Return what is in both; each without overlaps of its own."""
    found: list[Span] = []
    one = other = 0
    while one < len(some) and other < len(others):
        begin, end = max(some[one].begin, others[other].begin), min(some[one].end, others[other].end)
        if begin < end:
            found.append(Span(begin, end))
        if some[one].end < others[other].end:
            one += 1
        else:
            other += 1
    return found


def complement(spans: Sequence[Span], within: Span) -> Iterator[Span]:
    """Yield what is `within` and in none of the spans, which have no overlaps."""
    begin = within.begin
    for span in spans:
        if span.begin >= within.end:
            break
        if begin < span.begin:
            yield Span(begin, span.begin)
        begin = max(begin, span.end)
    if begin < within.end:
        yield Span(begin, within.end)
