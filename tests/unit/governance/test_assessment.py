"""What is thought of a plan: the input of its rules, and its digest, which has no part in that."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from support.plans import request, source

from releasepilot.errors import CatalogError
from releasepilot.governance.assessment import assess
from releasepilot.graph.planner import look_ahead
from releasepilot.model.assessment import AssessedPlan, Assessment
from releasepilot.model.assessment import assessed as together
from releasepilot.model.plan import Plan
from releasepilot.model.rule import RuleOutcome
from releasepilot.model.snapshot import Snapshot

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)
WINDOW = {"name": "days", "zone": "UTC", "start": "2026-01-01T09:00", "duration": "8h", "rrule": "FREQ=DAILY"}


def rule(expr: str, expect: str, **given: Any) -> dict[str, Any]:
    """Declare a rule with one test."""
    return {"id": "one", "expr": expr, "message": "no", "tests": [{"input": given, "expect": expect}]}


def assessed(
    *,
    now: datetime = NOON,
    past: tuple[bool, ...] | None = None,
    checks: dict[tuple[str, str], bool] | None = None,
    **catalog: Any,
) -> tuple[Plan, Assessment]:
    """Plan two components, of which one needs the other, and assess the plan."""
    sources = source("lib", "feat: a"), source("api", "fix: b", needs={"lib": "^1.0.0"})
    snapshot, asked = Snapshot(components=sources), request(*sources, **catalog)
    planned = look_ahead(snapshot, asked)
    known = {"dependents": planned.dependents, "now": now, "past": past, "checks": checks}
    return planned.plan, assess(planned.plan, snapshot, asked, **known)


def test_rules_see_the_plan() -> None:
    """Versions, counts, actors, windows and the risk are those of the plan."""
    about_releases = (
        'release.component == "lib" && release.from_version == "1.0.0" && release.to_version == "1.1.0"'
        ' && release.bump == "minor" && release.commits == 1 && release.dependents == 1 && !release.first'
        ' && "git.publish" in release.uses'
    )
    about_all = (
        'plan.train == "demo" && size(plan.releases) == 2 && plan.steps > 3 && actor.account == "unknown"'
        ' && plan.risk.level == "low" && plan.risk.dependents == 2 && plan.risk.failures == 0'
        ' && window.open && window.rule == "days" && env.stage == "live" && now.getHours() == 12'
    )
    rules = [rule(about_releases, "pass"), {**rule(about_all, "pass"), "id": "two"}]
    _, found = assessed(rules=rules, env={"stage": "live"}, windows=[WINDOW])
    assert [(one.rule, one.component, one.outcome) for one in found.verdicts] == [
        ("one", "lib", RuleOutcome.DENY),
        ("one", "api", RuleOutcome.PASS),
        ("two", "", RuleOutcome.DENY),
    ]
    assert found.denied


def test_the_plan_does_not_know_what_is_thought_of_it() -> None:
    """Its digest is the same at another moment and after other trains, and that of what scripts are shown."""
    plan, first = assessed(windows=[WINDOW])
    again, second = assessed(windows=[WINDOW], now=NOON + timedelta(hours=4, minutes=50), past=(True, False))
    assert plan.digest == again.digest
    assert first.risk.score < second.risk.score
    shown = together(plan, first).model_dump_json()
    assert Plan.model_validate_json(shown).digest == plan.digest
    assert AssessedPlan.model_validate_json(shown).assessment == first


def test_a_plan_without_releases_is_not_judged() -> None:
    """There is nothing that could be denied."""
    lib = source("lib")
    snapshot, asked = Snapshot(components=(lib,)), request(lib, rules=[rule("true", "deny")])
    planned = look_ahead(snapshot, asked)
    found = assess(planned.plan, snapshot, asked, dependents=planned.dependents, now=NOON)
    assert found.verdicts == ()


def test_rules_that_were_not_checked_are_refused() -> None:
    """A request may come from elsewhere than from a file."""
    with pytest.raises(CatalogError, match="says deny, and not pass"):
        assessed(rules=[rule("true", "pass")])


CHECKED: dict[str, Any] = {
    "lib": {"hooks": {"verify": "true"}, "labels": {"environment": "production"}},
    "api": {"health": [{"uses": "http", "url": "https://example.org"}]},
}


def test_rules_see_the_labels_of_a_release() -> None:
    """As the catalog says; a key that is not there is no answer, unless it is asked for first."""
    expr = 'release.labels.environment == "production"'
    safe = '"environment" in release.labels && release.labels["environment"] == "production"'
    given = {"release": {"labels": {"environment": "production"}}}
    rules = [rule(expr, "deny", **given), {**rule(safe, "deny", **given), "id": "two"}]
    _, found = assessed(rules=rules, components=CHECKED)
    assert [(one.rule, one.component, one.result) for one in found.verdicts] == [
        ("one", "lib", True),
        ("one", "api", None),
        ("two", "lib", True),
        ("two", "api", False),
    ]


def test_rules_about_checks_are_left_to_who_knows_how_they_ended() -> None:
    """A command asks no ledger, so it neither denies nor passes what only a train can say."""
    asked = rule("checks.all(c, c.passed)", "deny")
    _, found = assessed(rules=[asked], components=CHECKED)
    assert (found.verdicts, found.in_train) == ((), ("one",))
    _, known = assessed(rules=[asked], components=CHECKED, checks={})
    assert ([one.result for one in known.verdicts], known.in_train) == ([False], ())


def test_rules_see_the_checks_of_the_plan() -> None:
    """Each step that only looks, and how it ended before: not at all, ill, well, or as another actuator's step."""
    verify = 'checks.exists(c, c.component == "lib" && c.name == "verify" && c.uses == "verify" && {})'
    http = 'checks.exists(c, c.component == "api" && c.uses == "http" && {})'
    cases: list[tuple[str, dict[tuple[str, str], bool]]] = [
        (verify.format("!c.ran && !c.passed"), {}),
        (verify.format("c.ran && !c.passed"), {("lib/verify", "verify"): False}),
        (verify.format("c.ran && c.passed"), {("lib/verify", "verify"): True}),
        (verify.format("!c.ran"), {("lib/verify", "exec"): True}),
        (http.format("c.ran && c.passed"), {("api/http", "http"): True}),
        ("size(checks) == 2", {("lib/push", "git.publish"): True}),
    ]
    for expr, checks in cases:
        _, found = assessed(rules=[rule(expr, "pass")], components=CHECKED, checks=checks)
        assert [one.result for one in found.verdicts] == [True], expr
