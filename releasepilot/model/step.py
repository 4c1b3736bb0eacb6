"""A step: one effect on the world that can be observed, applied and, where the world allows, reverted."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field, JsonValue

from releasepilot.model.value import Seconds, Value


class SagaClass(StrEnum):
    """Richardson's terms for the steps of a saga (microservices.io/patterns/data/saga.html)."""

    #: It can be taken back; all of these come before the first pivot.
    COMPENSATABLE = "compensatable"
    #: It cannot be taken back: the first of them is the point of no return.
    PIVOT = "pivot"
    #: It comes after the pivots, and is expected to succeed when it is tried often enough.
    RETRIABLE = "retriable"


class Undo(StrEnum):
    """What a revert can achieve, from everything to nothing."""

    #: Nothing remains.
    FULL = "full"
    #: A new, visible change takes the effect back; both stay in the record (a git revert commit).
    REVERT = "revert"
    #: Full, but only for a time after the effect (npm's 72 hours).
    WINDOW = "window"
    #: It stays where it is, and is no longer chosen (PyPI, cargo).
    YANK = "yank"
    #: It stays and is marked (npm deprecate).
    DEPRECATE = "deprecate"
    #: Nothing can be done about it.
    NONE = "none"


class Phase(StrEnum):
    """The barriers of a train, in this order: all of one phase is done before the next begins."""

    #: Everything that leaves no public trace: staging refs, verification, asking for leave.
    STAGE = "stage"
    #: Public and compensatable: branch and tag, deployments.
    COMMIT = "commit"
    #: The steps that cannot be taken back: the point of no return is the first of them.
    PIVOT = "pivot"
    #: What is retried until it works.
    FINISH = "finish"


PHASES = tuple(Phase)


class Queue(StrEnum):
    """Task queues by capability: secrets and network reach differ for each."""

    ENGINE = "engine"
    GIT = "git"
    PUBLISH = "publish"
    DEPLOY = "deploy"


class ActuatorTraits(Value):
    """What the planner must know of an actuator; the plugin registry says it."""

    name: str
    saga_class: SagaClass
    undo: Undo
    queue: Queue
    #: Whether a catalog may state another class and undo: true for commands, whose author alone knows.
    declarable: bool = False
    #: Whether it changes the world; a check only looks, so there is nothing to undo.
    effect: bool = True
    #: Whether it asks for leave, and so comes before everything that is public.
    prior: bool = False
    #: Whether it waits for people: its attempts have no end where the catalog sets none.
    patient: bool = False
    #: Whether it takes another way in an emergency, so that it is called anew where one begins while it waits.
    escalates: bool = False


class Step(Value):
    """One node of the step graph."""

    #: `<component>/<name>`: unique in the plan.
    id: str
    component: str
    name: str
    #: The actuator.
    uses: str
    #: The actuator's configuration, checked against its schema when the catalog was read.
    config: dict[str, JsonValue] = Field(default_factory=dict)
    saga_class: SagaClass
    undo: Undo
    effect: bool = True
    phase: Phase
    queue: Queue
    #: Steps that must be done before this one starts, in plan order.
    needs: tuple[str, ...] = ()
    #: Steps that must be over before this one starts, however they ended.
    after: tuple[str, ...] = ()
    #: How long one attempt may take.
    timeout: Seconds = 600
    #: How often an attempt may be made in all; 0 until it works.
    attempts: int = 5
    #: How long the catalog says that it takes with all of its attempts.
    estimate: Seconds | None = None
    #: It waits for people, and how long they take is no measure of it.
    patient: bool = False
    #: It takes another way in an emergency.
    escalates: bool = False


class StepStatus(StrEnum):
    """Where a step stands."""

    PENDING = "pending"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    #: It was told to stop while it ran; it may or may not have had its effect.
    CANCELLED = "cancelled"
    #: It never started, because something that it needs failed.
    BLOCKED = "blocked"
    UNDONE = "undone"
    UNDO_FAILED = "undo_failed"


#: The legal moves, read by `advance` alone.
MOVES: dict[StepStatus, tuple[StepStatus, ...]] = {
    StepStatus.PENDING: (StepStatus.RUNNING, StepStatus.BLOCKED),
    # The last two where its train was lost while it ran.
    StepStatus.RUNNING: (
        StepStatus.DONE,
        StepStatus.FAILED,
        StepStatus.CANCELLED,
        StepStatus.UNDONE,
        StepStatus.UNDO_FAILED,
    ),
    StepStatus.DONE: (StepStatus.UNDONE, StepStatus.UNDO_FAILED),
    StepStatus.FAILED: (StepStatus.UNDONE, StepStatus.UNDO_FAILED),
    StepStatus.CANCELLED: (StepStatus.UNDONE, StepStatus.UNDO_FAILED),
    StepStatus.BLOCKED: (),
    StepStatus.UNDONE: (),
    StepStatus.UNDO_FAILED: (StepStatus.UNDONE, StepStatus.UNDO_FAILED),
}

#: Statuses of steps that may have had an effect: what a compensation must visit.
MAY_HAVE_EFFECT = (StepStatus.RUNNING, StepStatus.DONE, StepStatus.FAILED, StepStatus.CANCELLED, StepStatus.UNDO_FAILED)


def advance(now: StepStatus, to: StepStatus) -> StepStatus:
    """Return `to`, or raise ValueError where the table does not allow the move."""
    if to not in MOVES[now]:
        raise ValueError(f"a step cannot go from {now} to {to}")
    return to
