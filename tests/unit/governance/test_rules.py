"""Rules: what follows from an expression, what a verdict records, and the rules' own tests."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime
from typing import Any

import pytest

from releasepilot.errors import RuleDenied
from releasepilot.governance.policy_engine import EvaluationFailed
from releasepilot.governance.rules import judge, objections, outcome_of, policy_engine, refuse_denied, run_tests
from releasepilot.model.rule import Rule, RuleEffect, RuleOutcome, RuleVerdict
from releasepilot.model.rule_input import PlanFacts, ReleaseFacts, RuleInput
from releasepilot.model.value import digest_of

DENY, WARN, REQUIRE = RuleEffect
API = ReleaseFacts(component="api", commits=7, bump="major", needs=("lib",))
WEB = ReleaseFacts(component="web", commits=1, bump="patch")
INPUT = RuleInput(
    plan=PlanFacts(train="shop", releases=(API, WEB)),
    env={"stage": "production"},
    now=datetime(2026, 11, 25, 12, tzinfo=UTC),
)


def rule(expr: str, effect: RuleEffect = DENY, *tests: dict[str, Any], name: str = "one", owner: str = "") -> Rule:
    """Make a rule; without tests it gets one that nobody runs."""
    cases = tests or ({"expect": "pass"},)
    return Rule.model_validate(
        {"id": name, "expr": expr, "effect": effect, "message": "said", "owner": owner, "tests": cases}
    )


def said(*rules: Rule, given: RuleInput = INPUT) -> tuple[RuleVerdict, ...]:
    """Judge."""
    return judge(rules, given, policy_engine())


@pytest.mark.parametrize(
    ("effect", "when_true", "when_false"),
    [(DENY, "deny", "pass"), (WARN, "warn", "pass"), (REQUIRE, "pass", "deny")],
)
def test_what_follows_from_an_expression(effect: RuleEffect, when_true: str, when_false: str) -> None:
    """`deny` and `warn` fire on true, `require` on false, and each of them denies where there is no answer."""
    (true,), (false,), (none,) = (said(rule(expr, effect)) for expr in ("true", "false", "1 / plan.steps == 1"))
    assert (true.outcome, true.result) == (when_true, True)
    assert (false.outcome, false.result) == (when_false, False)
    assert (none.outcome, none.result, none.error) == ("deny", None, "divide by zero")
    assert outcome_of(effect, None) is RuleOutcome.DENY


def test_a_rule_that_mentions_the_release_is_asked_for_each() -> None:
    """Once for each release, in the order of the plan; others once. A loop's own name is no mention."""
    verdicts = said(
        rule('release.bump == "major"', name="each"),
        rule("plan.releases.exists(release, release.commits > 5)", name="whole"),
    )
    assert [(one.rule, one.component, one.result) for one in verdicts] == [
        ("each", "api", True),
        ("each", "web", False),
        ("whole", "", True),
    ]


def test_a_verdict_records_what_it_was_made_of() -> None:
    """The rule by its digest, the input by its digest: another rule, moment or release is another digest."""
    first, second = said(rule("release.first")), said(rule("release.first"))
    assert first == second
    assert {one.rule_digest for one in first} == {digest_of(rule("release.first"))}
    later = INPUT.model_copy(update={"now": datetime(2026, 11, 26, tzinfo=UTC)})
    digests = [one.input_digest for one in (*first, *said(rule("release.first"), given=later), *said(rule("true")))]
    assert len(set(digests)) == 5


