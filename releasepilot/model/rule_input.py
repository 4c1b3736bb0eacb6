"""What rules may ask about. An expression that names anything else is a mistake.

Absent texts are empty and absent numbers are 0, so that no expression meets a null. No text here comes from commit
messages: whoever may push a commit must not be able to argue with a rule.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, Field

from releasepilot.model.value import Value

#: The largest whole number that every reader of JSON keeps (RFC 8785, section 3.2.2.3).
_LARGEST = 2**53 - 1


def _count(value: int) -> int:
    """Accept what both a digest and an expression can hold."""
    if abs(value) > _LARGEST:
        raise ValueError(f"a number here is at most {_LARGEST}")
    return value


#: A number that rules may compute with.
Count = Annotated[int, AfterValidator(_count)]


class ReleaseFacts(Value):
    """One component's part of a plan."""

    component: str = ""
    repo: str = ""
    branch: str = ""
    ecosystem: str = ""
    #: Empty at a first release.
    from_version: str = ""
    to_version: str = ""
    #: `patch`, `minor` or `major`.
    bump: str = ""
    #: It is the first release of the component.
    first: bool = False
    #: Commits since the last release.
    commits: Count = 0
    #: Files that the release itself edits.
    edits: Count = 0
    #: Components of the catalog that depend on it, directly or not.
    dependents: Count = 0
    #: Components of the plan that it needs.
    needs: tuple[str, ...] = ()
    #: The actuators of its steps, such as `git.publish`.
    uses: tuple[str, ...] = ()
    #: As the catalog says: `{environment: production}`.
    labels: dict[str, str] = Field(default_factory=dict)


class RiskFacts(Value):
    """The risk of a plan, and its factors from 1 to 5; a factor that is not known is 0."""

    #: `low`, `medium` or `high`.
    level: str = ""
    #: From 0 to 100.
    score: Count = 0
    size: Count = 0
    breaking: Count = 0
    dependents: Count = 0
    waiting: Count = 0
    newcomers: Count = 0
    failures: Count = 0
    window: Count = 0


class PlanFacts(Value):
    """The plan as a whole."""

    train: str = ""
    #: The date of the changelogs, `2026-11-25`.
    date: str = ""
    releases: tuple[ReleaseFacts, ...] = ()
    #: Components with nothing to release.
    unchanged: tuple[str, ...] = ()
    #: How many steps it has.
    steps: Count = 0
    #: The first step that cannot be undone; empty where everything can.
    point_of_no_return: str = ""
    #: How many kinds of thing would stay after a rollback, and somebody had to act.
    residue: Count = 0
    #: The names of its gates.
    gates: tuple[str, ...] = ()
    on_failure: str = ""
    risk: RiskFacts = RiskFacts()


class ApprovalFacts(Value):
    """An approval that was given so far."""

    #: Who gave it.
    account: str = ""
    #: In whose place; empty for their own.
    stands_for: str = ""
    gate: str = ""


class CheckFacts(Value):
    """A step of the plan that only looks: a verify hook, a health check, a look at a change record.

    It has not looked at what is to be released now, because rules are asked before the first step. What is known is
    how the same step, by its component, name and actuator, ended when it last ran in a train of this name.
    """

    #: The component whose step it is.
    component: str = ""
    #: The step's name.
    name: str = ""
    #: The actuator, such as `verify` or `http`.
    uses: str = ""
    #: It came to an end in an earlier train.
    ran: bool = False
    #: It did so well, the last time. False where it never ran.
    passed: bool = False


class WindowFacts(Value):
    """Whether the components of the plan may be released at the moment, by the catalog's windows."""

    open: bool = True
    #: The window that decided; empty where none concerns the components.
    rule: str = ""


class ActorFacts(Value):
    """Who asks for the train."""

    account: str = ""
    realm: str = ""


class RuleInput(Value):
    """All that rules may ask about; each field is a name in their expressions."""

    plan: PlanFacts = PlanFacts()
    #: The release that a rule is asked about.
    release: ReleaseFacts = ReleaseFacts()
    #: Rules that mention them are asked when people have voted, others when the plan is made.
    approvals: tuple[ApprovalFacts, ...] = ()
    #: The checks of the plan. Rules that mention them are asked by the train, which knows how they ended before.
    checks: tuple[CheckFacts, ...] = ()
    window: WindowFacts = WindowFacts()
    actor: ActorFacts = ActorFacts()
    #: As the catalog says.
    env: dict[str, str] = Field(default_factory=dict)
    #: The moment of the judgement, in UTC.
    now: AwareDatetime = datetime(1970, 1, 1, tzinfo=UTC)
