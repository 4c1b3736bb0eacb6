"""Whether work that begins now ends before the windows close, and what happens to it where it does not.

A train is judged for all of its components together, so that an opening ends with the strictest window that ends it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from releasepilot.governance.expansion import spans_of
from releasepilot.governance.scope import Components, Concerned
from releasepilot.governance.spans import Span
from releasepilot.governance.windows import coming, open_at, verdict
from releasepilot.model.recurrence import written
from releasepilot.model.window import Closing, Crossing, Window, WindowVerdict

#: Of several windows that end an opening the first in this order decides.
_STRICTEST = (Crossing.COMPENSATE, Crossing.FINISH_STEP, Crossing.PAUSE_AT_SAFE_POINT, Crossing.OVERRUN)
_INSTANT = timedelta(microseconds=1)


class Room(NamedTuple):
    """The verdict on beginning some work at a moment, and how the opening that holds the moment ends."""

    verdict: WindowVerdict
    #: None where it is closed, or is not known to close.
    closing: Closing | None


def fits(seconds: int, at: datetime, close: datetime | None) -> bool:
    """Whether work of so many seconds that begins at a moment ends before the close; None does not close."""
    return close is None or at + timedelta(seconds=seconds) <= close


def room(windows: Sequence[Window], at: datetime, components: Components, needs: int = 0) -> Room:
    """Judge whether work of `needs` seconds may begin. Where not, the verdict's `until` is when it can.

    `until` is None where no opening is known that is long enough. Raises CatalogError as `verdict` does.
    """
    judged = verdict(windows, at, components)
    concerned, moment = Concerned.of(windows, components), at.astimezone(UTC)
    closing = _closing(concerned, moment, judged.until) if judged.open and judged.until else None
    if judged.open and (closing is None or needs <= closing.after + closing.overrun):
        return Room(judged, closing)
    found = coming(concerned, moment, lambda span: _suits(concerned, span, needs)) if needs else None
    until = (found.begin if found else None) if needs else judged.until
    told: dict[str, object] = {"open": False, "until": until}
    if closing:
        told |= {"rule": closing.window, "reason": f"{closing.window!r} closes before {_time(needs)} have passed"}
    return Room(judged.model_copy(update=told), closing)


def rollback_verdict(windows: Sequence[Window], at: datetime, components: Components) -> WindowVerdict:
    """Judge whether components may be rolled back: closed only by a blackout that says so."""
    return verdict([window for window in windows if not window.rollback], at, components)


def _time(seconds: int) -> str:
    return written(0, timedelta(seconds=seconds))


def _suits(concerned: Concerned, span: Span, needs: int) -> bool:
    """Whether work of so many seconds can be done in an opening and what may be overrun."""
    if fits(needs, span.begin, span.end):
        return True
    # Where an opening is cut off at the horizon nothing ends it.
    overrun = _closing(concerned, span.begin, span.end).overrun if any(_ending(concerned, span.end)) else 0
    return fits(needs, span.begin, span.end + timedelta(seconds=overrun))


def _closing(concerned: Concerned, moment: datetime, end: datetime) -> Closing:
    """Say how an opening ends that holds a moment."""
    window = min(_ending(concerned, end), key=lambda one: (_STRICTEST.index(one.crossing), one.overrun or 0))
    return Closing(
        window=window.name,
        after=int((end - moment).total_seconds()),
        crossing=window.crossing,
        overrun=int((_denied(concerned, end, window.overrun) - end).total_seconds()) if window.overrun else 0,
    )


def _ending(concerned: Concerned, end: datetime) -> Iterator[Window]:
    """Yield the windows that end an opening: blackouts that begin, and windows after which none of theirs is open."""
    yield from open_at(concerned.denying, end)
    for group in concerned.allowing:
        if not any(open_at(group, end)):
            yield from open_at(group, end - _INSTANT)


def _denied(concerned: Concerned, end: datetime, overrun: int) -> datetime:
    """Return when an overrun ends: after its time, or where a blackout begins."""
    latest = end + timedelta(seconds=overrun)
    begins = (span.begin for window in concerned.denying for span in spans_of(window, Span(end, latest)))
    return min([latest, *begins])
