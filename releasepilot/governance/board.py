"""When a change advisory board meets. Apart from other decisions about changes, because it expands recurrence rules."""

from __future__ import annotations

from datetime import datetime, timedelta

from releasepilot.governance.windows import HORIZON, occurrences
from releasepilot.model.change import Board
from releasepilot.model.window import Window

#: Meetings are looked for in steps, because most are near and a rule may never match.
_LOOK = timedelta(days=64)


def earliest_authorisation(board: Board, now: datetime) -> datetime | None:
    """Return the beginning of the first meeting that still takes a change handed in now; None where none is known.

    The moment must carry its zone; the answer is in the board's. CatalogError where the zone or the holidays are not
    known on this machine.
    """
    meetings = Window(
        name="board",
        zone=board.zone,
        start=board.start,
        duration=board.duration,
        rrule=board.rrule,
        exdate=board.exdate,
        holidays=board.holidays,
    )
    handed_in = now + timedelta(seconds=board.lead)
    begin = handed_in
    while begin < handed_in + HORIZON:
        for meeting in occurrences(meetings, begin, begin + _LOOK):
            if meeting.begin >= handed_in:
                return meeting.begin
        begin += _LOOK
    return None
