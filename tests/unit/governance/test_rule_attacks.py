"""Expressions that are meant to hurt: each is refused or denies, at once, and says why."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from releasepilot.governance.policy_engine import ExpressionWrong
from releasepilot.governance.rules import judge, policy_engine
from releasepilot.model.rule import Rule, RuleEffect, RuleOutcome, RuleTest
from releasepilot.model.rule_input import PlanFacts, ReleaseFacts, RuleInput

#: Seconds of a processor that the worst of them may take; the library cannot be interrupted.
AT_ONCE = 5.0
MANY = tuple(ReleaseFacts(component=f"c-{number}", commits=number) for number in range(1000))
INPUT = RuleInput(
    plan=PlanFacts(train="shop", releases=MANY), env={"long": "a" * 1000}, now=datetime(2026, 11, 25, tzinfo=UTC)
)

SMALL = RuleInput(plan=PlanFacts(releases=MANY[:2]), now=datetime(2026, 11, 25, tzinfo=UTC))


def nested(times: int, inner: str = "true") -> str:
    """Loop in loops."""
    for number in range(times):
        inner = f"plan.releases.all(v{number}, {inner})"
    return inner


def grown(begin: str, step: str, times: int) -> str:
    """Build a value of itself, again and again."""
    return begin + f".map(a, {step})" * times


WRONG = {
    "many loops": (nested(5), "more than 4 macros"),
    "lists of lists": (grown("[1]", "[a, a, a, a, a, a, a, a]", 20) + " == [1]", "more than 4 macros"),
    "few but wide": (grown("[1]", f"[{', '.join('a' * 30)}]", 3) + " == [1]", "more than 32 commas"),
    "added up": (f'["a"].exists(a, ({"+".join("a" * 20)}).contains("b"))', "more than 8 plus signs"),
    "deep": ("(" * 500 + "true" + ")" * 500, "recursion limit"),
    "unknown name": ("relaese.commits > 1", "did you mean 'release'?"),
    "unknown field": ("release.comits > 1", "did you mean 'commits'?"),
    "unknown field in a loop": ("plan.releases.all(r, r.comits > 1)", "did you mean 'commits'?"),
    "unknown function": ("shell(release.component)", "shell"),
    "number and text": ('release.commits == "1"', "no matching overload"),
    "no truth": ("release.commits", "gives INT"),
    "a field of a text": ("release.component.length > 1", "cannot be the operand of a select"),
    "assignment": ("release.commits = 1", "character"),
    "nothing": (" ", "character"),
    "half of a character": ('"\ud800" == "a"', "no text has"),
}


@pytest.mark.parametrize("name", WRONG)
def test_it_is_refused_before_anything_is_evaluated(name: str) -> None:
    """By its size, by its types or by its syntax."""
    expr, why = WRONG[name]
    begin = time.process_time()
    with pytest.raises(ExpressionWrong) as caught:
        policy_engine().check(expr)
    assert why in str(caught.value)
    assert len(str(caught.value)) < 500
    assert time.process_time() - begin < AT_ONCE


FAILING = {
    "loops over all releases": (nested(2), "budget"),
    "no number": ("1 / (plan.steps) == 1", "divide by zero"),
    "a number too large": ("9223372036854775807 + plan.steps + 1 > 0", "overflow"),
    "no such key": ('env.nope == "a"', "nope"),
    "no such place": ("plan.releases[5000].first", "5000"),
    "no such zone": ('now.getHours("Moon/Sea") == 1', "timezone"),
    "no time": ('timestamp("tomorrow") > now', "imestamp"),
    "a regular expression that does not read": ('env.long.matches("(")', "regular expression"),
    "a regular expression that is too large": ('env.long.matches("(a{1000}){1000}")', "repetition"),
    "no types": ("dyn(plan).nope == 1", "nope"),
    "no truth after all": ("dyn(1)", "INT"),
    "other types after all": ('dyn(1) < dyn("a")', "overload"),
}


@pytest.mark.parametrize("effect", RuleEffect)
@pytest.mark.parametrize("name", FAILING)
def test_what_fails_denies(name: str, effect: RuleEffect) -> None:
    """Whatever the effect is: a rule that nobody can read the answer of protects nothing if it lets pass."""
    expr, why = FAILING[name]
    begin = time.process_time()
    (verdict,) = judge([rule(expr, effect)], INPUT, policy_engine())
    assert time.process_time() - begin < AT_ONCE
    assert (verdict.outcome, verdict.result) == (RuleOutcome.DENY, None)
    assert why in verdict.error
    assert len(verdict.error) < 500


def test_the_largest_that_fits_ends() -> None:
    """Lists of lists, each compared with itself for each of a thousand releases."""
    wide = f"[{', '.join('a' * 14)}]"
    expr = grown("[1]", wide, 2) + f".all(a, plan.releases.all(r, {' && '.join(['a == a'] * 20)}))"
    begin = time.process_time()
    (verdict,) = judge([rule(expr)], INPUT, policy_engine())
    assert verdict.result is True
    assert time.process_time() - begin < AT_ONCE


def test_regular_expressions_take_no_time() -> None:
    """RE2 has no backtracking: what takes others hours is decided in one pass."""
    begin = time.process_time()
    (verdict,) = judge([rule('(env.long + "!").matches("^(a+)+$")')], INPUT, policy_engine())
    assert verdict.result is False
    assert time.process_time() - begin < AT_ONCE


def test_a_rule_that_does_not_compile_denies_once() -> None:
    """A request may come with rules that no catalog file was checked for."""
    (verdict,) = judge([rule("release.nope")], INPUT, policy_engine())
    assert verdict.denies
    assert "there is no 'nope'" in verdict.error


def rule(expr: str, effect: RuleEffect = RuleEffect.DENY) -> Rule:
    """Make a rule of an expression."""
    return Rule(id="attack", expr=expr, effect=effect, message="no", tests=(RuleTest(expect=RuleOutcome.PASS),))


PIECES = ("plan", ".releases", ".all(r, ", "r.", "first", "release.commits", "now", "env", "(", ")", "[", "]", "{", "}")
SIGNS = (
    "+",
    "-",
    "!",
    "&&",
    "||",
    "?",
    ":",
    "==",
    "<",
    ",",
    "1",
    "0.5",
    "2u",
    '"a"',
    "b'a'",
    " in ",
    "null",
    "dyn(",
    "\n",
)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.lists(st.sampled_from((*PIECES, *SIGNS)), max_size=25).map("".join) | st.text(max_size=60))
def test_whatever_is_written_is_refused_or_judged(expr: str) -> None:
    """No text makes anything but a verdict, the same each time; one that is refused is denied."""
    if not expr:
        return
    first, second = (judge([rule(expr)], SMALL, policy_engine()) for _ in range(2))
    assert first == second
    assert refusal(expr) in ("", *(one.error for one in first))


def refusal(expr: str) -> str:
    """Return why an expression is refused; empty where it is not."""
    try:
        policy_engine().check(expr)
    except ExpressionWrong as error:
        return str(error)
    return ""
