"""What is thought of a plan at a moment, which is given: its risk, and the verdicts of the catalog's rules. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from importlib import import_module

from releasepilot.errors import CatalogError
from releasepilot.governance.policy_engine import PolicyEngine
from releasepilot.governance.risk import counted, risk_of
from releasepilot.governance.rules import about_approvals, about_checks, judge, objections, policy_engine
from releasepilot.model.assessment import Assessment
from releasepilot.model.plan import Plan, Release
from releasepilot.model.risk import Risk
from releasepilot.model.rule_input import (
    ActorFacts,
    ApprovalFacts,
    CheckFacts,
    PlanFacts,
    ReleaseFacts,
    RiskFacts,
    RuleInput,
    WindowFacts,
)
from releasepilot.model.snapshot import Snapshot
from releasepilot.model.train import Request
from releasepilot.model.window import WindowVerdict


def assess(
    plan: Plan,
    snapshot: Snapshot,
    request: Request,
    *,
    dependents: Mapping[str, int],
    now: datetime,
    past: Sequence[bool] | None = None,
    checks: Mapping[tuple[str, str], bool] | None = None,
    approvals: Sequence[ApprovalFacts] | None = None,
) -> Assessment:
    """Score the risk of a plan, and judge it by the rules. A plan that releases nothing is not judged.

    `past` says of the trains before whether a component failed that is released now; None where nobody knows. `checks`
    says by step and actuator whether it ended well the last time; None where nobody knows, and then rules about checks
    are left to who does.
    `approvals` are those given, None before people were asked: rules about them then come later, unless the plan has no
    gates. Raises EngineMissing, and CatalogError where the rules cannot be used, which reading the catalog has told
    with line and column.
    """
    catalog = request.catalog
    window = _window(plan, request, now)
    found = counted(plan, snapshot, dependents, now=now.timestamp())
    if window.open and window.until:
        found = replace(found, left=window.until - now)
    if past is not None:
        found = replace(found, trains=len(past), failures=sum(past))
    risk = risk_of(found, catalog.risk)
    if not catalog.rules or not plan.releases:
        return Assessment(risk=risk)
    engine = policy_engine()
    _refuse_unusable(request, engine)
    given = RuleInput(
        plan=_plan_facts(plan, snapshot, request, dependents, risk),
        checks=tuple(_checks(plan, checks or {})),
        approvals=tuple(approvals or ()),
        window=WindowFacts(open=window.open, rule=window.rule),
        actor=ActorFacts(account=request.requested_by.account, realm=request.requested_by.realm),
        env=dict(catalog.env),
        now=now,
    )
    late = about_approvals(catalog.rules, engine) if approvals is None and plan.gates else ()
    unknown = tuple(one for one in about_checks(catalog.rules, engine) if one not in late) if checks is None else ()
    now_asked = [rule for rule in catalog.rules if rule.id not in (*late, *unknown)]
    return Assessment(risk=risk, verdicts=judge(now_asked, given, engine), after_votes=late, in_train=unknown)


def _checks(plan: Plan, before: Mapping[tuple[str, str], bool]) -> Iterator[CheckFacts]:
    """Yield the steps that only look, with how they ended before."""
    for step in plan.steps:
        if not step.effect:
            known = before.get((step.id, step.uses))
            yield CheckFacts(
                component=step.component, name=step.name, uses=step.uses, ran=known is not None, passed=bool(known)
            )


def _refuse_unusable(request: Request, engine: PolicyEngine) -> None:
    """Raise CatalogError where a rule is not what its author says: a request may come from elsewhere than a file."""
    found = [
        f"{'.'.join(map(str, ('rules', *path)))}: {what}"
        for path, what in objections(request.catalog.rules, request.catalog.env, engine)
    ]
    if found:
        raise CatalogError("\n".join(found), hint="`releasepilot rules test` runs the tests of the rules")


def _window(plan: Plan, request: Request, now: datetime) -> WindowVerdict:
    """Ask the windows for all components of the plan."""
    if not request.catalog.windows or not plan.releases:
        return WindowVerdict(open=True)
    # Looked up late, because only windows need dateutil.
    judged: WindowVerdict = import_module("releasepilot.governance.windows").verdict(
        request.catalog.windows, now, request.catalog.labelled(release.component for release in plan.releases)
    )
    return judged


def _plan_facts(
    plan: Plan, snapshot: Snapshot, request: Request, dependents: Mapping[str, int], risk: Risk
) -> PlanFacts:
    return PlanFacts(
        train=plan.train,
        date=plan.date,
        releases=tuple(_releases(plan, snapshot, request, dependents)),
        unchanged=plan.unchanged,
        steps=len(plan.steps),
        point_of_no_return=plan.point_of_no_return or "",
        residue=sum(1 for one in plan.worst_residue if one.unresolved),
        gates=tuple(gate.name for gate in plan.gates),
        on_failure=plan.on_failure.value,
        risk=RiskFacts(
            level=risk.level.value, score=risk.score, **{factor.name: factor.score for factor in risk.factors}
        ),
    )


def _releases(
    plan: Plan, snapshot: Snapshot, request: Request, dependents: Mapping[str, int]
) -> Iterator[ReleaseFacts]:
    labels = request.catalog.labelled(release.component for release in plan.releases)
    commits = {source.name: len(source.commits) for source in snapshot.components}
    uses: dict[str, dict[str, None]] = {}
    for step in plan.steps:
        uses.setdefault(step.component, {})[step.uses] = None
    for release in plan.releases:
        name = release.component
        facts = _release(release, commits.get(name, 0), dependents.get(name, 0), tuple(uses.get(name, ())))
        yield facts.model_copy(update={"labels": labels[name]}) if labels[name] else facts


def _release(release: Release, commits: int, dependents: int, uses: tuple[str, ...]) -> ReleaseFacts:
    return ReleaseFacts(
        component=release.component,
        repo=release.repo,
        branch=release.branch,
        ecosystem=release.ecosystem.value,
        from_version=release.from_version or "",
        to_version=release.to_version,
        bump=release.bump.value,
        first=release.from_version is None,
        commits=commits,
        edits=len(release.edits),
        dependents=dependents,
        needs=release.needs,
        uses=uses,
    )
