"""What happened in a train, in order. Events are written once, with the read model that follows from them."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from pydantic import Field, JsonValue

from releasepilot.model.value import Value


class EventType(StrEnum):
    """Source and action."""

    #: Somebody asked for the train.
    TRAIN_STARTED = "train:started"
    #: The plan was made and stored; `digest`.
    TRAIN_PLANNED = "train:planned"
    #: The plan is another one after the wait at a gate; `digest`, `changes`.
    TRAIN_REPLANNED = "train:replanned"
    #: The train entered a phase; `phase`, `waiting_for`.
    TRAIN_PHASE = "train:phase"
    #: `reason`.
    TRAIN_PAUSED = "train:paused"
    #: `reason`.
    TRAIN_RESUMED = "train:resumed"
    #: Somebody stopped it; `reason`.
    TRAIN_ABORTED = "train:aborted"
    #: The last event of a train that is not rolled back afterwards; `record`.
    TRAIN_ENDED = "train:ended"
    #: Somebody rolls back a train that has ended; `components`.
    ROLLBACK_STARTED = "rollback:started"
    #: Its `record` replaces that of the train.
    ROLLBACK_ENDED = "rollback:ended"
    #: The train waits for votes; `gate`, `digest`.
    GATE_OPENED = "gate:opened"
    #: `gate`, `approved_by`.
    GATE_PASSED = "gate:passed"
    #: A vote that counts; `decision`, `comment`, `digest`.
    GATE_VOTED = "gate:voted"
    #: `gate`, `reason`.
    GATE_REJECTED = "gate:rejected"
    #: The plan changed where this gate votes on it, so its votes are void; `gate`, `reason`.
    GATE_REOPENED = "gate:reopened"
    #: Time has passed: it should be decided, or more people may vote; `gate`, `reason`.
    GATE_REMINDED = "gate:reminded"
    #: Somebody lets the train past gates or windows, or has a board asked as an emergency; `waives`, `reason`,
    #: `incident`, `comment`, `digest`.
    EMERGENCY_OVERRIDDEN = "emergency:overridden"
    #: Something is waived, so the incident has to be reviewed; `incident`, `due`.
    EMERGENCY_REVIEW_DUE = "emergency:review_due"
    #: Somebody wrote down what happened; `comment`.
    EMERGENCY_REVIEWED = "emergency:reviewed"
    #: The train waits for others that hold some of what it releases; `ticket`, `ahead`.
    CLAIM_WAITING = "claim:waiting"
    #: It holds all of it after a wait; `ticket`.
    CLAIM_GRANTED = "claim:granted"
    #: The train waits for its windows; `window`, `reason`, `until`, `tzdata`.
    WINDOW_CLOSED = "window:closed"
    #: Its windows let it go on; `window`, `reason`, `tzdata`.
    WINDOW_OPENED = "window:opened"
    #: It is about to be applied, so that from here on it may have had its effect.
    STEP_STARTED = "step:started"
    #: The far side shows the effect; `receipt`.
    STEP_DONE = "step:done"
    #: It was tried as often as it may be; `error`, `code`, `hint`.
    STEP_FAILED = "step:failed"
    #: It was told to stop while it ran.
    STEP_CANCELLED = "step:cancelled"
    #: It will not start, because something that it needs failed.
    STEP_BLOCKED = "step:blocked"
    #: It was reverted; `remains`, what stays visible.
    STEP_UNDONE = "step:undone"
    #: It could not be reverted; `error`, `code`, `hint`.
    STEP_UNDO_FAILED = "step:undo_failed"


class Event(Value):
    """One thing that happened. `(train, seq)` is its identity: writing it twice is writing it once."""

    seq: int
    at: datetime
    type: EventType
    #: The step concerned, empty for events of the train.
    step: str = ""
    #: Who did it, empty where ReleasePilot itself did.
    actor: str = ""
    data: dict[str, JsonValue] = Field(default_factory=dict)
