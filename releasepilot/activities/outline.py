"""From a plan to what a workflow carries of it."""

from __future__ import annotations

from collections.abc import Iterable

from releasepilot.errors import PlanError
from releasepilot.governance.estimates import estimates_of
from releasepilot.model.estimate import Measured
from releasepilot.model.gate import ApprovalGate, OpenGate
from releasepilot.model.plan import Plan
from releasepilot.model.train import Outline, Request, StepNode
from releasepilot.store.read import Reader

#: The realm of the embedded stack, which only the account that started it can reach.
LOCAL = "local"


async def measured_for(request: Request, reader: Reader) -> list[Measured]:
    """Read what the steps of earlier trains took, where a window asks whether they fit."""
    return await reader.measured(request.catalog.train) if request.catalog.windows else []


def outline_of(
    plan: Plan, request: Request, changes: tuple[str, ...] = (), measured: Iterable[Measured] = ()
) -> Outline:
    """Return digest, step graph and gates; PlanError where a gate can never pass.

    `measured` is what steps took in earlier trains.
    """
    estimates = estimates_of(plan.steps, measured) if request.catalog.windows else {}
    gates = tuple(_opened(gate, plan, request) for gate in plan.gates)
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
            )
            for step in plan.steps
        ),
        components={release.component: release.needs for release in plan.releases},
        versions={release.component: release.to_version for release in plan.releases},
        gates=gates or (_confirmation(plan, request),),
        on_failure=plan.on_failure,
        concurrency=plan.concurrency,
        changes=changes,
    )


def _confirmation(plan: Plan, request: Request) -> OpenGate:
    """Return the gate of a train without gates: the requester's own word on exactly this plan."""
    return OpenGate(name="confirmation", plan_digest=plan.digest, eligible=(request.requested_by.account,), quorum=1)


def _opened(gate: ApprovalGate, plan: Plan, request: Request) -> OpenGate:
    """Say who may vote: a role without members belongs to the account that owns an embedded stack, and to no other."""
    eligible: dict[str, None] = {}
    for role in gate.roles:
        members = request.catalog.roles.get(role, ())
        if not members and request.requested_by.realm == LOCAL:
            members = (request.requested_by.account,)
        eligible.update(dict.fromkeys(members))
    if len(eligible) < gate.quorum:
        raise PlanError(
            f"gate {gate.name!r} can never pass: {len(eligible)} eligible, {gate.quorum} needed",
            hint=f"name members of {', '.join(gate.roles)} under `roles:`, or lower the quorum",
        )
    return OpenGate(name=gate.name, plan_digest=plan.digest, eligible=tuple(eligible), quorum=gate.quorum)
