"""Gates: what must be agreed before a train may run, and the votes on it."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from pydantic import Field

from releasepilot.model.value import Value


class Actor(Value):
    """Who does something. Made in one place from the operating system's account, never from free text."""

    account: str
    #: Where the account was established; `local` is the operating system of the embedded stack.
    realm: str = "local"

    def __str__(self) -> str:
        """Show the account."""
        return self.account


class ApprovalGate(Value):
    """So many people of these roles must approve the plan's digest."""

    uses: Literal["approval"] = "approval"
    name: str = Field(default="approval", pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$")
    #: Whoever holds one of these may vote.
    roles: tuple[str, ...] = Field(min_length=1)
    #: How many of them must approve.
    quorum: int = Field(default=1, ge=1, le=100)


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


class OpenGate(Value):
    """A gate of a running train: who may vote on which plan, and how many are needed."""

    name: str
    plan_digest: str
    eligible: tuple[str, ...]
    quorum: int


class Verdict(Value):
    """What a gate says of the votes so far."""

    gate: str
    passed: bool
    rejected: bool = False
    #: The accounts whose approval counts, in order of their vote.
    approved_by: tuple[str, ...] = ()
    reason: str = ""


def judge(gate: OpenGate, votes: tuple[Vote, ...]) -> Verdict:
    """Count the votes that are bound to the gate's plan and come from eligible people; one rejection ends it.

    The last vote of a person counts, and a person counts once.
    """
    latest = {
        vote.actor.account: vote
        for vote in votes
        if vote.plan_digest == gate.plan_digest and vote.actor.account in gate.eligible
    }
    rejections = [vote for vote in latest.values() if vote.decision is Decision.REJECT]
    if rejections:
        said = rejections[0]
        return Verdict(
            gate=gate.name, passed=False, rejected=True, reason=f"rejected by {said.actor}: {said.comment}".rstrip(": ")
        )
    approvers = tuple(latest)
    missing = gate.quorum - len(approvers)
    reason = f"{missing} more of {', '.join(gate.eligible)} must approve" if missing > 0 else ""
    return Verdict(gate=gate.name, passed=missing <= 0, approved_by=approvers, reason=reason)
