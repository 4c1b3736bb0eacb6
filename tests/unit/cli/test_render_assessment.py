"""What is thought of a plan as people read it: denials first, and no text of a rule is markup."""

from __future__ import annotations

import io
import re

import pytest
from support.plans import planned, source

from releasepilot.cli.render.assessment import SHOWN, print_assessment, said_by_rules
from releasepilot.cli.render.plan import markdown, print_plan
from releasepilot.cli.render.text import clean, console
from releasepilot.model.assessment import Assessment
from releasepilot.model.risk import Risk, RiskFactor, RiskLevel
from releasepilot.model.rule import RuleEffect, RuleOutcome, RuleVerdict

RISK = Risk(
    level=RiskLevel.MEDIUM,
    score=40,
    factors=(
        RiskFactor(name="size", score=1, weight=2, explanation="1 commit"),
        RiskFactor(name="waiting", score=3, weight=1, explanation="the oldest commit waits for 40 days"),
        RiskFactor(name="breaking", score=4, weight=3, explanation="2 major versions"),
    ),
)


def verdict(outcome: RuleOutcome, message: str = "said", component: str = "", error: str = "") -> RuleVerdict:
    """Make a verdict."""
    return RuleVerdict(
        rule="one",
        component=component,
        effect=RuleEffect.DENY,
        outcome=outcome,
        error=error,
        message=message,
        rule_digest="sha256:1",
        input_digest="sha256:2",
    )


def printed(*verdicts: RuleVerdict) -> list[str]:
    """Print an assessment into a pipe."""
    stream = io.StringIO()
    print_assessment(console(stream), Assessment(risk=RISK, verdicts=verdicts))
    return stream.getvalue().splitlines()


def test_the_factors_that_raise_the_risk_are_told() -> None:
    """The strongest first; one that raises nothing is not told."""
    assert printed() == [
        "Risk: medium, 40 of 100",
        "  breaking   4 of 5   2 major versions",
        "  waiting    3 of 5   the oldest commit waits for 40 days",
    ]


def test_denials_come_before_warnings() -> None:
    """Each with its component, and why it could not be evaluated."""
    said = printed(
        verdict(RuleOutcome.WARN, "careful", "api"),
        verdict(RuleOutcome.PASS),
        verdict(RuleOutcome.DENY, "never", error="divide by zero"),
    )
    assert said[3:] == [
        "denied: the rule 'one': never (it could not be evaluated: divide by zero)",
        "warning: the rule 'one' for api: careful",
    ]


def test_rules_that_pass_are_counted() -> None:
    """Not verdicts: a rule may have one for each release."""
    assert printed(verdict(RuleOutcome.PASS, component="a"), verdict(RuleOutcome.PASS, component="b"))[3:] == [
        "1 rule, none against it"
    ]


def test_many_denials_are_not_all_told() -> None:
    """`--json` has them all."""
    many = Assessment(risk=RISK, verdicts=tuple(verdict(RuleOutcome.DENY) for _ in range(SHOWN + 3)))
    rows = said_by_rules(many)
    assert (len(rows), rows[-1][1]) == (SHOWN + 1, "and 3 more")


@pytest.mark.parametrize("hostile", ["[red]x[/red]\x1b[2J", "<script> | `x` [a](b)"])
def test_no_text_of_a_rule_is_markup(hostile: str) -> None:
    """A message, or what the engine says, is text on a terminal and in Markdown."""
    assessment = Assessment(risk=RISK, verdicts=(verdict(RuleOutcome.DENY, hostile, error=hostile),))
    plan = planned(source("api", "feat: x"))
    stream = io.StringIO()
    print_plan(console(stream), plan, assessment)
    assert f"the rule 'one': {clean(hostile)} (it could" in stream.getvalue()
    assert "\x1b" not in stream.getvalue()
    text = markdown(plan, assessment)
    assert "**denied**: the rule 'one': " in text
    assert not re.search(r"<script>|[^\\]\[a|\x1b", text)
