"""The release train: the request that starts it, where it stands, and the record that it ends with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum

from pydantic import AwareDatetime, Field

from releasepilot.model.catalog import Catalog, OnFailure
from releasepilot.model.emergency import OpenEmergency
from releasepilot.model.gate import Actor, OpenGate, Verdict, Vote
from releasepilot.model.plan import Residue
from releasepilot.model.step import ActuatorTraits, SagaClass, StepStatus, Undo
from releasepilot.model.trust import Trust
from releasepilot.model.urgency import Urgency
from releasepilot.model.value import Value, digest_of


class Request(Value):
    """What somebody asks for. Equal requests are one train."""

    #: With repositories as absolute addresses.
    catalog: Catalog
    #: The date of the changelogs, ISO 8601.
    date: str
    #: What the planner may know of the actuators that the catalog uses, by name.
    actuators: tuple[ActuatorTraits, ...] = ()
    #: The digest of the plan that the requester saw and confirmed; empty for a plan only.
    confirmed: str = ""
    #: 1, then 2 where an earlier train of the same request has ended.
    attempt: int = 1
    #: The schedule that asks, and the moment that was due; empty where somebody does.
    scheduled: str = ""
    #: How soon its steps are taken, beside those of other trains.
    urgency: Urgency = Urgency.NORMAL
    requested_by: Actor = Actor(account="unknown")

    @property
    def train(self) -> str:
        """The train's id: its name and the beginning of the request's digest."""
        identity = self.model_copy(update={"requested_by": Actor(account="unknown")})
        return f"{self.catalog.train}-{digest_of(identity).removeprefix('sha256:')[:10]}"


#: What every plan uses, whatever the catalog declares.
_ALWAYS = ("git.publish", "git.stage", "verify")


def request_of(
    catalog: Catalog,
    traits: Iterable[ActuatorTraits],
    *,
    date: str,
    actor: Actor,
    confirmed: str = "",
    urgency: Urgency = Urgency.NORMAL,
) -> Request:
    """Make a request of a catalog whose repositories are absolute, with the traits of the actuators that it uses."""
    declared = (one for component in catalog.components for one in (*component.publish, *component.health))
    used = {*_ALWAYS, *(declaration.uses for declaration in declared)}
    return Request(
        catalog=catalog,
        date=date,
        actuators=tuple(sorted((one for one in traits if one.name in used), key=lambda one: one.name)),
        confirmed=confirmed,
        requested_by=actor,
        # What nobody set does not travel.
        **({} if urgency is Urgency.NORMAL else {"urgency": urgency}),
    )


class TrainPhase(StrEnum):
    """Where a train stands."""

    PLANNING = "planning"
    #: At a gate, waiting for people.
    WAITING = "waiting"
    RUNNING = "running"
    PAUSED = "paused"
    ROLLING_BACK = "rolling_back"
    ENDED = "ended"


class Outcome(StrEnum):
    """How a train ends."""

    #: Every step of every component of the plan is done.
    RELEASED = "released"
    #: There was nothing to release.
    NOTHING = "nothing"
    #: Everything that had an effect was undone; what the undo kinds foresee may stay visible.
    ROLLED_BACK = "rolled_back"
    #: Some components were released, and the failed one with its dependents was undone.
    PARTLY_RELEASED = "partly_released"
    #: People said no, or it was aborted before it began.
    REJECTED = "rejected"
    #: It stopped, and what was done stays.
    FAILED = "failed"
    #: An undo failed, or there was none: somebody has to act.
    RESIDUE = "residue"


class Record(Value):
    """What is true now: the last word on a train."""

    train: str
    outcome: Outcome
    plan_digest: str = ""
    #: Component to version, for what is released and stays so.
    released: dict[str, str] = Field(default_factory=dict)
    #: Components that were undone, in the order in which they were.
    undone: tuple[str, ...] = ()
    residue: tuple[Residue, ...] = ()
    #: What went wrong first, in words; empty where nothing did.
    cause: str = ""
    #: The stable code of that error.
    code: str = ""
    #: What can be done about it, in words.
    hint: str = ""
    #: Gates and windows that were waived, each with by whom and why.
    waived: tuple[str, ...] = ()


class StepNode(Value):
    """What the workflow must know of a step; the rest stays in the plan."""

    id: str
    component: str
    phase: str
    saga_class: SagaClass
    undo: Undo
    #: Whether there is anything to undo.
    effect: bool = True
    queue: str
    needs: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    timeout: int = 600
    attempts: int = 5
    #: Seconds that it is expected to take; 0 where no window asks.
    estimate: int = 0
    #: It takes another way in an emergency.
    escalates: bool = False


class Outline(Value):
    """A plan as a workflow carries it: digest and step graph, no changelogs."""

    digest: str
    steps: tuple[StepNode, ...] = ()
    #: Component to the components of the plan that it depends on, in release order.
    components: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    versions: dict[str, str] = Field(default_factory=dict)
    #: Component to its team, of those that have one.
    teams: dict[str, str] = Field(default_factory=dict)
    gates: tuple[OpenGate, ...] = ()
    #: Who may let it past them; None where the catalog lets nobody.
    emergency: OpenEmergency | None = None
    #: Rules are left that ask for the approvals, so that it is planned again after its gates, also without a wait.
    rules_left: bool = False
    #: Whose tokens the workers ask for; None where the account of the operating system is enough.
    trust: Trust | None = None
    on_failure: OnFailure = OnFailure.ROLLBACK_ALL
    concurrency: int = 8
    #: What changed since the plan that this one replaces, in words.
    changes: tuple[str, ...] = ()


def with_dependents(needs: Mapping[str, Sequence[str]], chosen: Sequence[str]) -> tuple[str, ...]:
    """Return the chosen components and all that depend on them, in release order; all where none is chosen.

    `needs` maps each component to what it needs, in release order.
    """
    affected = dict.fromkeys(chosen or needs)
    for component, needed in needs.items():
        if component not in affected and any(need in affected for need in needed):
            affected[component] = None
    return tuple(component for component in needs if component in affected)


class Condition(Value):
    """Something that a train waits for."""

    #: What is not as it has to be, in words.
    what: str
    #: Who can clear it; empty where only time does.
    who: tuple[str, ...] = ()
    #: The command that clears it, for one of them; empty where there is none.
    command: str = ""
    since: AwareDatetime | None = None
    #: The earliest moment at which it can clear by itself; None where it never does.
    clears_at: AwareDatetime | None = None
    #: When the train ends instead; None where it waits for ever.
    ends_at: AwareDatetime | None = None


class TrainView(Value):
    """What a person asks of a running train."""

    train: str
    phase: TrainPhase
    plan_digest: str = ""
    statuses: dict[str, StepStatus] = Field(default_factory=dict)
    gates: tuple[OpenGate, ...] = ()
    votes: tuple[Vote, ...] = ()
    #: Why it does not move, in words; empty where it does.
    waiting_for: str = ""
    #: What each gate says, where the train is at its gates.
    verdicts: tuple[Verdict, ...] = ()
    #: What has to come about before it moves; empty where it does.
    conditions: tuple[Condition, ...] = ()
    #: The plan changed since it was confirmed, so: one line a change.
    changes: tuple[str, ...] = ()
    paused: bool = False
    #: A step that cannot be undone has started.
    past_no_return: bool = False
    record: Record | None = None
