"""From a plan to what a workflow carries of it."""

from __future__ import annotations

from collections.abc import Iterable

from releasepilot.governance.eligibility import emergency_of, opened
from releasepilot.governance.estimates import estimates_of
from releasepilot.model.assessment import Assessment
from releasepilot.model.estimate import Measured
from releasepilot.model.gate import ApprovalGate, OpenGate
from releasepilot.model.plan import Plan
from releasepilot.model.risk import RiskLevel
from releasepilot.model.train import Outline, Request, StepNode
from releasepilot.model.trust import Trust
from releasepilot.model.urgency import teams_of
from releasepilot.store.read import Reader


async def measured_for(request: Request, reader: Reader) -> list[Measured]:
    """Read what the steps of earlier trains took, where a window asks whether they fit."""
    return await reader.measured(request.catalog.train) if request.catalog.windows else []


def outline_of(
    plan: Plan,
    request: Request,
    changes: tuple[str, ...] = (),
    *,
    measured: Iterable[Measured] = (),
    trust: Trust | None = None,
    assessment: Assessment | None = None,
    passed: bool = False,
) -> Outline:
    """Return digest, step graph and the gates of this risk; PlanError where a gate can never pass.

    `measured` is what steps took in earlier trains. A train that has `passed` its gates has none any more: who may vote
    now is no question to it.
    """
    teams = teams_of(request.catalog)
    estimates = estimates_of(plan.steps, measured) if request.catalog.windows else {}
    risk = assessment.risk.level if assessment else None
    applying = [] if passed else [gate for gate in plan.gates if _applies(gate, risk)]
    gates = tuple(opened(gate, plan, request) for gate in applying)
    return Outline(
        digest=plan.digest,
        steps=tuple(
            StepNode(
                id=step.id,
                component=step.component,
                phase=step.phase,
                saga_class=step.saga_class,
                undo=step.undo,
                effect=step.effect,
                queue=step.queue,
                needs=step.needs,
                after=step.after,
                timeout=step.timeout,
                attempts=step.attempts,
                # What nobody set does not travel.
                **({"estimate": estimates[step.id].seconds} if estimates else {}),
                **({"escalates": True} if step.escalates else {}),
            )
            for step in plan.steps
        ),
        components={release.component: release.needs for release in plan.releases},
        versions={release.component: release.to_version for release in plan.releases},
        teams={one.component: teams[one.component] for one in plan.releases if one.component in teams},
        gates=gates or (_confirmation(plan, request),),
        rules_left=bool(assessment and assessment.after_votes),
        trust=trust,
        emergency=emergency_of(plan, request),
        on_failure=plan.on_failure,
        concurrency=plan.concurrency,
        changes=changes,
    )


def _applies(gate: ApprovalGate, risk: RiskLevel | None) -> bool:
    """Whether a gate is for plans of this risk; for one that nobody knows the risk of, every gate is."""
    return not gate.risk or risk is None or risk in gate.risk


def _confirmation(plan: Plan, request: Request) -> OpenGate:
    """Return the gate of a train without gates: the requester's own word on exactly this plan."""
    return OpenGate(name="confirmation", plan_digest=plan.digest, eligible=(request.requested_by.account,), quorum=1)
