"""What workflows ask of the world: the activities' names, their inputs and outputs, their time-outs and retries.

`releasepilot.activities` implements each of them under the same name; a test holds the two against each other.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from pydantic import Field
from temporalio.common import RetryPolicy

from releasepilot.model.emergency import Emergency
from releasepilot.model.event import Event
from releasepilot.model.gate import Actor
from releasepilot.model.plan import Residue
from releasepilot.model.rule_input import ApprovalFacts
from releasepilot.model.step import Queue, StepStatus
from releasepilot.model.train import Outline, Request
from releasepilot.model.value import Value
from releasepilot.model.window import Closing, Window, WindowVerdict


class Activity(StrEnum):
    """The activities by name. A name is part of every history: it is never changed."""

    PREPARE = "prepare"
    STANDING = "standing"
    RECORD = "record"
    APPLY = "apply_step"
    REVERT = "revert_step"
    WINDOWS = "judge_windows"
    CLAIM = "claim"


class PrepareCall(Value):
    """Take the snapshot, make the plan, store both ends of it."""

    train: str
    request: Request
    #: The plan that the new one is compared with; empty for none.
    previous: str = ""
    started_at: datetime
    #: Who asks, with their proof; the request that is kept has none.
    asked_by: Actor | None = None
    #: The approvals that let it through its gates; None before people were asked.
    approvals: tuple[ApprovalFacts, ...] | None = None


class StandingCall(Value):
    """Read from the ledger where a train stands."""

    train: str
    #: Who is about to change that, with their proof; None where it is the train itself.
    asked_by: Actor | None = None
    #: When they asked.
    asked_at: datetime | None = None


class Standing(Value):
    """Where a train stands by the ledger."""

    outline: Outline
    statuses: dict[str, StepStatus]
    next_seq: int
    started_at: datetime
    #: What the last record lists.
    residue: tuple[Residue, ...] = ()


class WindowCall(Value):
    """Judge whether these components may be released now, or go on being released."""

    windows: tuple[Window, ...]
    components: tuple[str, ...]
    #: Their labels, of those that have any.
    labels: dict[str, dict[str, str]] = Field(default_factory=dict)
    #: Seconds that the work to be begun takes; 0 asks about the moment alone.
    needs: int = 0


class WindowJudgement(Value):
    """The verdict, and when to ask again."""

    verdict: WindowVerdict
    #: Seconds until the windows open for as long as is needed; 0 where they are.
    wait: int = 0
    #: How the opening ends; None where it is not known to.
    closing: Closing | None = None


class Batch(Value):
    """Events to be written, in order."""

    train: str
    events: tuple[Event, ...]


class Written(Value):
    """What came of writing."""

    #: Workflows that need not wait for this train any longer.
    freed: tuple[str, ...] = ()


class ClaimCall(Value):
    """Claim what a plan releases; or let go, without a plan."""

    train: str
    #: The workflow that claims.
    holder: str
    asked_at: datetime
    plan_digest: str = ""
    #: These components of it; empty for all.
    components: tuple[str, ...] = ()
    #: When that plan was made; None where it is not for going forward.
    planned_at: datetime | None = None


class StepCall(Value):
    """Which step of which plan."""

    train: str
    plan_digest: str
    step: str
    train_started_at: datetime
    #: The claim that it is done under; 0 for none.
    ticket: int = 0
    #: The emergency that the train goes through, where the step takes another way in one.
    emergency: Emergency | None = None


def train_workflow_id(train: str) -> str:
    """Return `train/<name>/<digest>` of a train's id `<name>-<digest>`."""
    name, _, digest = train.rpartition("-")
    return f"train/{name}/{digest}"


def train_of_workflow(workflow_id: str) -> str:
    """Return the id of the train whose workflow has this id."""
    name, _, digest = workflow_id.removeprefix("train/").rpartition("/")
    return f"{name}-{digest}"


def train_name(train: str) -> str:
    """Return the name of a train, of its id."""
    return train.rpartition("-")[0]


def task_queue(queue: Queue | str) -> str:
    """Return the Temporal task queue of a capability."""
    return f"releasepilot-{Queue(queue).value}"


#: A workflow that was closed holds its claim for so long, so that its last attempts hear of it or ask.
LEASE: Final = timedelta(seconds=20)
#: Dead workers are noticed after this long.
HEARTBEAT: Final = timedelta(seconds=10)
#: A plan reads every repository; this bounds one attempt.
PREPARE_TIMEOUT: Final = timedelta(minutes=30)
LEDGER_TIMEOUT: Final = timedelta(seconds=30)

#: An answer over the server's limit comes back as this; trying again cannot help.
_TOO_LARGE: Final = ["PayloadsTooLarge"]

PREPARE_RETRY: Final = RetryPolicy(
    initial_interval=timedelta(seconds=1),
    maximum_interval=timedelta(seconds=30),
    maximum_attempts=5,
    non_retryable_error_types=_TOO_LARGE,
)
#: The ledger is tried until it answers: a train never runs on without its record.
LEDGER_RETRY: Final = RetryPolicy(
    initial_interval=timedelta(milliseconds=200),
    maximum_interval=timedelta(seconds=15),
    non_retryable_error_types=_TOO_LARGE,
)


def step_retry(attempts: int) -> RetryPolicy:
    """Retry a step so many times in all, 0 for without end, from half a second up to a minute apart."""
    return RetryPolicy(
        initial_interval=timedelta(milliseconds=500),
        maximum_interval=timedelta(minutes=1),
        maximum_attempts=attempts,
        non_retryable_error_types=_TOO_LARGE,
    )


#: Undoing is tried harder than doing: what it leaves has to be cleared by a person.
UNDO_ATTEMPTS: Final = 8
