"""Whether work fits before the windows close, and which of several windows says what happens then."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError
from support.windows import a_window, utc

from releasepilot.governance.crossing import fits, rollback_verdict, room
from releasepilot.model.window import Closing, Crossing

DAILY = a_window(name="daily", rrule="FREQ=DAILY", duration="2h")
NOON = a_window(name="noon", effect="deny", start="2026-01-05T10:30", duration="1h", rrule="FREQ=DAILY")
NINE = utc("2026-01-05T09:00")


def test_work_fits_where_it_ends_before_the_close() -> None:
    """To the second; what is not known to close has room for everything."""
    assert fits(3600, NINE, utc("2026-01-05T10:00"))
    assert not fits(3601, NINE, utc("2026-01-05T10:00"))
    assert fits(10**8, NINE, None)


def test_room_says_how_the_opening_ends() -> None:
    """The window that closes, after how many seconds, and its crossing."""
    found = room([DAILY], NINE, ["api"], 7200)
    assert found.verdict.open
    assert found.closing == Closing(window="daily", after=7200)
    assert room([], NINE, ["api"], 10**8).closing is None


def test_what_does_not_fit_waits_for_an_opening_that_is_long_enough() -> None:
    """The next one in which it fits, not the next one; both by name."""
    long = a_window(name="sunday", start="2026-01-11T09:00", duration="5h")
    found = room([DAILY, long], utc("2026-01-05T10:55"), ["api"], 3 * 3600)
    assert (found.verdict.open, found.verdict.until) == (False, utc("2026-01-11T09:00"))
    assert found.verdict.reason == "'daily' closes before 3h have passed"
    closed = room([DAILY, long], utc("2026-01-05T12:00"), ["api"], 3 * 3600)
    assert (closed.verdict.reason, closed.verdict.until) == ("outside of 'daily', 'sunday'", utc("2026-01-11T09:00"))


def test_work_that_is_longer_than_every_opening_never_begins() -> None:
    """Also where the horizon cuts the last opening off."""
    assert room([DAILY], NINE, ["api"], 7201).verdict.until is None
    office = a_window(start="2026-01-05T09:00", duration="8h", rrule="FREQ=DAILY")
    assert room([office], utc("2026-07-06T10:00"), ["api"], 9 * 3600).verdict.until is None


def test_a_blackout_that_begins_ends_an_opening() -> None:
    """Half an hour before the window itself."""
    assert room([DAILY, NOON], NINE, ["api"]).closing == Closing(window="noon", after=5400)


def test_the_strictest_of_the_windows_that_end_an_opening_decides() -> None:
    """Undoing before finishing, finishing before pausing later, and all of these before going on."""
    order = [Crossing.OVERRUN, Crossing.PAUSE_AT_SAFE_POINT, Crossing.FINISH_STEP, Crossing.COMPENSATE]
    windows = [
        a_window(name=one.value, effect="deny", crossing=one, overrun=60 if one is Crossing.OVERRUN else None)
        for one in order
    ]
    for number, one in enumerate(order):
        closing = room(windows[: number + 1], utc("2026-01-05T08:00"), ["api"]).closing
        assert closing is not None
        assert closing.crossing is one


def test_an_overrun_makes_room_until_a_blackout_begins() -> None:
    """It is the window's own to grant, and no blackout's."""
    lenient = DAILY.model_copy(update={"crossing": Crossing.OVERRUN, "overrun": 1800})
    assert room([lenient], NINE, ["api"], 9000).verdict.open
    assert not room([lenient], NINE, ["api"], 9001).verdict.open
    freeze = a_window(name="freeze", effect="deny", start="2026-01-05T11:10", duration="1h")
    closing = room([lenient, freeze], NINE, ["api"]).closing
    assert closing == Closing(window="daily", after=7200, crossing=Crossing.OVERRUN, overrun=600)
    later = room([lenient], NINE + timedelta(hours=3), ["api"], 9000).verdict
    assert later.until == utc("2026-01-06T09:00")


def test_a_rollback_is_held_back_by_blackouts_that_say_so_alone() -> None:
    """Windows that allow, and other blackouts, never do."""
    at = utc("2026-01-05T11:00")
    assert rollback_verdict([DAILY, NOON], at, ["api"]).open
    strict = NOON.model_copy(update={"rollback": False})
    found = rollback_verdict([DAILY, strict], at, ["api"])
    assert (found.open, found.rule, found.until) == (False, "noon", utc("2026-01-05T11:30"))


@pytest.mark.parametrize(
    "wrong",
    [{"crossing": "overrun"}, {"overrun": "30m"}, {"rollback": False}, {"crossing": "overrun", "overrun": "2d"}],
)
def test_what_a_window_cannot_say(wrong: dict[str, Any]) -> None:
    """An overrun without its time, a time without it, and a window that allows and forbids the way back."""
    with pytest.raises(ValidationError):
        a_window(**wrong)
