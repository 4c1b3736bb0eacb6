"""Rules inside of a train: whoever started it, a plan that they deny is never run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support.remotes import Remote
from support.shop import a_shop, entries
from support.trains import Before, Depot, catalog_of

from releasepilot.cli.exits import Exit, of_view
from releasepilot.model.gate import Decision
from releasepilot.model.train import Outcome


@pytest.fixture
def remotes(tmp_path: Path) -> dict[str, Remote]:
    """Make three repositories that depend on each other in a row."""
    return a_shop(tmp_path / "remotes")


def rule(expr: str, test: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Declare a rule."""
    return {"id": "small", "expr": expr, "message": "too much at once", "tests": [test], **more}


async def test_a_denied_plan_is_never_run(depot: Depot, remotes: dict[str, Remote]) -> None:
    """The train ends with the code, the rule and its message, and exit code 5; no remote is touched."""
    denied = rule("size(plan.releases) > 2", {"expect": "pass"}, owner="sre")
    catalog = catalog_of(entries(remotes), rules=[denied])
    before = [Before.of(remote) for remote in remotes.values()]
    plan = await depot.plan(catalog)
    train = await depot.start(catalog, plan)
    view = await depot.until(train, lambda view: view.record is not None)
    assert view.record is not None
    assert (view.record.outcome, view.record.code) == (Outcome.FAILED, "RP308")
    assert "the rule 'small': too much at once" in view.record.cause
    assert "sre can be asked" in view.record.hint
    assert of_view(view) is Exit.WAITING
    kept = await depot.reader.assessment(train, plan.digest)
    assert kept is not None
    assert [(one.rule, one.result, one.denies) for one in kept.verdicts] == [("small", True, True)]
    for was in before:
        was.assert_untouched()


async def test_rules_know_how_the_trains_before_ended(depot: Depot, remotes: dict[str, Remote]) -> None:
    """A failure of the last train is a factor of the next one's risk, and a rule can ask for it."""
    once = {"input": {"plan": {"risk": {"failures": 3}}}, "expect": "deny"}
    broken = {"publish": [{"uses": "exec", "name": "deploy", "apply": "false", "revert": "true", "attempts": 1}]}
    listed = [{**entry, **broken} for entry in entries(remotes)]
    catalog = catalog_of(listed, rules=[rule("plan.risk.failures > 1", once)])
    _, first = await depot.release(catalog)
    assert first.outcome is Outcome.ROLLED_BACK
    _, second = await depot.release(catalog)
    assert (second.outcome, second.code) == (Outcome.FAILED, "RP308")


async def test_a_catalog_whose_rules_fail_their_tests_starts_nothing(depot: Depot, remotes: dict[str, Remote]) -> None:
    """Also where no command has read it."""
    catalog = catalog_of(entries(remotes), rules=[rule("false", {"expect": "deny"})])
    record = await depot.ended(await depot.start(catalog, await depot.plan(catalog)))
    assert (record.outcome, record.code) == (Outcome.FAILED, "RP100")
    assert "says pass, and not deny" in record.cause


async def test_rules_that_pass_or_warn_stop_nothing(depot: Depot, remotes: dict[str, Remote]) -> None:
    """A warning is for people."""
    warning = rule("size(plan.releases) > 2", {"expect": "pass"}, effect="warn")
    plan, record = await depot.release(catalog_of(entries(remotes), rules=[warning]))
    assert record.outcome is Outcome.RELEASED, record
    kept = await depot.control.assessment_of(record.train, plan)
    assert kept is not None
    assert not kept.denied
    assert [one.outcome for one in kept.verdicts] == ["warn"]


async def test_a_rule_about_approvals_is_asked_after_the_votes(depot: Depot, remotes: dict[str, Remote]) -> None:
    """Before them it would deny every plan; after them it sees who approved at which gate."""
    given = {"input": {"approvals": [{"account": "root", "gate": "managers"}]}, "expect": "deny"}
    two = rule("size(approvals) >= 2", given, effect="require")
    gate = {"uses": "approval", "name": "managers", "roles": ["managers"], "exclude": []}
    catalog = catalog_of(entries(remotes), rules=[two], gates=[gate])
    plan = await depot.plan(catalog)
    train = await depot.start(catalog, plan)
    await depot.until(train, lambda view: bool(view.conditions))
    await depot.control.decide(train, Decision.APPROVE)
    view = await depot.until(train, lambda view: view.record is not None)
    assert view.record is not None
    assert (view.record.outcome, view.record.code) == (Outcome.FAILED, "RP308")


async def test_the_risk_chooses_the_gates(depot: Depot, remotes: dict[str, Remote]) -> None:
    """What is of low risk asks for less; where no gate is for it, for the requester's confirmation alone."""
    board = {"uses": "approval", "name": "board", "users": ["bob"], "risk": ["high"]}
    catalog = catalog_of(entries(remotes), gates=[board])
    _, record = await depot.release(catalog)
    assert record.outcome is Outcome.RELEASED
    everything = {"medium": 1, "high": 1}
    again = catalog_of(entries(remotes), gates=[board], risk=everything)
    for remote in remotes.values():
        remote.add("feat: one more")
    train = await depot.start(again, await depot.plan(again))
    view = await depot.until(train, lambda view: bool(view.conditions))
    assert [condition.who for condition in view.conditions] == [("bob",)]


