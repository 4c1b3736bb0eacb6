"""The planner: a snapshot and a request in, a plan out. Pure and deterministic."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from releasepilot.errors import EditClash, PlanError
from releasepilot.graph.build import Component, Edge, acyclic, components_of, concerning, edges_of
from releasepilot.graph.impact import Decided, decisions, surprises
from releasepilot.graph.order import critical_path, refuse_unordered_pivots, release_order, saga_order, waves
from releasepilot.graph.steps import chain_of, no_return, worst_residue
from releasepilot.model.paths import from_root
from releasepilot.model.plan import DependencyUpdate, FileEdit, Plan, Release, Splice
from releasepilot.model.snapshot import Snapshot, SourceFile
from releasepilot.model.train import Request
from releasepilot.versioning import changelog
from releasepilot.versioning.constraint import move
from releasepilot.versioning.ecosystems import MANIFESTS, places
from releasepilot.versioning.ecosystems.manifest import spliced

CHANGELOG = "CHANGELOG.md"


@dataclass(frozen=True, kw_only=True)
class _Draft:
    """What all releases of a plan are made from."""

    request: Request
    components: Mapping[str, Component]
    edges: tuple[Edge, ...]
    decided: Mapping[str, Decided]


def make_plan(snapshot: Snapshot, request: Request) -> Plan:
    """Return the plan: equal inputs give equal bytes, whatever the order of components in either.

    Raises CycleError, PivotError, EditClash, ManifestError and PlanError.
    """
    catalog = request.catalog
    components = components_of(catalog, snapshot)
    edges = edges_of(components)
    graph, notices = acyclic(components, edges)
    draft = _Draft(request=request, components=components, edges=edges, decided=decisions(catalog, components, edges))
    graph = graph.subgraph(draft.decided)
    order = release_order(graph)
    needs = {name: sorted(graph.predecessors(name), key=order.index) for name in order}
    releases = tuple(_release(draft, name, needs[name]) for name in order)
    _refuse_clashes(releases)
    chains = {release.component: chain_of(request, components[release.component].entry) for release in releases}
    steps = saga_order(order, needs, chains, {release.component: release.repo for release in releases})
    if not catalog.allow_unordered_pivots:
        refuse_unordered_pivots(steps)
    return Plan(
        train=catalog.train,
        date=request.date,
        on_failure=catalog.on_failure,
        concurrency=catalog.concurrency,
        releases=releases,
        unchanged=tuple(name for name in components if name not in draft.decided),
        steps=steps,
        waves=waves(graph),
        critical_path=critical_path(graph, order),
        point_of_no_return=no_return(steps),
        worst_residue=worst_residue(steps),
        gates=catalog.gates if releases else (),
        changelog=changelog.train_changelog(train=catalog.train, date=request.date, releases=releases)
        if releases
        else "",
        notices=(*notices, *surprises(catalog, components)),
    )


def _release(draft: _Draft, name: str, needs: Sequence[str]) -> Release:
    catalog = draft.request.catalog
    component, decided = draft.components[name], draft.decided[name]
    source, entry = component.source, component.entry
    moved = _moved(draft, name)
    updates = tuple(_update(edge, after) for edge, after in moved)
    section = changelog.section(
        version=decided.version,
        date=draft.request.date,
        commits=component.changes,
        updates=updates,
        versions={update.component: draft.decided[update.component].version for update in updates},
        reasons=decided.reasons,
    )
    return Release(
        component=name,
        repo=entry.repo,
        path=entry.path,
        branch=catalog.branch_of(entry),
        head=source.head,
        ecosystem=source.ecosystem,
        package=component.package.name or name,
        from_version=source.last_version,
        to_version=decided.version,
        bump=decided.bump,
        from_tag=source.last_tag,
        tag=catalog.tag_of(entry).replace("{version}", decided.version),
        author=catalog.defaults.author,
        reasons=decided.reasons,
        needs=tuple(needs),
        updates=updates,
        edits=_edits(draft, component, moved, section),
        changelog=section,
    )


def _moved(draft: _Draft, name: str) -> list[tuple[Edge, str]]:
    """Return the edges of this component whose range moves, because their targets are released in the same train."""
    moved: list[tuple[Edge, str]] = []
    for edge in draft.edges:
        if edge.dependent != name or not edge.constraint or edge.dependency not in draft.decided:
            continue
        with concerning(name):
            after = move(edge.ecosystem, edge.constraint, draft.decided[edge.dependency].version)
        if after != edge.constraint:
            moved.append((edge, after))
    return moved


def _update(edge: Edge, after: str) -> DependencyUpdate:
    """Tell of a range that moves; what a place found is known by its component's name."""
    return DependencyUpdate(
        component=edge.dependency,
        package=edge.package or edge.dependency,
        kind=edge.kind,
        path=edge.path,
        before=edge.constraint,
        after=after,
    )


def _edits(
    draft: _Draft, component: Component, moved: Sequence[tuple[Edge, str]], section: str
) -> tuple[FileEdit, ...]:
    """Return the changes of the release commit: manifests and places, and the changelog, by path."""
    folder = component.entry.path
    files = {file.path: file for file in component.source.files}
    with concerning(component.name):
        changed = _changed(draft, component, moved)
    edits = [
        FileEdit(path=path, before=files[path].blob, splices=splices)
        for name, splices in changed.items()
        if splices and (path := from_root(folder, name))
    ]
    log = from_root(folder, CHANGELOG)
    if any(edit.path == log for edit in edits):
        raise EditClash(
            f"a place of {component.name} and its changelog would both write {log}",
            hint="let the place name another file",
        )
    before: SourceFile | None = files.get(log)
    splices = changelog.insert(before.text if before else None, section)
    edits.append(FileEdit(path=log, before=before.blob if before else None, splices=splices))
    return tuple(sorted(edits, key=lambda edit: edit.path))


def _changed(draft: _Draft, component: Component, moved: Sequence[tuple[Edge, str]]) -> dict[str, tuple[Splice, ...]]:
    """Return what changes in manifests and places, by file name."""
    ecosystem = MANIFESTS[component.source.ecosystem]
    moves = {(ecosystem.normalise(edge.package), edge.constraint): after for edge, after in moved if edge.package}
    versions = {name: decided.version for name, decided in draft.decided.items()}
    manifests = ecosystem.edit(component.texts, versions[component.name], moves)
    placed = places.edits(component.name, component.entry.places, component.texts, versions)
    return {
        name: spliced(name, component.texts[name], (*manifests.get(name, ()), *placed.get(name, ())))
        for name in dict.fromkeys((*manifests, *placed))
    }


def _refuse_clashes(releases: Sequence[Release]) -> None:
    """Raise EditClash where two components of one repository would write one file, or PlanError one tag."""
    writers: dict[tuple[str, str], str] = {}
    tags: dict[tuple[str, str], str] = {}
    for release in releases:
        for edit in release.edits:
            other = writers.setdefault((release.repo, edit.path), release.component)
            if other != release.component:
                raise EditClash(
                    f"{other} and {release.component} would both write {edit.path} of {release.repo}",
                    hint="give each component of a repository a `path` of its own, and versions of its own",
                )
        other = tags.setdefault((release.repo, release.tag), release.component)
        if other != release.component:
            raise PlanError(
                f"{other} and {release.component} would both make the tag {release.tag} in {release.repo}",
                hint='give them tag templates that differ, such as `tag: "{name}-v{version}"`',
            )
