"""What a train is told, by people and by the run before it."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from releasepilot.model.emergency import OpenEmergency, Override
from releasepilot.model.gate import Actor
from releasepilot.model.plan import Residue
from releasepilot.model.step import StepStatus
from releasepilot.model.train import Request
from releasepilot.model.trust import Trust
from releasepilot.model.value import Value
from releasepilot.workflows.crossing import Close


class Command(Value):
    """What a person tells a running train to do."""

    actor: Actor
    reason: str = Field(default="", max_length=4000)
    #: Undo also what lies past the point of no return, as far as the world allows.
    past_no_return: bool = False


class TrainState(Value):
    """What a train takes along when it continues as a new run. The step graph stays in the ledger."""

    plan_digest: str
    started_at: datetime
    statuses: dict[str, StepStatus]
    next_seq: int
    paused: bool = False
    #: The components being undone; None while the train goes forward.
    undoing: tuple[str, ...] | None = None
    #: The error that turned the train round.
    cause: str = ""
    code: str = ""
    hint: str = ""
    aborted: bool = False
    residue: tuple[Residue, ...] = ()
    #: When its windows close; None where they are not known to, or it has none.
    close: Close | None = None
    #: Who may override, and what they have said.
    emergency: OpenEmergency | None = None
    overrides: tuple[Override, ...] = ()
    #: Whose tokens are asked for, also before the ledger has answered.
    trust: Trust | None = None
    #: The claim that it holds; 0 for none.
    ticket: int = 0


class TrainStart(Value):
    """The workflow's input."""

    request: Request
    resumed: TrainState | None = None
