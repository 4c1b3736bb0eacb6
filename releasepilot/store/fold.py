"""The read model as a pure fold over events: where a train and its steps stand after each of them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from pydantic import JsonValue

from releasepilot.model.event import Event, EventType
from releasepilot.model.receipt import Receipt
from releasepilot.model.step import StepStatus
from releasepilot.model.train import Outcome, Record, TrainPhase
from releasepilot.model.value import Value


class TrainState(Value):
    """Where a train stands."""

    plan_digest: str = ""
    phase: TrainPhase = TrainPhase.PLANNING
    outcome: Outcome | None = None
    record: Record | None = None
    ended_at: datetime | None = None
    waiting_for: str = ""
    #: The last event that counts.
    seq: int = 0


class StepState(Value):
    """Where a step stands."""

    id: str
    status: StepStatus = StepStatus.PENDING
    receipt: Receipt | None = None
    error: str = ""
    #: The error's stable code.
    code: str = ""
    #: What stays visible after the undo.
    remains: str = ""
    started_at: datetime | None = None
    ended_at: datetime | None = None


def _planned(event: Event) -> dict[str, object]:
    digest = event.data.get("digest")
    return {"plan_digest": digest} if isinstance(digest, str) else {}


def _phase(event: Event) -> dict[str, object]:
    return {"phase": TrainPhase(str(event.data["phase"])), "waiting_for": _text(event.data.get("waiting_for"))}


def _ended(event: Event) -> dict[str, object]:
    record = Record.model_validate(event.data["record"])
    return {
        "phase": TrainPhase.ENDED,
        "outcome": record.outcome,
        "record": record,
        "ended_at": event.at,
        "waiting_for": "",
    }


def _rolling_back(_: Event) -> dict[str, object]:
    return {"phase": TrainPhase.ROLLING_BACK, "outcome": None, "record": None, "ended_at": None, "waiting_for": ""}


_TRAIN: dict[EventType, Callable[[Event], dict[str, object]]] = {
    EventType.TRAIN_PLANNED: _planned,
    EventType.TRAIN_REPLANNED: _planned,
    EventType.TRAIN_PHASE: _phase,
    EventType.TRAIN_ENDED: _ended,
    EventType.ROLLBACK_STARTED: _rolling_back,
    EventType.ROLLBACK_ENDED: _ended,
}


def _error(event: Event) -> dict[str, object]:
    return {"error": _text(event.data.get("error")), "code": _text(event.data.get("code")), "ended_at": event.at}


def _started(event: Event) -> dict[str, object]:
    return {"started_at": event.at, "ended_at": None, "error": "", "code": ""}


def _done(event: Event) -> dict[str, object]:
    return {"receipt": Receipt.model_validate(event.data["receipt"]), "ended_at": event.at}


def _over(event: Event) -> dict[str, object]:
    return {"ended_at": event.at}


def _undone(event: Event) -> dict[str, object]:
    return {"remains": _text(event.data.get("remains")), "ended_at": event.at}


_STEP: dict[EventType, tuple[StepStatus, Callable[[Event], dict[str, object]]]] = {
    EventType.STEP_STARTED: (StepStatus.RUNNING, _started),
    EventType.STEP_DONE: (StepStatus.DONE, _done),
    EventType.STEP_FAILED: (StepStatus.FAILED, _error),
    EventType.STEP_CANCELLED: (StepStatus.CANCELLED, _over),
    EventType.STEP_BLOCKED: (StepStatus.BLOCKED, _over),
    EventType.STEP_UNDONE: (StepStatus.UNDONE, _undone),
    EventType.STEP_UNDO_FAILED: (StepStatus.UNDO_FAILED, _error),
}

#: Events that move the train as a whole.
TRAIN_EVENTS = frozenset(_TRAIN)
#: Events that move a step.
STEP_EVENTS = frozenset(_STEP)
#: Events that name the plan.
PLAN_EVENTS = frozenset({EventType.TRAIN_PLANNED, EventType.TRAIN_REPLANNED})


def next_train(state: TrainState, event: Event) -> TrainState:
    """Return where the train stands after the event."""
    changes = _TRAIN[event.type](event) if event.type in _TRAIN else {}
    return state.model_copy(update={**changes, "seq": event.seq})


def next_step(state: StepState, event: Event) -> StepState:
    """Return where the step stands after one of STEP_EVENTS."""
    status, changes = _STEP[event.type]
    return state.model_copy(update={"status": status, **changes(event)})


def _text(value: JsonValue) -> str:
    return "" if value is None else str(value)
