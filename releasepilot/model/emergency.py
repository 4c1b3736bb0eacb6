"""Emergencies: who may let a train past its gates and windows, and what has to be made good afterwards."""

from __future__ import annotations

from typing import Annotated

from pydantic import AwareDatetime, Field

from releasepilot.model.gate import Actor, Voter
from releasepilot.model.value import Seconds, Value

#: A short word that stands for why: `outage`.
ReasonCode = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,31}$")]
#: The number of an incident in whatever system keeps them.
Incident = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._/#-]{0,63}$")]


class EmergencyPolicy(Value):
    """Who may break the glass, for what, and until when."""

    #: Whoever holds one of these. Programs never may.
    roles: tuple[str, ...] = Field(min_length=1)
    #: The codes that may be given.
    reasons: tuple[ReasonCode, ...] = ("outage", "security", "data-loss")
    #: One person is enough; otherwise a second one has to say the same.
    sole: bool = False
    #: An override holds for so long.
    expires_after: Seconds = Field(default=4 * 3600, ge=1)
    #: Names and patterns of the components that may be released so; all where there are none.
    components: tuple[str, ...] = ()
    #: Within so long of it somebody has to write down what happened; until then no other train of this name starts.
    review_within: Seconds = Field(default=2 * 86400, ge=60)


class Override(Value):
    """One person's word that a train need not wait for some gates or windows, because of an incident."""

    actor: Actor
    #: The gates and windows, by name; a step that asks a change board, by its id, takes the way of an emergency.
    waives: tuple[str, ...] = Field(min_length=1, max_length=50)
    reason: str = Field(max_length=32)
    incident: Incident
    comment: str = Field(default="", max_length=4000)
    #: The plan that was seen.
    plan_digest: str
    #: When it was taken; the train says it.
    at: AwareDatetime | None = None


class OpenEmergency(Value):
    """What a train must know to judge overrides of its plan."""

    plan_digest: str
    people: tuple[Voter, ...]
    reasons: tuple[str, ...]
    #: How many people must say the same.
    needed: int
    expires_after: int
    review_within: int
    #: Components of the plan that may not be released so.
    outside: tuple[str, ...] = ()


class Emergency(Value):
    """The emergency that a train goes through, once something was waived because of one."""

    incident: str
    reason: str
    #: Whose word it is.
    by: tuple[str, ...]
    #: The gates and windows that it was given for, and the steps that ask the emergency board for it.
    waives: tuple[str, ...]
    #: When there were enough of them.
    at: AwareDatetime


class Waiver(Value):
    """A gate or window that a train need not wait for."""

    name: str
    by: tuple[str, ...]
    incident: str
    reason: str
    #: It no longer holds at this moment.
    until: AwareDatetime

    @property
    def grounds(self) -> str:
        """By whom and why."""
        return f"by {' and '.join(self.by)}: {self.reason}, {self.incident}"

    def __str__(self) -> str:
        """Say by whom and why."""
        return f"waived {self.grounds}"