async def test_approvals_of_one_plan_are_not_those_of_the_next(depot: Depot, remotes: dict[str, Remote]) -> None:
    """A push after the votes: the rule about approvals is left until people have voted on the new plan."""
    given = {"input": {"approvals": [{"account": "anna", "gate": "managers"}]}, "expect": "pass"}
    asked = rule("size(approvals) > 0", given, effect="require")
    gate = {"uses": "approval", "name": "managers", "users": ["anna"], "exclude": []}
    catalog = catalog_of(entries(remotes), rules=[asked], gates=[gate])
    train = await depot.start(catalog, await depot.plan(catalog))
    view = await depot.until(train, lambda view: bool(view.conditions))
    first = view.plan_digest
    next(iter(remotes.values())).add("feat: after the votes were asked for")
    await depot.control.decide(train, Decision.APPROVE)
    view = await depot.until(train, lambda view: bool(view.conditions) and view.plan_digest != first)
    kept = await depot.reader.assessment(train, view.plan_digest)
    assert kept is not None
    assert kept.after_votes == ("small",)
    await depot.control.decide(train, Decision.APPROVE)
    assert (await depot.ended(train)).outcome is Outcome.RELEASED


async def test_rules_know_how_checks_ended_before(depot: Depot, remotes: dict[str, Remote], tmp_path: Path) -> None:
    """A check that never ran, one that failed and one that passed are three things; another train's do not count."""
    right = tmp_path / "right"
    listed = [{**entry, "hooks": {"verify": f"test -e {right}"}} for entry in entries(remotes)]
    failed = {"input": {"checks": [{"ran": True}]}, "expect": "warn"}
    told = rule("checks.exists(c, c.ran && !c.passed)", failed, effect="warn")
    catalog = catalog_of(listed, rules=[told])

    async def said(name: str) -> tuple[Outcome, list[bool | None]]:
        plan, record = await depot.release(catalog.model_copy(update={"train": name}))
        kept = await depot.reader.assessment(record.train, plan.digest)
        assert kept is not None
        return record.outcome, [one.result for one in kept.verdicts]

    assert await said(catalog.train) == (Outcome.ROLLED_BACK, [False]), "it never ran"
    right.touch()
    assert await said(catalog.train) == (Outcome.RELEASED, [True]), "it failed the last time"
    for remote in remotes.values():
        remote.add("fix: more")
    assert await said(catalog.train) == (Outcome.RELEASED, [False]), "it passed the last time"


@pytest.mark.parametrize(
    ("expr", "why"),
    [
        ("env.all(a, env.all(b, env.all(c, a + b + c != '')))", "teration"),
        ("10 / plan.residue > 0", "divide by zero"),
        ("env.nothing == 'here'", "nothing"),
    ],
)
async def test_a_rule_that_loops_or_fails_denies_and_is_kept(
    depot: Depot, remotes: dict[str, Remote], expr: str, why: str
) -> None:
    """What was said of the plan is in the database, with why; the train has ended before its first step."""
    passing = {"input": {"plan": {"residue": 1}, "env": {"nothing": "here"}}, "expect": "pass"}
    env = {f"key-{number}": "x" for number in range(40)}
    catalog = catalog_of(entries(remotes), rules=[rule(expr, passing, effect="require")], env=env)
    before = [Before.of(remote) for remote in remotes.values()]
    plan, record = await depot.release(catalog)
    kept = await depot.reader.assessment(record.train, plan.digest)
    assert kept is not None
    assert [(one.result, one.denies) for one in kept.verdicts] == [(None, True)]
    assert why in kept.verdicts[0].error
    row = await depot.reader.train(record.train)
    assert row.record is not None
    assert (row.outcome, row.record.code) == (Outcome.FAILED, "RP308")
    for was in before:
        was.assert_untouched()


async def test_a_quorum_that_one_person_would_have_to_fill_alone_is_refused_and_kept(
    depot: Depot, remotes: dict[str, Remote]
) -> None:
    """Two roles of one person are one voter; the train ends before anybody is asked, and its record says why."""
    gate = {"name": "both", "roles": ["managers", "leads"], "quorum": 2, "exclude": []}
    catalog = catalog_of(
        entries(remotes),
        gates=[gate],
        roles={"managers": ["mia"], "leads": ["mia-admin"]},
        people={"mia": {"accounts": ["mia-admin"]}},
    )
    _, record = await depot.release(catalog)
    row = await depot.reader.train(record.train)
    assert row.record is not None
    assert "gate 'both' can never pass: 1 eligible, 2 needed" in row.record.cause
