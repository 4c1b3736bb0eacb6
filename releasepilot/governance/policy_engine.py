"""What rules ask of the language that they are written in: `governance.cel` answers, and in tests a second engine."""

from __future__ import annotations

from typing import Protocol

from releasepilot.model.rule_input import ReleaseFacts, RuleInput

#: What decides how often, when or by whom a rule is asked: once for each release; after the votes; by the train.
ASKED_APART = ("release", "approvals", "checks")


class ExpressionWrong(ValueError):
    """An expression does not read, names what there is not, compares what cannot be compared, or is too large."""


class EvaluationFailed(ValueError):
    """An expression gave neither true nor false, or was ended before it did."""


class Facts(Protocol):
    """What an expression is asked about, in the form of the engine."""

    def of(self, release: ReleaseFacts) -> Facts:
        """Return the same with this release."""
        ...

    def judge(self, expr: str) -> bool:
        """Evaluate an expression that `PolicyEngine.check` accepts. EvaluationFailed where it gives no truth."""
        ...


class PolicyEngine(Protocol):
    """Evaluates expressions over a typed input: no I/O, no clock, an end after a bounded number of steps."""

    def check(self, expr: str) -> frozenset[str]:
        """Return which of `ASKED_APART` an expression mentions. ExpressionWrong where it cannot be evaluated."""
        ...

    def bind(self, given: RuleInput) -> Facts:
        """Take over what expressions are asked about."""
        ...
