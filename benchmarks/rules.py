"""What rules cost: 50 rules over a plan of 1,000 components, over as many bare evaluations of one expression."""

from __future__ import annotations

from datetime import UTC, datetime

from benchmarks.result import Result, interleaved
from releasepilot.governance.rules import judge, policy_engine
from releasepilot.model.rule import Rule, RuleOutcome, RuleTest
from releasepilot.model.rule_input import PlanFacts, ReleaseFacts, RuleInput

COMPONENTS, RULES = 1_000, 50
ROUNDS = 5


def run() -> list[Result]:
    """Measure verdicts with digests over evaluations alone: the input is converted and each verdict is a value."""
    engine = policy_engine()
    releases = tuple(
        ReleaseFacts(component=f"service-{number:04}", commits=number, uses=("git.stage", "git.publish"))
        for number in range(COMPONENTS)
    )
    given = RuleInput(
        plan=PlanFacts(train="shop", releases=releases),
        env={"stage": "production"},
        now=datetime(2026, 11, 25, 12, tzinfo=UTC),
    )
    rules = [_rule(number) for number in range(RULES)]
    facts = engine.bind(given)

    def bare() -> None:
        for _ in range(COMPONENTS * RULES):
            facts.judge(rules[0].expr)

    below, above = interleaved(bare, lambda: judge(rules, given, engine), rounds=ROUNDS)
    how = f"{above * 1000:.0f} ms over {below * 1000:.0f} ms, medians of {ROUNDS}; {COMPONENTS * RULES} verdicts"
    return [Result(name="rules over bare evaluations", value=above / below, at_most=6, how=how)]


def _rule(number: int) -> Rule:
    expr = f'release.commits > {900 + number} && env.stage == "production" && plan.train == "shop"'
    return Rule(id=f"rule-{number}", expr=expr, message="large", tests=(RuleTest(expect=RuleOutcome.PASS),))
