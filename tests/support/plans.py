"""Snapshots and plans made of a few words, for tests of the planner."""

from __future__ import annotations

import json

from releasepilot.graph.planner import make_plan
from releasepilot.model.catalog import Catalog, Ecosystem
from releasepilot.model.commit import Commit
from releasepilot.model.plan import Plan
from releasepilot.model.snapshot import ComponentSource, Snapshot, SourceFile
from releasepilot.model.step import ActuatorTraits, Queue, SagaClass, Undo
from releasepilot.model.train import Request


def traits(
    name: str, saga_class: SagaClass, undo: Undo, *, effect: bool = True, prior: bool = False, patient: bool = False
) -> ActuatorTraits:
    """Say what an actuator is."""
    return ActuatorTraits(
        name=name,
        saga_class=saga_class,
        undo=undo,
        queue=Queue.GIT,
        declarable=True,
        effect=effect,
        prior=prior,
        patient=patient,
    )


ACTUATORS = (
    traits("git.stage", SagaClass.COMPENSATABLE, Undo.FULL),
    traits("git.publish", SagaClass.COMPENSATABLE, Undo.REVERT),
    traits("verify", SagaClass.COMPENSATABLE, Undo.FULL, effect=False),
    traits("http", SagaClass.COMPENSATABLE, Undo.FULL, effect=False),
    traits("exec", SagaClass.COMPENSATABLE, Undo.FULL),
    traits("npm", SagaClass.PIVOT, Undo.WINDOW),
    traits("notify", SagaClass.RETRIABLE, Undo.NONE),
    traits("board", SagaClass.COMPENSATABLE, Undo.REVERT, prior=True, patient=True),
)


def source(
    name: str,
    *messages: str,
    version: str | None = "1.0.0",
    needs: dict[str, str] | None = None,
    dev: dict[str, str] | None = None,
    path: str = "",
) -> ComponentSource:
    """Make an npm component with a manifest and these commits, newest first."""
    manifest = {"name": name, "version": version or "0.0.0", "dependencies": needs or {}, "devDependencies": dev or {}}
    return ComponentSource(
        name=name,
        head=f"{name:0<40}"[:40],
        ecosystem=Ecosystem.NPM,
        last_tag=version and f"v{version}",
        last_version=version,
        commits=tuple(Commit(sha=f"{index:040x}", message=message) for index, message in enumerate(messages)),
        files=(SourceFile(path=f"{path}package.json", blob="b" * 40, text=json.dumps(manifest, indent=2) + "\n"),),
    )


def request(
    *sources: ComponentSource, components: dict[str, dict[str, object]] | None = None, **catalog: object
) -> Request:
    """Ask for a train of these components; `components` adds to their entries."""
    more = components or {}
    entries = [{"name": one.name, "repo": f"/repos/{one.name}.git", **more.get(one.name, {})} for one in sources]
    parsed = Catalog.model_validate({"version": 1, "train": "demo", "components": entries, **catalog})
    return Request(catalog=parsed, date="2026-01-02", actuators=ACTUATORS)


def planned(
    *sources: ComponentSource, components: dict[str, dict[str, object]] | None = None, **catalog: object
) -> Plan:
    """Plan these components."""
    return make_plan(Snapshot(components=sources), request(*sources, components=components, **catalog))


def versions(plan: Plan) -> dict[str, str]:
    """Return component to new version."""
    return {release.component: release.to_version for release in plan.releases}
