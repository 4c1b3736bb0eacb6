"""What happened in a train, in order. Events are written once, with the read model that follows from them."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from pydantic import Field, JsonValue

from releasepilot.model.value import Value


class EventType(StrEnum):
    """Source and action."""

    TRAIN_STARTED = "train:started"
    TRAIN_PLANNED = "train:planned"
    TRAIN_REPLANNED = "train:replanned"
    TRAIN_PHASE = "train:phase"
    TRAIN_PAUSED = "train:paused"
    TRAIN_RESUMED = "train:resumed"
    TRAIN_ABORTED = "train:aborted"
    TRAIN_ENDED = "train:ended"
    ROLLBACK_STARTED = "rollback:started"
    ROLLBACK_ENDED = "rollback:ended"
    GATE_OPENED = "gate:opened"
    GATE_PASSED = "gate:passed"
    GATE_VOTED = "gate:voted"
    GATE_REJECTED = "gate:rejected"
    STEP_STARTED = "step:started"
    STEP_DONE = "step:done"
    STEP_FAILED = "step:failed"
    STEP_CANCELLED = "step:cancelled"
    STEP_BLOCKED = "step:blocked"
    STEP_UNDONE = "step:undone"
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
