"""Rules over a plan: their verdicts, their own tests, and what is wrong with them. Pure; a failure always denies."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from importlib import import_module
from typing import NamedTuple

from pydantic import ValidationError

from releasepilot.errors import EngineMissing, RuleDenied
from releasepilot.governance.policy_engine import EvaluationFailed, ExpressionWrong, Facts, PolicyEngine
from releasepilot.model.rule import Rule, RuleEffect, RuleOutcome, RuleTest, RuleTestResult, RuleVerdict
from releasepilot.model.rule_input import ReleaseFacts, RuleInput
from releasepilot.model.value import Value, digest_of

#: The moment of a test that names none.
_TEST_MOMENT = datetime(2026, 1, 1, tzinfo=UTC)
#: Denials that an error tells; the assessment has them all.
_TOLD = 10

_OUTCOMES = {
    (RuleEffect.DENY, True): RuleOutcome.DENY,
    (RuleEffect.WARN, True): RuleOutcome.WARN,
    (RuleEffect.REQUIRE, False): RuleOutcome.DENY,
}


class _OfRelease(Value):
    """What a rule about one release was asked about: the digest of all the rest, and the release."""

    given: str
    release: ReleaseFacts


class _Asked(NamedTuple):
    """A rule that is judged."""

    rule: Rule
    digest: str
    #: Once for each release.
    of_release: bool


@lru_cache(maxsize=1)
def policy_engine() -> PolicyEngine:
    """Return the engine; EngineMissing where its library is not installed."""
    try:
        # Looked up late, because only rules need it, and a machine without rules does not have it.
        engine: PolicyEngine = import_module("releasepilot.governance.cel").CelEngine()
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in ("cel_expr_python", "google"):
            raise
        raise EngineMissing(
            "the catalog has rules, and the library that evaluates them is not installed",
            hint="pip install 'releasepilot[rules]', on every machine with a worker of the queue git too",
        ) from error
    return engine


def judge(rules: Sequence[Rule], given: RuleInput, engine: PolicyEngine) -> tuple[RuleVerdict, ...]:
    """Return the verdict of each rule: on each release of the plan if it mentions `release`, else on the plan.

    In the order of the rules, then of the releases.
    """
    facts, whole = engine.bind(given), digest_of(given)
    asked = [_Asked(rule, digest_of(rule), of_release="release" in _mentions(rule, engine)) for rule in rules]
    found = [[] if one.of_release else [_verdict(one, facts, whole)] for one in asked]
    for release in given.plan.releases if any(one.of_release for one in asked) else ():
        # All rules over one release, then the next: what is converted for one is there for the others.
        about, digest = facts.of(release), digest_of(_OfRelease(given=whole, release=release))
        for verdicts, one in zip(found, asked, strict=True):
            if one.of_release:
                verdicts.append(_verdict(one, about, digest, release.component))
    return tuple(verdict for verdicts in found for verdict in verdicts)


def about_approvals(rules: Sequence[Rule], engine: PolicyEngine) -> tuple[str, ...]:
    """Return the rules that ask for approvals: before the votes they would deny what they are meant to let through."""
    return tuple(rule.id for rule in rules if "approvals" in _mentions(rule, engine))


def about_checks(rules: Sequence[Rule], engine: PolicyEngine) -> tuple[str, ...]:
    """Return the rules that ask for checks: only who knows the trains before can answer."""
    return tuple(rule.id for rule in rules if "checks" in _mentions(rule, engine))


def _mentions(rule: Rule, engine: PolicyEngine) -> frozenset[str]:
    try:
        return engine.check(rule.expr)
    except ExpressionWrong:
        # It denies when it is evaluated, once.
        return frozenset()


def _verdict(asked: _Asked, facts: Facts, input_digest: str, component: str = "") -> RuleVerdict:
    rule = asked.rule
    result, error = _result(rule.expr, facts)
    return RuleVerdict(
        rule=rule.id,
        component=component,
        effect=rule.effect,
        outcome=outcome_of(rule.effect, result),
        result=result,
        error=error,
        message=rule.message,
        owner=rule.owner,
        rule_digest=asked.digest,
        input_digest=input_digest,
    )


def outcome_of(effect: RuleEffect, result: bool | None) -> RuleOutcome:
    """Return what follows from what an expression gave; nothing at all denies."""
    return RuleOutcome.DENY if result is None else _OUTCOMES.get((effect, result), RuleOutcome.PASS)


def _result(expr: str, facts: Facts) -> tuple[bool | None, str]:
    """Return what an expression gives, and why it gives nothing."""
    try:
        return facts.judge(expr), ""
    except EvaluationFailed as error:
        return None, str(error)


def run_tests(rule: Rule, engine: PolicyEngine, env: Mapping[str, str]) -> tuple[RuleTestResult, ...]:
    """Run a rule's own tests, whose `env` is that of the catalog where they name none."""
    results = []
    for number, test in enumerate(rule.tests, 1):
        failures = [f"{'.'.join(map(str, path))}: {what}" for path, what in _failures(rule, test, engine, env)]
        reason = "; ".join(failures)
        results.append(
            RuleTestResult(rule=rule.id, number=number, expect=test.expect, passed=not reason, reason=reason)
        )
    return tuple(results)


