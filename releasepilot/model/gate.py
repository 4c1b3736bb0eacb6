"""Gates: what must be agreed before a train may run, and the votes on it."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Annotated, Literal, Self, TypeVar

from pydantic import AwareDatetime, Field, ValidationError, WrapValidator, model_validator

from releasepilot.model.risk import RiskLevel
from releasepilot.model.value import Seconds, Value


class Actor(Value):
    """Who does something. Made in one place, from a token or the operating system's account; never from free text."""

    account: str
    #: Where the account was established: the issuer of a token, or `os`; `local` is the owner of an embedded stack.
    realm: str = "local"
    #: Proof of that, for workers that ask for it. It is checked, and kept in no ledger.
    token: str = Field(default="", repr=False, max_length=16_384)

    @property
    def bare(self) -> Actor:
        """The same without the proof."""
        return self.model_copy(update={"token": ""}) if self.token else self

    def __str__(self) -> str:
        """Show the account."""
        return self.account


class Excluded(StrEnum):
    """People who may not vote on what is their own."""

    #: Of a commit, also as a co-author.
    AUTHOR = "author"
    #: Of a commit.
    COMMITTER = "committer"
    #: Of the train: who made the plan and asked for it.
    REQUESTER = "requester"


class Reapprove(StrEnum):
    """Which change of a gate's part of the plan voids the votes on it."""

    #: Any, of the release notes too.
    NOTES = "notes"
    #: What would be released or done, not how it is told.
    PLAN = "plan"
    #: None: who approved has approved what it becomes.
    NEVER = "never"


class Escalation(Value):
    """More people may vote when a gate has been open for so long."""

    after: Seconds
    roles: tuple[str, ...] = Field(min_length=1)


#: No quorum is larger.
MOST = 100

_QuorumT = TypeVar("_QuorumT")


def _one_message(value: object, handler: Callable[[object], _QuorumT]) -> _QuorumT:
    """Say once what a quorum is: a union says of each of its members why it is not that one."""
    try:
        return handler(value)
    except ValidationError:
        raise ValueError("a quorum is a number of people from 1 to 100, or a part of them such as 60%") from None


#: A number of people, or a part of those who may vote: `60%`, rounded up.
Quorum = Annotated[
    Annotated[int, Field(ge=1, le=MOST)] | Annotated[str, Field(pattern=r"^([1-9][0-9]?|100)%$")],
    WrapValidator(_one_message),
]


class ApprovalGate(Value):
    """So many people must approve the plan's digest, or a part of the plan."""

    uses: Literal["approval"] = "approval"
    name: str = Field(default="approval", pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$")
    #: Whoever holds one of these may vote,
    roles: tuple[str, ...] = ()
    #: belongs to one of these,
    groups: tuple[str, ...] = ()
    #: is named here,
    users: tuple[str, ...] = ()
    #: or owns what is changed, by the CODEOWNERS of its repository. `@group/team` is a group of `people`, or its team.
    code_owners: bool = False
    #: How many of them must approve: a number, or a part such as `60%`.
    quorum: Quorum = 1
    #: The approvals must come from so many groups; nobody counts for two of them.
    distinct_groups: int = Field(default=1, ge=1, le=20)
    #: Whose vote does not count.
    exclude: tuple[Excluded, ...] = (Excluded.AUTHOR, Excluded.COMMITTER)
    #: Every author must be known under `people`; without it a stranger's commits exclude nobody.
    known_authors: bool = False
    #: Whoever holds one of these may reject, also where they may not approve.
    veto: tuple[str, ...] = ()
    #: Names and patterns of the components whose part of the plan is voted on; all where there are none.
    components: tuple[str, ...] = ()
    #: Only plans of this risk have to pass it; all where there is none. A plan for which no gate is asks for the
    #: requester's confirmation.
    risk: tuple[RiskLevel, ...] = ()
    #: It opens when the gates above it have passed; otherwise with the train.
    in_turn: bool = False
    #: The time in which people mean to decide; a reminder follows it.
    sla: Seconds | None = Field(default=None, ge=1)
    #: An approval counts for so long.
    expires_after: Seconds | None = Field(default=None, ge=1)
    #: The train is rejected when the gate has not passed after so long.
    lapses_after: Seconds | None = Field(default=None, ge=1)
    #: Who else may vote when it has been open for so long.
    escalate: tuple[Escalation, ...] = ()
    #: Which change of its part of the plan voids the votes.
    reapprove: Reapprove = Reapprove.NOTES

    @model_validator(mode="after")
    def _for_somebody(self) -> Self:
        """Refuse a gate that names nobody."""
        if not (self.roles or self.groups or self.users or self.code_owners):
            raise ValueError(
                f"the gate {self.name!r} says nobody who may vote: give it roles, groups, users or code_owners"
            )
        return self


class Decision(StrEnum):
    """What a vote says."""

    APPROVE = "approve"
    REJECT = "reject"


class Vote(Value):
    """One person's decision on one plan."""

    actor: Actor
    decision: Decision
    comment: str = Field(default="", max_length=4000)
    #: The plan that was seen. A vote on another plan never counts.
    plan_digest: str
    #: The gates that were seen open; at no other it counts. At all that are open where there are none.
    gates: tuple[str, ...] = ()
    #: When it was counted. The train says it; what a sender says here is not looked at.
    at: AwareDatetime | None = None
    #: The gates that were open, each with the digest of the part of the plan that it votes on; also the train's to say.
    #: It counts at no other gate.
    parts: dict[str, str] = Field(default_factory=dict)


class Voter(Value):
    """One way of voting at a gate: a person in their own place, or in that of somebody else."""

    person: str
    #: The accounts that are theirs.
    accounts: tuple[str, ...]
    #: The groups that the vote can count for.
    groups: tuple[str, ...] = ()
    #: Whose place it is; empty for their own.
    stands_for: str = ""
    #: Votes cast from then on count,
    since: AwareDatetime | None = None
    #: and those before then.
    until: AwareDatetime | None = None
    #: Seconds that the gate must have been open: an escalation.
    after: int = 0
    #: They may reject and nothing else.
    veto: bool = False

    @property
    def seat(self) -> str:
        """The person whose place it is: each counts once."""
        return self.stands_for or self.person

    def __str__(self) -> str:
        """Name the person, and whom they stand for."""
        return f"{self.person} for {self.stands_for}" if self.stands_for else self.person


class OpenGate(Value):
    """A gate of a running train: who may vote on which plan, and how many are needed."""

    name: str
    plan_digest: str
    #: Who may approve when it opens.
    eligible: tuple[str, ...]
    quorum: int
    voters: tuple[Voter, ...] = ()
    #: Person to why they may not vote.
    excluded: dict[str, str] = Field(default_factory=dict)
    distinct_groups: int = 1
    in_turn: bool = False
    sla: int = 0
    expires_after: int = 0
    lapses_after: int = 0
    #: The digest of the part of the plan that is voted on; votes on another plan with the same part count.
    part: str = ""


class Verdict(Value):
    """What a gate says of the votes so far."""

    gate: str
    passed: bool
    rejected: bool = False
    #: Whose approval counts, in order of their vote; with whom they stand for.
    approved_by: tuple[str, ...] = ()
    reason: str = ""
    #: When it says something else without another vote; None where it never does.
    until: AwareDatetime | None = None
