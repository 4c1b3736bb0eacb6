"""The planner: a snapshot and a request in, a plan out. Pure and deterministic."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from releasepilot.errors import EditClash, PlanError
from releasepilot.graph.build import acyclic, edges_of
from releasepilot.graph.component import components_of
from releasepilot.graph.conflicts import refuse_conflicts
from releasepilot.graph.draft import Draft, release_of
from releasepilot.graph.impact import decisions, dependents, surprises
from releasepilot.graph.order import critical_path, refuse_unordered_pivots, release_order, saga_order, waves
from releasepilot.graph.steps import chain_of, no_return, worst_residue
from releasepilot.model.plan import Plan, Release
from releasepilot.model.snapshot import Snapshot
from releasepilot.model.train import Request
from releasepilot.versioning import changelog


@dataclass(frozen=True, kw_only=True)
class Planned:
    """A plan, and what the graph says beside it."""

    plan: Plan
    #: How many components of the catalog depend on each one, directly or not.
    dependents: Mapping[str, int]


def make_plan(snapshot: Snapshot, request: Request) -> Plan:
    """Return the plan alone, as `look_ahead` makes it."""
    return look_ahead(snapshot, request).plan


def look_ahead(snapshot: Snapshot, request: Request) -> Planned:
    """Make the plan: equal inputs give equal bytes, whatever the order of components in either.

    Raises CycleError, PivotError, EditClash, VersionConflict, ManifestError and PlanError.
    """
    catalog = request.catalog
    components = components_of(catalog, snapshot)
    edges = edges_of(components)
    whole, notices = acyclic(components, edges)
    decided = decisions(catalog, components, edges, request.date)
    refuse_conflicts(components, edges, decided, whole)
    draft = Draft(request=request, components=components, edges=edges, decided=decided)
    graph = whole.subgraph(decided)
    order = release_order(graph)
    rank = {name: place for place, name in enumerate(order)}
    needs = {name: sorted(graph.predecessors(name), key=rank.__getitem__) for name in order}
    releases = tuple(release_of(draft, name, needs[name]) for name in order)
    _refuse_clashes(releases)
    chains = {release.component: chain_of(request, components[release.component].entry) for release in releases}
    steps = saga_order(order, needs, chains, {release.component: release.repo for release in releases})
    if not catalog.allow_unordered_pivots:
        refuse_unordered_pivots(steps)
    plan = Plan(
        train=catalog.train,
        date=request.date,
        on_failure=catalog.on_failure,
        concurrency=catalog.concurrency,
        releases=releases,
        unchanged=tuple(name for name in components if name not in decided),
        steps=steps,
        waves=waves(graph),
        critical_path=critical_path(graph, order),
        point_of_no_return=no_return(steps),
        worst_residue=worst_residue(steps),
        gates=catalog.gates if releases else (),
        changelog=changelog.train_changelog(train=catalog.train, date=request.date, releases=releases)
        if releases
        else "",
        notices=(*notices, *surprises(components, edges, decided, releases)),
    )
    return Planned(plan=plan, dependents=dependents(whole))


def _refuse_clashes(releases: Sequence[Release]) -> None:
    """Raise EditClash where two components of one repository would write one file, or PlanError one tag."""
    writers: dict[tuple[str, str], str] = {}
    tags: dict[tuple[str, str], str] = {}
    for release in releases:
        for path in (*(edit.path for edit in release.edits), *release.locks):
            other = writers.setdefault((release.repo, path), release.component)
            if other != release.component:
                raise EditClash(
                    f"{other} and {release.component} would both write {path} of {release.repo}",
                    hint="give each a `path` and a version of its own; make them one component where they share one",
                )
        other = tags.setdefault((release.repo, release.tag), release.component)
        if other != release.component:
            raise PlanError(
                f"{other} and {release.component} would both make the tag {release.tag} in {release.repo}",
                hint='give them tag templates that differ, such as `tag: "{name}-v{version}"`',
            )
