"""The verdict on a moment: may these components be released, by which window, and until when.

A component may be released when no blackout that concerns it is open and, if any window that allows concerns it, one of
those is. Several components may be released when each of them may. Pure: the moment is given, no clock is read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta

from releasepilot.errors import CatalogError
from releasepilot.governance.expansion import spans_of, zone_of
from releasepilot.governance.scope import Components, Concerned
from releasepilot.governance.spans import Span, complement, intersection, union
from releasepilot.governance.zone_data import zone_data_version
from releasepilot.model.window import Occurrence, Opening, Window, WindowVerdict

#: How far ahead the next change is looked for: five years.
HORIZON = timedelta(days=5 * 365 + 2)
#: Most changes are near, so what lies ahead is looked at in steps of eight times the one before.
_STEPS = (timedelta(days=8), timedelta(days=64), timedelta(days=512), HORIZON)


def occurrences(window: Window, begin: datetime, end: datetime) -> tuple[Occurrence, ...]:
    """Return the times at which a window is open and that overlap a span, whole, in the window's zone."""
    zone = zone_of(window.zone)
    return tuple(
        Occurrence(
            window=window.name,
            effect=window.effect,
            begin=span.begin.astimezone(zone),
            end=span.end.astimezone(zone),
            zone=window.zone,
        )
        for span in spans_of(window, _span(begin, end))
    )


def openings(windows: Sequence[Window], begin: datetime, end: datetime, components: Components) -> tuple[Opening, ...]:
    """Return the spans between two moments in which all of the components may be released, cut off at the two."""
    found = _open(Concerned.of(windows, components), _span(begin, end))
    return tuple(Opening(begin=span.begin, end=span.end) for span in found)


def known_openings(windows: Sequence[Window], at: datetime, components: Components) -> tuple[Opening, ...]:
    """Return all known openings from a moment on; the last has no end where it does not close within five years."""
    within = Span(_utc(at), _utc(at) + HORIZON)
    found = _open(Concerned.of(windows, components), within)
    return tuple(Opening(begin=span.begin, end=span.end if span.end < within.end else None) for span in found)


def next_opening(windows: Sequence[Window], at: datetime, components: Components) -> Opening | None:
    """Return the opening that holds a moment, from that moment on, or the next one; None where none is known."""
    return coming(Concerned.of(windows, components), _utc(at))


def coming(concerned: Concerned, begin: datetime, suits: Callable[[Span], bool] = lambda _: True) -> Opening | None:
    """Return the first opening from a moment on, in UTC, that suits; None where none is known."""
    for step in _STEPS:
        within = Span(begin, begin + step)
        # One that is cut off may be longer than it looks, until nobody looks further.
        cut = within.end if step is not HORIZON else None
        found = next((span for span in _open(concerned, within) if span.end == cut or suits(span)), None)
        if found and (found.end < within.end or step is HORIZON):
            return Opening(begin=found.begin, end=found.end if found.end < within.end else None)
    return None


def verdict(windows: Sequence[Window], at: datetime, components: Components) -> WindowVerdict:
    """Judge a moment, which must carry its zone. Without components only windows that concern all are looked at.

    CatalogError where a zone or the holidays of a country are not known on this machine.
    """
    concerned, moment = Concerned.of(windows, components), _utc(at)
    if not concerned.denying and not concerned.allowing:
        return WindowVerdict(open=True, reason="no window concerns it")
    opening, tzdata = coming(concerned, moment), zone_data_version()
    if opening and opening.begin == moment:
        rule = next((window.name for group in concerned.allowing for window in open_at(group, moment)), "")
        reason = f"open by {rule!r}" if rule else "no blackout is open"
        return WindowVerdict(open=True, rule=rule, until=opening.end, reason=reason, tzdata=tzdata)
    rule, reason = _closed_by(concerned, moment)
    until = opening.begin if opening else None
    every = tuple(dict.fromkeys(window.name for window in _closing(concerned, moment)))
    return WindowVerdict(open=False, rule=rule, until=until, reason=reason, tzdata=tzdata, closed_by=every)


def _closing(concerned: Concerned, moment: datetime) -> Iterator[Window]:
    """Yield all that closes a moment: the open blackouts, and each window of the groups of which none is open."""
    yield from open_at(concerned.denying, moment)
    for group in concerned.allowing:
        if not any(open_at(group, moment)):
            yield from group


def _closed_by(concerned: Concerned, moment: datetime) -> tuple[str, str]:
    """Return the window that closes a moment, and how: a blackout first, then windows that are not open."""
    for window in open_at(concerned.denying, moment):
        return window.name, f"closed by the blackout {window.name!r}"
    group = next(group for group in concerned.allowing if not any(open_at(group, moment)))
    return group[0].name, f"outside of {', '.join(repr(window.name) for window in group)}"


def open_at(windows: Iterable[Window], moment: datetime) -> Iterator[Window]:
    """Yield the windows that are open at a moment."""
    instant = Span(moment, moment + timedelta(microseconds=1))
    return (window for window in windows if any(spans_of(window, instant)))


def _open(concerned: Concerned, within: Span) -> list[Span]:
    """Return when all components are open: inside one window of each group, and outside of every blackout."""
    closed = union(span for window in concerned.denying for span in spans_of(window, within))
    found = list(complement(closed, within))
    spans: dict[int, list[Span]] = {}
    for group in concerned.allowing:
        if not found:
            break
        for window in group:
            # Windows of several groups are expanded once.
            if id(window) not in spans:
                spans[id(window)] = list(spans_of(window, within))
        found = intersection(found, union(span for window in group for span in spans[id(window)]))
    return found


def objections(windows: Sequence[Window]) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Yield what only this machine's zones and holidays can say against windows, each with its path below them."""
    for index, window in enumerate(windows):
        try:
            zone_of(window.zone)
        except CatalogError as error:
            yield (index, "zone"), f"{error.message}; {error.hint}"
            continue
        try:
            first = datetime.fromisoformat(window.start).replace(tzinfo=UTC)
            any(spans_of(window, Span(first, first + timedelta(days=1))))
        except CatalogError as error:
            yield (index, "holidays"), f"{error.message}; {error.hint}"


def _span(begin: datetime, end: datetime) -> Span:
    return Span(_utc(begin), _utc(end))


def _utc(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError(f"{moment} has no time zone")
    return moment.astimezone(UTC)
