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


def assessed(*, now: datetime = NOON, past: tuple[bool, ...] | None = None, **catalog: Any) -> tuple[Plan, Assessment]:
    """Plan two components, of which one needs the other, and assess the plan."""
    sources = source("lib", "feat: a"), source("api", "fix: b", needs={"lib": "^1.0.0"})
    snapshot, asked = Snapshot(components=sources), request(*sources, **catalog)
    planned = look_ahead(snapshot, asked)
    return planned.plan, assess(planned.plan, snapshot, asked, dependents=planned.dependents, now=now, past=past)


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
