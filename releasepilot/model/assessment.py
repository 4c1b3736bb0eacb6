"""What is thought of a plan at one moment: risk, and verdicts of rules. No part of the plan, which has no clock."""

from __future__ import annotations

from releasepilot.model.plan import Plan
from releasepilot.model.risk import Risk
from releasepilot.model.rule import RuleVerdict
from releasepilot.model.value import Value


class Assessment(Value):
    """The risk of a plan and the verdicts of all rules."""

    risk: Risk
    verdicts: tuple[RuleVerdict, ...] = ()
    #: Rules about approvals, which are asked when people have voted.
    after_votes: tuple[str, ...] = ()
    #: Rules about checks, which are asked by the train: what is not asked of the ledger does not know how these ended.
    in_train: tuple[str, ...] = ()

    @property
    def denied(self) -> bool:
        """Whether any rule refuses the plan."""
        return any(verdict.denies for verdict in self.verdicts)


class AssessedPlan(Plan):
    """A plan as it is shown to scripts: with its assessment, which is no part of its digest."""

    assessment: Assessment


def assessed(plan: Plan, assessment: Assessment) -> AssessedPlan:
    """Put a plan and its assessment together; the plan is valid already."""
    return AssessedPlan.model_construct(**dict(plan), assessment=assessment)
