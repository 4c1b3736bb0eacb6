"""Rules: what a plan must, or must not be, in the Common Expression Language (https://cel.dev), and their verdicts."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field, JsonValue

from releasepilot.model.names import Name
from releasepilot.model.value import Value


class RuleEffect(StrEnum):
    """What a rule does with what its expression gives. An expression that gives nothing denies, whatever the effect."""

    #: The plan is refused where the expression is true.
    DENY = "deny"
    #: The plan carries a warning where the expression is true.
    WARN = "warn"
    #: The plan is refused where the expression is false.
    REQUIRE = "require"


class RuleOutcome(StrEnum):
    """What a rule says of a plan."""

    #: Nothing against it.
    PASS = "pass"  # noqa: S105 - a word of the catalog
    WARN = "warn"
    DENY = "deny"


class RuleTest(Value):
    """A case that a rule must judge as its author says."""

    #: What the rule is asked about, as far as it matters; the rest is empty, and `env` is the catalog's.
    input: dict[str, JsonValue] = Field(default_factory=dict)
    #: What the rule says then. A rule that cannot be evaluated passes no test.
    expect: RuleOutcome


class Rule(Value):
    """A condition on plans. It is used only where it agrees with its own tests."""

    #: Unique among the rules.
    id: Name
    #: In CEL, true or false. One that mentions `release` is asked once for each release, any other once for the plan.
    expr: str = Field(min_length=1, max_length=1000)
    effect: RuleEffect = RuleEffect.DENY
    #: What people read where it denies or warns.
    message: str = Field(min_length=1, max_length=500)
    #: Who can be asked about it: a team, a person.
    owner: str = Field(default="", max_length=200)
    tests: tuple[RuleTest, ...] = Field(min_length=1, max_length=100)


class RuleVerdict(Value):
    """What a rule says of a plan or of one of its releases, with what it was made of."""

    rule: str
    #: Empty where the rule is about the plan as a whole.
    component: str = ""
    effect: RuleEffect
    outcome: RuleOutcome
    #: What the expression gave; None where it gave neither true nor false.
    result: bool | None = None
    #: Why it could not be evaluated; empty where it could.
    error: str = ""
    message: str
    owner: str = ""
    #: The digest of the rule.
    rule_digest: str
    #: The digest of what it was asked about.
    input_digest: str

    @property
    def denies(self) -> bool:
        """Whether the plan is refused."""
        return self.outcome is RuleOutcome.DENY


class RuleTestResult(Value):
    """How a rule did in one of its tests."""

    rule: str
    #: Its place among the tests of the rule, from 1.
    number: int
    passed: bool
    expect: RuleOutcome
    #: How it failed; empty where it passed.
    reason: str = ""
