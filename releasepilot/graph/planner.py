"""The planner: a snapshot and a request in, a plan out. Pure and deterministic."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from releasepilot.errors import EditClash, PlanError
from releasepilot.graph.build import Component, Edge, acyclic, components_of, concerning, edges_of
from releasepilot.graph.impact import Decided, decisions, surprises
from releasepilot.graph.order import critical_path, refuse_unordered_pivots, release_order, saga_order, waves
from releasepilot.graph.steps import chain_of, no_return, worst_residue
from releasepilot.model.plan import DependencyUpdate, FileEdit, Plan, Release
from releasepilot.model.snapshot import Snapshot, SourceFile
from releasepilot.model.train import Request
from releasepilot.versioning import changelog
from releasepilot.versioning.constraint import move
from releasepilot.versioning.ecosystems import MANIFESTS
from releasepilot.versioning.policy import policy_of

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
    updates = _updates(draft, name)
    look = _look(draft, component)
    tag = catalog.tag_of(entry).replace("{version}", decided.version)
    section = changelog.section(_notes(draft, component, tag, updates), look)
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
        tag=tag,
        author=catalog.defaults.author,
        reasons=decided.reasons,
        needs=tuple(needs),
        updates=updates,
        edits=_edits(component, decided.version, updates, section, changelog.unreleased(look, tag)),
        changelog=section,
    )


def _look(draft: _Draft, component: Component) -> changelog.Look:
    catalog, entry = draft.request.catalog, component.entry
    return changelog.look_of(
        catalog.changelog_of(entry),
        repo=entry.repo,
        policy=catalog.versioning_of(entry).policy,
        ecosystem=component.source.ecosystem,
    )


def _notes(
    draft: _Draft, component: Component, tag: str, updates: Sequence[DependencyUpdate]
) -> changelog.ReleaseNotes:
    """Gather what the changelog tells of a release; its commits are read by the component's own policy."""
    source, decided = component.source, draft.decided[component.name]
    dialect = policy_of(draft.request.catalog.versioning_of(component.entry).policy).dialect
    return changelog.ReleaseNotes(
        component=component.name,
        version=decided.version,
        previous=source.last_version,
        date=draft.request.date,
        tag=tag,
        from_tag=source.last_tag,
        changes=[(commit, dialect(commit.message)) for commit in component.changes],
        updates=updates,
        versions={update.component: draft.decided[update.component].version for update in updates},
        reasons=decided.reasons,
    )


def _updates(draft: _Draft, name: str) -> tuple[DependencyUpdate, ...]:
    """Return the ranges of this component that move, because their targets are released in the same train."""
    ecosystem = draft.components[name].source.ecosystem
    updates: list[DependencyUpdate] = []
    for edge in draft.edges:
        if edge.dependent != name or not edge.constraint or edge.dependency not in draft.decided:
            continue
        with concerning(name):
            after = move(ecosystem, edge.constraint, draft.decided[edge.dependency].version)
        if after != edge.constraint:
            updates.append(
                DependencyUpdate(
                    component=edge.dependency,
                    package=edge.package,
                    kind=edge.kind,
                    path=edge.path,
                    before=edge.constraint,
                    after=after,
                )
            )
    return tuple(updates)


def _edits(
    component: Component, version: str, updates: Sequence[DependencyUpdate], section: str, unreleased: str
) -> tuple[FileEdit, ...]:
    """Return the changes of the release commit: manifests, then the changelog, by path."""
    ecosystem = MANIFESTS[component.source.ecosystem]
    moves = {(ecosystem.normalise(update.package), update.before): update.after for update in updates}
    prefix = "" if component.entry.path == "." else f"{component.entry.path}/"
    files = {file.path: file for file in component.source.files}
    edits = [
        FileEdit(path=prefix + name, before=files[prefix + name].blob, splices=splices)
        for name, splices in ecosystem.edit(component.manifests, version, moves).items()
        if splices
    ]
    before: SourceFile | None = files.get(prefix + CHANGELOG)
    splices = changelog.insert(before.text if before else None, section, unreleased=unreleased)
    # Without splices somebody wrote this release's section beforehand.
    if splices:
        edits.append(FileEdit(path=prefix + CHANGELOG, before=before.blob if before else None, splices=splices))
    return tuple(sorted(edits, key=lambda edit: edit.path))


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
                    hint="give each component of a repository a `path` of its own",
                )
        other = tags.setdefault((release.repo, release.tag), release.component)
        if other != release.component:
            raise PlanError(
                f"{other} and {release.component} would both make the tag {release.tag} in {release.repo}",
                hint='give them tag templates that differ, such as `tag: "{name}-v{version}"`',
            )
