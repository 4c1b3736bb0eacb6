"""The verdict on a moment: may these components be released, by which window, and until when.

A component may be released when no blackout that concerns it is open and, if any window that allows concerns it, one of
those is. Several components may be released when each of them may. Pure: the moment is given, no clock is read.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fnmatch import translate
from functools import lru_cache
from types import MappingProxyType

from releasepilot.errors import CatalogError
from releasepilot.governance.expansion import spans_of, zone_of
from releasepilot.governance.spans import Span, complement, intersection, union
from releasepilot.governance.zone_data import zone_data_version
from releasepilot.model.window import Occurrence, Opening, Window, WindowEffect, WindowVerdict

#: A component's labels, by name.
Labels = Mapping[str, str]
#: Components by name, with their labels where windows may ask for these.
Components = Mapping[str, Labels] | Collection[str]

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
    found = _open(_Concerned.of(windows, components), _span(begin, end))
    return tuple(Opening(begin=span.begin, end=span.end) for span in found)


def next_opening(windows: Sequence[Window], at: datetime, components: Components) -> Opening | None:
    """Return the opening that holds a moment, from that moment on, or the next one; None where none is known."""
    return _next(_Concerned.of(windows, components), _utc(at))


def _next(concerned: _Concerned, begin: datetime) -> Opening | None:
    for step in _STEPS:
        within = Span(begin, begin + step)
        found = _open(concerned, within)
        if found and (found[0].end < within.end or step is HORIZON):
            return Opening(begin=found[0].begin, end=found[0].end if found[0].end < within.end else None)
    return None


def verdict(windows: Sequence[Window], at: datetime, components: Components) -> WindowVerdict:
    """Judge a moment, which must carry its zone. Without components only windows that concern all are looked at.

    CatalogError where a zone or the holidays of a country are not known on this machine.
    """
    concerned, moment = _Concerned.of(windows, components), _utc(at)
    if not concerned.denying and not concerned.allowing:
        return WindowVerdict(open=True, reason="no window concerns it")
    coming, tzdata = _next(concerned, moment), zone_data_version()
    if coming and coming.begin == moment:
        rule = next((window.name for group in concerned.allowing for window in _open_at(group, moment)), "")
        reason = f"open by {rule!r}" if rule else "no blackout is open"
        return WindowVerdict(open=True, rule=rule, until=coming.end, reason=reason, tzdata=tzdata)
    rule, reason = _closed_by(concerned, moment)
    until = coming.begin if coming else None
    return WindowVerdict(open=False, rule=rule, until=until, reason=reason, tzdata=tzdata)


def _closed_by(concerned: _Concerned, moment: datetime) -> tuple[str, str]:
    """Return the window that closes a moment, and how: a blackout first, then windows that are not open."""
    for window in _open_at(concerned.denying, moment):
        return window.name, f"closed by the blackout {window.name!r}"
    group = next(group for group in concerned.allowing if not any(_open_at(group, moment)))
    return group[0].name, f"outside of {', '.join(repr(window.name) for window in group)}"


def _open_at(windows: Iterable[Window], moment: datetime) -> Iterator[Window]:
    """Yield the windows that are open at a moment."""
    instant = Span(moment, moment + timedelta(microseconds=1))
    return (window for window in windows if any(spans_of(window, instant)))


@dataclass(frozen=True)
class _Concerned:
    """The windows that concern any of some components."""

    #: None of these may be open.
    denying: tuple[Window, ...]
    #: Of each of these one must be open.
    allowing: tuple[tuple[Window, ...], ...]

    @classmethod
    def of(cls, windows: Sequence[Window], components: Components) -> _Concerned:
        """Find the windows that concern the components."""
        # No component is called so: only windows that concern all components concern it.
        known = _labelled(components) or {"": {}}
        denying: list[Window] = []
        allowing: dict[str, list[int]] = {}
        for index, window in enumerate(windows):
            concerned = [name for name, labels in known.items() if concerns(window, name, labels)]
            if window.effect is WindowEffect.DENY:
                denying += [window] if concerned else []
            else:
                for name in concerned:
                    allowing.setdefault(name, []).append(index)
        groups = _strictest(dict.fromkeys(map(tuple, allowing.values())))
        return cls(tuple(denying), tuple(tuple(windows[index] for index in group) for group in groups))


def _strictest(groups: Iterable[tuple[int, ...]]) -> list[tuple[int, ...]]:
    """Leave out groups of windows that hold another group: when one of that is open, one of theirs is."""
    known = [(group, frozenset(group)) for group in groups]
    return [group for group, members in known if not any(other < members for _, other in known)]


def _labelled(components: Components) -> Mapping[str, Labels]:
    return components if isinstance(components, Mapping) else dict.fromkeys(components, _NO_LABELS)


_NO_LABELS: Labels = MappingProxyType({})


def concerns(window: Window, component: str, labels: Labels = _NO_LABELS) -> bool:
    """Whether a window concerns a component: by name or by pattern, and by its labels; all where it asks for neither.

    A label that the component has not matches nothing, not even `*`.
    """
    named = not window.components or _matcher(window.components).match(component) is not None
    return named and all(
        name in labels and _matcher((pattern,)).match(labels[name]) is not None
        for name, pattern in window.labels.items()
    )


@lru_cache(maxsize=1024)
def _matcher(patterns: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(map(translate, patterns)))


def _open(concerned: _Concerned, within: Span) -> list[Span]:
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