def test_all_that_is_declared_can_be_asked() -> None:
    """Each field of each name is there, with the type that the model says."""
    asked = [
        *(f"plan.{name} == plan.{name}" for name in PlanFacts.model_fields),
        *(f"release.{name} == release.{name}" for name in ReleaseFacts.model_fields),
        "approvals.all(a, a.account != '' && a.gate != '')",
        "checks.all(c, c.passed && c.ran && c.name + c.component + c.uses != '')",
        "release.labels.all(key, release.labels[key] != '')",
        "window.open && window.rule == ''",
        "actor.account == '' && actor.realm == ''",
        "env.stage == 'production'",
        "now.getFullYear('Europe/Berlin') == 2026 && now < timestamp('2027-01-01T00:00:00Z')",
        "plan.releases[0].needs == ['lib'] && plan.risk.level == '' && plan.risk.score + plan.risk.size == 0",
    ]
    for verdict in said(*(rule(expr, name=f"rule-{number}") for number, expr in enumerate(asked))):
        assert verdict.error == "", verdict
        assert verdict.result is True, asked[int(verdict.rule.removeprefix("rule-"))]


def test_facts_are_not_changed_by_those_of_a_release() -> None:
    """An input that was bound once serves for all releases."""
    facts = policy_engine().bind(INPUT)
    assert facts.of(API).judge("release.commits == 7")
    assert facts.of(WEB).judge("release.commits == 1")
    assert facts.judge("release.commits == 0")
    with pytest.raises(EvaluationFailed):
        facts.judge("release.commits")


def test_an_author_is_held_to_the_tests() -> None:
    """Each test passes or tells what was said instead; what cannot be evaluated fails, even if denial is meant."""
    tested = rule(
        'release.commits > 5 && env.stage == "production" && 10 / release.edits > 0',
        DENY,
        {"input": {"release": {"commits": 6, "edits": 1}}, "expect": "deny"},
        {"input": {"release": {"commits": 6, "edits": 1}, "env": {"stage": "staging"}}, "expect": "pass"},
        {"input": {"release": {"commits": 6, "edits": 1}}, "expect": "pass"},
        {"input": {"release": {"commits": 6}}, "expect": "deny"},
        {"input": {"release": {"comits": 6}}, "expect": "pass"},
        {"input": {"now": "noon"}, "expect": "pass"},
        {"input": {"release": {"commits": 10**30}}, "expect": "pass"},
    )
    results = run_tests(tested, policy_engine(), INPUT.env)
    assert [result.passed for result in results] == [True, True, *[False] * 5]
    assert results[2].reason == "expect: the rule 'one' says deny, and not pass"
    assert results[3].reason == "expect: the rule 'one' cannot be evaluated here: divide by zero"
    assert results[4].reason == "input.release.comits: there is no such field"
    assert results[5].reason.startswith("input.now: ")
    assert results[6].reason == "input.release.commits: a number here is at most 9007199254740991"
    found = list(objections([rule("true"), tested, rule("oops")], INPUT.env, policy_engine()))
    assert [path for path, _ in found] == [
        (0, "tests", 0, "expect"),
        (1, "tests", 2, "expect"),
        (1, "tests", 3, "expect"),
        (1, "tests", 4, "input", "release", "comits"),
        (1, "tests", 5, "input", "now"),
        (1, "tests", 6, "input", "release", "commits"),
        (2, "expr"),
    ]


def test_denials_become_one_error() -> None:
    """It tells each, ten at most, and who can be asked; warnings are none."""
    refuse_denied(said(rule("true", WARN)))
    many = PlanFacts(releases=tuple(ReleaseFacts(component=f"c-{number}") for number in range(12)))
    verdicts = said(rule("true || release.first", owner="sre"), given=RuleInput(plan=many))
    with pytest.raises(RuleDenied) as caught:
        refuse_denied(verdicts)
    lines = caught.value.message.splitlines()
    assert lines[0] == "the rule 'one' for c-0: said"
    assert lines[10:] == ["and 2 more"]
    assert caught.value.hint == "`releasepilot plan` shows what every rule says; sre can be asked"


def test_the_order_of_rules_changes_no_verdict() -> None:
    """Each rule is judged by itself."""
    rules = [rule("release.commits > 3", name="a"), rule("plan.steps == 0", REQUIRE, name="b"), rule("oops", name="c")]
    expected = {(one.rule, one.component): one for one in said(*rules)}
    for shuffled in itertools.permutations(rules):
        assert {(one.rule, one.component): one for one in said(*shuffled)} == expected