def objections(
    rules: Sequence[Rule], env: Mapping[str, str], engine: PolicyEngine
) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Yield why rules cannot be used, each with its path below them: they do not compile, or fail their own tests."""
    for index, rule in enumerate(rules):
        try:
            engine.check(rule.expr)
        except ExpressionWrong as error:
            yield (index, "expr"), str(error)
            continue
        for number, test in enumerate(rule.tests):
            yield from (((index, "tests", number, *path), what) for path, what in _failures(rule, test, engine, env))


def _failures(
    rule: Rule, test: RuleTest, engine: PolicyEngine, env: Mapping[str, str]
) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Yield how a rule fails one of its tests. One that cannot be evaluated fails, whatever was expected."""
    try:
        # Unknown keys are mistakes: a test of a misspelt field would prove nothing.
        given = RuleInput.model_validate({"env": dict(env), "now": _TEST_MOMENT, **test.input}, extra="forbid")
    except ValidationError as invalid:
        for detail in invalid.errors(include_url=False):
            what = "there is no such field" if detail["type"] == "extra_forbidden" else detail["msg"]
            yield ("input", *detail["loc"]), what.removeprefix("Value error, ")
        return
    result, failure = _result(rule.expr, engine.bind(given))
    outcome = outcome_of(rule.effect, result)
    if failure:
        yield ("expect",), f"the rule {rule.id!r} cannot be evaluated here: {failure}"
    elif outcome is not test.expect:
        yield ("expect",), f"the rule {rule.id!r} says {outcome.value}, and not {test.expect.value}"


def refuse_denied(verdicts: Sequence[RuleVerdict]) -> None:
    """Raise RuleDenied with what was said, where any rule denies."""
    denials = [verdict for verdict in verdicts if verdict.denies]
    if not denials:
        return
    lines = [told(verdict) for verdict in denials[:_TOLD]]
    if len(denials) > _TOLD:
        lines.append(f"and {len(denials) - _TOLD} more")
    owners = ", ".join(dict.fromkeys(verdict.owner for verdict in denials if verdict.owner))
    asked = f"; {owners} can be asked" if owners else ""
    raise RuleDenied("\n".join(lines), hint=f"`releasepilot plan` shows what every rule says{asked}")


def told(verdict: RuleVerdict) -> str:
    """Say in one line what a rule has against a plan."""
    about = f" for {verdict.component}" if verdict.component else ""
    why = f" (it could not be evaluated: {verdict.error})" if verdict.error else ""
    return f"the rule {verdict.rule!r}{about}: {verdict.message}{why}"
