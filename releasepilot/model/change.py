"""Change records: what a change advisory board is asked, and what a system of theirs says of it.

The states and the three paths are those of ITIL change enablement as ServiceNow names them. A record is ours; a
`Sighting` is what the other system shows, and may be anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated

from pydantic import AwareDatetime, Field

from releasepilot.model.recurrence import Duration, Rule, WallTime
from releasepilot.model.value import Seconds, Value
from releasepilot.model.version import Bump
from releasepilot.model.window import Pattern

#: The longest correlation id that ServiceNow keeps; a longer one would be cut off and never be found again.
MAX_CORRELATION = 100


class ChangePath(StrEnum):
    """How a change is authorised."""

    #: Authorised once and for all by a model; nobody is asked again.
    STANDARD = "standard"
    #: Assessed, then authorised by the board.
    NORMAL = "normal"
    #: Authorised at once by the emergency board, without an assessment.
    EMERGENCY = "emergency"


class ChangeState(StrEnum):
    """Where a change stands."""

    DRAFT = "draft"
    ASSESS = "assess"
    AUTHORIZE = "authorize"
    SCHEDULED = "scheduled"
    IMPLEMENT = "implement"
    #: It is done, and looked at once more.
    REVIEW = "review"
    CLOSED = "closed"
    CANCELLED = "cancelled"
    #: The board said no.
    REJECTED = "rejected"


#: From these nothing leads on.
ENDED = (ChangeState.CLOSED, ChangeState.CANCELLED, ChangeState.REJECTED)

_S = ChangeState

#: What follows in every path once a change is authorised. A change under review can no longer be cancelled.
_AUTHORISED: Mapping[ChangeState, tuple[ChangeState, ...]] = {
    # The last two where it is authorised anew, or an approval is taken back.
    _S.SCHEDULED: (_S.IMPLEMENT, _S.CANCELLED, _S.DRAFT, _S.REJECTED),
    _S.IMPLEMENT: (_S.REVIEW, _S.CLOSED, _S.CANCELLED),
    _S.REVIEW: (_S.CLOSED,),
    _S.CLOSED: (),
    _S.CANCELLED: (),
    _S.REJECTED: (),
}

#: The legal moves of each path, read by `advance` alone.
MOVES: Mapping[ChangePath, Mapping[ChangeState, tuple[ChangeState, ...]]] = {
    ChangePath.STANDARD: {_S.DRAFT: (_S.SCHEDULED, _S.CANCELLED), **_AUTHORISED},
    ChangePath.NORMAL: {
        _S.DRAFT: (_S.ASSESS, _S.CANCELLED),
        _S.ASSESS: (_S.AUTHORIZE, _S.REJECTED, _S.CANCELLED, _S.DRAFT),
        _S.AUTHORIZE: (_S.SCHEDULED, _S.REJECTED, _S.CANCELLED, _S.DRAFT),
        **_AUTHORISED,
    },
    ChangePath.EMERGENCY: {
        _S.DRAFT: (_S.AUTHORIZE, _S.CANCELLED),
        _S.AUTHORIZE: (_S.SCHEDULED, _S.REJECTED, _S.CANCELLED, _S.DRAFT),
        **_AUTHORISED,
    },
}


def advance(path: ChangePath, now: ChangeState, to: ChangeState) -> ChangeState:
    """Return `to`, or raise ValueError where the path does not allow the move."""
    if to not in MOVES[path].get(now, ()):
        raise ValueError(f"a {path} change cannot go from {now} to {to}")
    return to


class CloseCode(StrEnum):
    """How a change ended."""

    SUCCESSFUL = "successful"
    SUCCESSFUL_ISSUES = "successful_issues"
    UNSUCCESSFUL = "unsuccessful"


class External(Value):
    """Where a change is kept: its name in the other system."""

    #: `servicenow` or `jira`.
    system: str
    #: What its interface calls it by.
    id: str
    #: What people call it by: `CHG0030001`, `OPS-12`.
    number: str
    #: Where people read it.
    url: str = ""
    #: Its state in the other system's own words.
    state: str = ""


class ChangeRecord(Value):
    """What the board is asked: one release plan, in words, with its digest."""

    #: The correlation id: the same change has the same one, so it is found again and never made twice.
    id: str = Field(min_length=1, max_length=MAX_CORRELATION, pattern=r"^[A-Za-z0-9._/-]+$")
    path: ChangePath
    state: ChangeState = ChangeState.DRAFT
    #: The plan that is asked about. An authorisation of another plan never counts.
    plan_digest: str
    #: The model of a pre-authorised standard change; empty for the other paths.
    model_id: str = ""
    summary: str
    justification: str = ""
    #: When it is meant to be implemented, half-open; None where nobody said.
    begin: AwareDatetime | None = None
    end: AwareDatetime | None = None
    implementation: str = ""
    test: str = ""
    backout: str = ""
    #: None before it was made in the other system.
    external: External | None = None


class Sighting(Value):
    """A change as the other system shows it now."""

    external: External
    correlation_id: str
    #: Which plan it says that it is about.
    plan_digest: str = ""
    #: None where its state is one that we do not know, such as one of a model of its own.
    state: ChangeState | None
    #: None where it does not say how it is authorised.
    path: ChangePath | None = None
    #: Somebody put it on hold.
    on_hold: bool = False
    #: When it is scheduled, half-open.
    begin: AwareDatetime | None = None
    end: AwareDatetime | None = None
    #: How it ended; empty where it has not.
    close_code: str = ""
    close_notes: str = ""
    #: Fields that were sent and that it did not take.
    ignored: tuple[str, ...] = ()


class ChangeModel(Value):
    """A pre-authorised standard change: releases of these components, up to these bumps, need no further leave."""

    #: What the other system calls the model or template.
    id: str = Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")
    name: str = Field(min_length=1, max_length=200)
    #: Names and patterns of the components that it covers; all where there are none.
    components: tuple[Pattern, ...] = ()
    #: The bumps that it covers.
    bumps: tuple[Bump, ...] = (Bump.PATCH,)


class Board(Value):
    """When the change advisory board meets, on the clocks of its zone, and how long before it wants to be asked."""

    #: By its IANA name, such as `Europe/Berlin`.
    zone: str = Field(pattern=r"^[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+){0,2}$", max_length=64)
    #: The first meeting, on the zone's clocks: `2026-01-06T10:00`.
    start: WallTime
    #: When it meets again, by RFC 5545: `FREQ=WEEKLY;BYDAY=TU`.
    rrule: Rule
    #: How long a meeting lasts. A change is authorised at its end at the latest.
    duration: Duration = "1h"
    #: Meetings that are left out.
    exdate: tuple[WallTime, ...] = Field(default=(), max_length=1000)
    #: The public holidays on which it does not meet: `DE`, `DE-BY`.
    holidays: Annotated[str | None, Field(pattern=r"^[A-Z]{2}(-[A-Za-z0-9]{1,10})?$")] = None
    #: How long before a meeting a change must be handed in to be on its agenda; 90 days at most.
    lead: Seconds = Field(default=0, ge=0, le=90 * 86400)


class Drift(StrEnum):
    """What happened to an authorised change while its train ran."""

    CANCELLED = "cancelled"
    REJECTED = "rejected"
    ON_HOLD = "on_hold"
    #: It is now scheduled for another time.
    RESCHEDULED = "rescheduled"
    #: It is in a state in which nothing may be implemented: draft again, closed, or one that we do not know.
    WITHDRAWN = "withdrawn"


class DriftAnswer(StrEnum):
    """What a train does about it."""

    #: Start nothing that comes after, until the change is in order again.
    PAUSE = "pause"
    #: Fail the step, so that the train turns round by its `on_failure`.
    COMPENSATE = "compensate"


class DriftPolicy(Value):
    """The answer to each kind of drift."""

    cancelled: DriftAnswer = DriftAnswer.COMPENSATE
    rejected: DriftAnswer = DriftAnswer.COMPENSATE
    on_hold: DriftAnswer = DriftAnswer.PAUSE
    rescheduled: DriftAnswer = DriftAnswer.PAUSE
    withdrawn: DriftAnswer = DriftAnswer.PAUSE

    def answer(self, drift: Drift) -> DriftAnswer:
        """Return what is done about one kind of drift."""
        return DriftAnswer(getattr(self, drift.value))
