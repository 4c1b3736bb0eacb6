"""What an actuator hands back, and what it sees."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from releasepilot.model.value import Value


class Presence(StrEnum):
    """Whether an effect is in the world."""

    ABSENT = "absent"
    PRESENT = "present"
    #: Something else is there under the same name.
    CONFLICT = "conflict"


class Observation(Value):
    """What the far side says."""

    presence: Presence
    #: What is there, in the far side's own terms: a commit, a content digest, a status.
    found: str = ""
    #: What a person should read, such as who else owns the tag.
    detail: str = ""
    #: Absent as far as anybody can see, but it was begun and may be there all the same. It is applied again as what is
    #: absent; a rollback undoes it as what is there.
    uncertain: bool = False


class Receipt(Value):
    """Proof of an effect, made from an observation after the fact."""

    step: str
    #: `<train>/<component>/<step>`.
    effect_key: str
    #: What the far side says is there.
    found: str = ""
    #: It was there before this attempt.
    adopted: bool = False
    #: What a later revert needs to know.
    notes: dict[str, str] = Field(default_factory=dict)
    #: The wall time of the step's last attempt, in milliseconds.
    took_ms: int = 0


class Undone(Value):
    """The end of a revert."""

    step: str
    #: What stays visible, in words; empty where nothing does.
    remains: str = ""
    #: What stays needs somebody to act.
    unresolved: bool = False
