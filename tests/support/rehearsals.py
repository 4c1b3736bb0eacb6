"""Plans for simulated trains, and words for a case that fails."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from support.plans import source

from releasepilot.graph.planner import make_plan
from releasepilot.graph.steps import no_return, worst_residue
from releasepilot.model.catalog import Catalog
from releasepilot.model.gate import Actor
from releasepilot.model.plan import Plan
from releasepilot.model.snapshot import Snapshot
from releasepilot.model.train import Request, request_of
from releasepilot.plugins.registry import Registry
from releasepilot.simulate.faults import Case, Fault, FaultKind
from releasepilot.simulate.result import CaseResult


def command(name: str, **more: object) -> dict[str, object]:
    """Declare an `exec` step that can be looked at, as a catalog does; nothing of it is ever run."""
    return {"uses": "exec", "name": name, "apply": "true", "observe": "true", "revert": "true", **more}


def small(on_failure: str = "rollback_all") -> tuple[Plan, Request]:
    """Plan a train of two components that has every class of step and the usual ways to undo one."""
    publish = {
        "lib": [command("deploy"), command("upload", **{"class": "pivot", "undo": "yank"})],
        "app": [command("announce", **{"class": "retriable", "undo": "none"})],
    }
    return planned(publish, needs={"app": "lib"}, on_failure=on_failure)


def planned(
    publish: dict[str, list[dict[str, object]]],
    *,
    needs: dict[str, str] | None = None,
    on_failure: str = "rollback_all",
) -> tuple[Plan, Request]:
    """Let the real planner plan components with these steps; each may need one other."""
    catalog = Catalog.model_validate(
        {
            "version": 1,
            "train": "rehearsed",
            "on_failure": on_failure,
            "allow_unordered_pivots": True,
            "components": [
                {"name": name, "repo": f"/repos/{name}.git", "publish": steps} for name, steps in publish.items()
            ],
        }
    )
    needed = needs or {}
    sources = [source(name, "feat: a", needs={needed[name]: "^1.0.0"} if name in needed else None) for name in publish]
    traits = Registry.load().traits()
    request = request_of(catalog, traits, date="2026-01-02", actor=Actor(account="anna"))
    return make_plan(Snapshot(components=tuple(sources)), request), request


def request_for(plan: Plan) -> Request:
    """Make the request for a plan that no catalog was planned as."""
    catalog = Catalog.model_validate(
        {
            "version": 1,
            "train": plan.train,
            "components": [{"name": release.component, "repo": release.repo} for release in plan.releases],
        }
    )
    return Request(catalog=catalog, date="2026-01-02", requested_by=Actor(account="anna"))


def foreseeing(plan: Plan) -> Plan:
    """Add to a plan of bare steps what the planner says of the way back."""
    return plan.model_copy(
        update={"worst_residue": worst_residue(plan.steps), "point_of_no_return": no_return(plan.steps)}
    )


def case(*faults: tuple[str, FaultKind]) -> Case:
    """Let these go wrong: a step's id, and how."""
    return Case(faults=tuple(Fault(step=step, kind=kind) for step, kind in faults))


def told(results: Iterable[CaseResult]) -> list[str]:
    """Say in one line each which cases broke the promise."""
    return [
        f"{named(result.case)} ended {result.outcome}: {result.violations}" for result in results if result.violations
    ]


def named(one: Case) -> str:
    """Write a case as a test would."""
    return "case({})".format(", ".join(f"({fault.step!r}, FaultKind.{fault.kind.name})" for fault in one.faults))


def outlined(plan: Plan) -> Sequence[str]:
    """Write the steps of a plan in one line each."""
    return [
        f"{step.id} {step.phase} {step.saga_class} undo={step.undo} effect={step.effect} attempts={step.attempts} "
        f"needs={step.needs} after={step.after}"
        for step in plan.steps
    ]
