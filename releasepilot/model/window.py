"""Windows: when a train's components may be released, and the verdict on a moment."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Self

from pydantic import AwareDatetime, Field, model_validator

from releasepilot.model.names import Name
from releasepilot.model.recurrence import Duration, Rule, WallTime
from releasepilot.model.value import Seconds, Value


class WindowEffect(StrEnum):
    """What a window does to the components that it concerns."""

    #: They may be released while it is open; where any such window concerns a component, one must be open.
    ALLOW = "allow"
    #: A blackout: they may not be released while it is open, whatever else allows it.
    DENY = "deny"


class Crossing(StrEnum):
    """What becomes of a running train when a window closes. No further step starts that would not end before."""

    #: What runs goes on to its end; the train waits for the next opening.
    FINISH_STEP = "finish_step"
    #: What has begun to be released goes on to where no component is half way; then the train waits.
    PAUSE_AT_SAFE_POINT = "pause_at_safe_point"
    #: What runs is stopped and everything is undone, unless the point of no return is passed.
    COMPENSATE = "compensate"
    #: The train goes on for a time, that of `overrun`; then as with `finish_step`.
    OVERRUN = "overrun"


#: A component's name, or a pattern with `*`, `?` and `[...]`.
Pattern = Annotated[str, Field(pattern=r"^[A-Za-z0-9._*?\[\]!-]{1,63}$")]


class Window(Value):
    """A release window or a blackout: when it begins on the clocks of its zone, how long it lasts, when it recurs.

    Never kept in UTC: nine o'clock stays nine o'clock when the clocks change.
    """

    #: Unique among the windows.
    name: Name
    effect: WindowEffect = WindowEffect.ALLOW
    #: By its IANA name, such as `Europe/Berlin`.
    zone: str = Field(pattern=r"^[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+){0,2}$", max_length=64)
    #: When it first begins, on the zone's clocks: `2026-01-05T09:00`. A time that the clocks leave out counts from
    #: before the change, so that 02:30 becomes 03:30; of a time that they show twice the first one counts.
    start: WallTime
    #: `8h`, `90m`, `1d`, `1d12h`. Days are from one time on the clocks to the same on the next day; hours are exact.
    duration: Duration
    #: When it recurs, by RFC 5545: `FREQ=WEEKLY;BYDAY=MO,TU`. Without it the window is open once. Where the rule does
    #: not give `start`, there is no occurrence at `start`.
    rrule: Rule | None = None
    #: Further beginnings, as `start` is written.
    rdate: tuple[WallTime, ...] = Field(default=(), max_length=1000)
    #: Beginnings that are left out.
    exdate: tuple[WallTime, ...] = Field(default=(), max_length=1000)
    #: The public holidays of a country or a part of it: `DE`, `DE-BY`. A window that allows is left out where it would
    #: begin on one of them; a blackout also begins on each of them from `start` on, at its time of day.
    holidays: str | None = Field(default=None, pattern=r"^[A-Z]{2}(-[A-Za-z0-9]{1,10})?$")
    #: Names and patterns of the components that it concerns; all where there are none.
    components: tuple[Pattern, ...] = ()
    #: Labels that a component must have to be concerned, each with a name or a pattern: `{environment: production}`.
    #: Beside `components` both must hold.
    labels: dict[Name, Pattern] = Field(default_factory=dict, max_length=50)
    #: What becomes of a train that still runs when the window closes, or the blackout begins.
    crossing: Crossing = Crossing.FINISH_STEP
    #: How long a train may go on after the close, a day at most; with `crossing: overrun` alone.
    overrun: Seconds | None = Field(default=None, ge=1, le=86400)
    #: Whether what was released may be rolled back meanwhile; `false` is for blackouts alone.
    rollback: bool = True

    @model_validator(mode="after")
    def _crossing(self) -> Self:
        if (self.overrun is not None) is not (self.crossing is Crossing.OVERRUN):
            raise ValueError("`crossing: overrun` needs `overrun`, such as 30m, and nothing else has it")
        if not self.rollback and self.effect is WindowEffect.ALLOW:
            raise ValueError("`rollback: false` is for blackouts: give the window `effect: deny`")
        return self


class Occurrence(Value):
    """One time that a window is open: from `begin`, to `end`, which no longer belongs to it. Both in its own zone."""

    window: str
    effect: WindowEffect
    begin: AwareDatetime
    end: AwareDatetime
    zone: str


class Opening(Value):
    """A span in which components may be released: from `begin`, to `end`, which no longer belongs to it. In UTC."""

    begin: AwareDatetime
    #: None where it does not close within the horizon.
    end: AwareDatetime | None = None


class Closing(Value):
    """How an opening ends."""

    #: The window that closes, or the blackout that begins.
    window: str
    #: Whole seconds until then.
    after: int
    crossing: Crossing = Crossing.FINISH_STEP
    #: Seconds that the train may go on; a blackout that begins meanwhile ends them.
    overrun: int = 0


class WindowVerdict(Value):
    """Whether components may be released at a moment, by which window, and until when that holds."""

    open: bool
    #: The window that decided; empty where none concerns the components.
    rule: str = ""
    #: Open: when it closes. Closed: when it opens again. None where neither is known within five years. In UTC.
    until: AwareDatetime | None = None
    #: The same in words.
    reason: str = ""
    #: The version of the tz database that it was decided by; empty where no window was looked at.
    tzdata: str = ""
    #: Closed: all windows that would have to be waived for it to be open now.
    closed_by: tuple[str, ...] = ()
