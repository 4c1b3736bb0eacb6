"""What a change reaches: versions from commits, releases that follow from them, and what a reader should know."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import networkx as nx

from releasepilot.errors import InvalidNextVersion, PlanError
from releasepilot.graph.component import Component, concerning
from releasepilot.graph.edge import Edge
from releasepilot.graph.propagation import Decided, Node, propagate
from releasepilot.model.catalog import Catalog
from releasepilot.model.plan import Release
from releasepilot.model.version import Bump
from releasepilot.versioning.branches import Line, next_on
from releasepilot.versioning.changelog import Read
from releasepilot.versioning.conventional import parse_header
from releasepilot.versioning.decision import decide_changes
from releasepilot.versioning.ordering import newest_of


def decisions(
    catalog: Catalog, components: Mapping[str, Component], edges: Sequence[Edge], date: str
) -> dict[str, Decided]:
    """Decide every component's version: by its own commits, then by what it needs, to a fixpoint.

    Components without a release are left out. `date` is what calendar versions are made of.
    """
    own: dict[str, Decided] = {}
    for name, component in components.items():
        with concerning(name):
            decided = _by_commits(catalog, component, date)
        if decided is not None:
            own[name] = decided
    nodes = {name: _node(catalog, component, date) for name, component in components.items()}
    return propagate(nodes, edges, own, catalog.groups, highest=newest_of)


def _by_commits(catalog: Catalog, component: Component, date: str) -> Decided | None:
    changes = [change for _, seen in component.read for change in seen]
    policy, initial = component.policy, catalog.versioning_of(component.entry).initial
    decision = decide_changes(component.line.last, changes, policy, initial=initial, date=date)
    if decision.version is None:
        return None
    if decision.demanded:
        version = _possible(component.line, decision.version)
    else:
        version = next_on(component.line, decision.bump, policy, initial=initial, date=date)
    return Decided(
        version=version,
        bump=decision.bump,
        reasons=tuple(f"{reason.bump.value}: {reason.subject}" for reason in decision.reasons),
        demanded=decision.demanded,
    )


def _possible(line: Line, demanded: str) -> str:
    """Return a version that a commit demands; anybody can write such a commit, so not every one is obeyed."""
    if line.last is not None and newest_of([line.last, demanded]) in (line.last, ""):
        raise PlanError(
            f"a Release-As footer demands {demanded}, which is not above the last release {line.last}",
            hint="push a commit with a Release-As footer of a higher version: the newest one counts",
        )
    if not line.admits(demanded):
        raise InvalidNextVersion(
            f"a Release-As footer demands {demanded}, and {line.branch} may release {line.range}",
            hint="push a commit with a Release-As footer within that range, or release from another branch",
        )
    return demanded


def _node(catalog: Catalog, component: Component, date: str) -> Node:
    """Say what propagation must know of a component."""
    versioning = catalog.versioning_of(component.entry)

    def raised(bump: Bump, over: str | None) -> str:
        line = replace(component.line, last=over) if over else component.line
        with concerning(component.name):
            return next_on(line, bump, component.policy, initial=versioning.initial, date=date)

    return Node(
        strategy=versioning.propagate,
        ignored=component.entry.ignore,
        current=component.line.last,
        raised=raised,
    )


def surprises(
    components: Mapping[str, Component],
    edges: Sequence[Edge],
    decided: Mapping[str, Decided],
    releases: Sequence[Release],
) -> tuple[str, ...]:
    """Tell what a reader of the repositories would expect and the rules do not do, one line each."""
    lines = [line for component in components.values() for line in _surprises(component)]
    return (*lines, *_left_behind(components, edges, decided), *_shared(components, releases))


def _shared(components: Mapping[str, Component], releases: Sequence[Release]) -> Iterator[str]:
    """Name the components that take something from a file which the release of another one changes."""
    released = {release.component for release in releases}
    for release in releases:
        above = {edit.path for edit in release.edits if not _within(edit.path, release.path)}
        for name, component in components.items() if above else ():
            read = {file.path for file in component.source.files}
            both = sorted(above & read) if component.entry.repo == release.repo and name not in released else []
            if both:
                yield (
                    f"{name} takes from {', '.join(both)} too, which the release of {release.component} changes: "
                    "what shares a version is best one component"
                )


def _within(path: str, folder: str) -> bool:
    return folder == "." or path.startswith(f"{folder}/")


def _surprises(component: Component) -> Iterator[str]:
    name, source = component.name, component.source
    unread = sum(_breaks_unread(read) for read in component.read)
    if unread:
        yield (
            f"{name}: {unread} commits are marked as breaking by `!`, which the policy {component.policy.name} does "
            "not read; conventionalcommits does"
        )
    manifest = component.package.version
    # `0.0.0-development` and Maven's `-SNAPSHOT` say that the version is yet to come.
    told = manifest and not manifest.startswith("0.0.0") and not manifest.endswith("-SNAPSHOT")
    if told and source.last_version and manifest != source.last_version:
        yield f"{name}: its manifest says {manifest}, its last release tag {source.last_tag}: the tag decides"
    if component.package.private and component.entry.publish:
        yield f"{name}: its manifest says that it is private, and the catalog publishes it"


def _breaks_unread(read: Read) -> bool:
    commit, changes = read
    if "!:" not in commit.message[:200] or any(change.breaking for change in changes):
        return False
    header = parse_header(commit.message)
    return header is not None and header.breaking


def _left_behind(
    components: Mapping[str, Component], edges: Sequence[Edge], decided: Mapping[str, Decided]
) -> Iterator[str]:
    """Name the dependents that stay although a new version is outside of their range."""
    for edge in sorted(edges):
        if edge.dependency not in decided or edge.dependent in decided or edge.kind == "dev":
            continue
        version = decided[edge.dependency].version
        if edge.lies_above(version):
            yield f"{edge.dependent} asks for {edge.dependency} {edge.constraint}, and {version} is below that"
        elif edge.left_by(version):
            why = "it is ignored" if components[edge.dependent].entry.ignore else "it never follows"
            yield f"{edge.dependent} keeps {edge.dependency} {edge.constraint}, which {version} leaves: {why}"


def reached(graph: nx.DiGraph[str], name: str) -> tuple[str, ...]:
    """Return the blast radius: every component that depends on this one, directly or not, by name."""
    return tuple(sorted(nx.descendants(graph, name)))


def dependents(graph: nx.DiGraph[str]) -> dict[str, int]:
    """Return how many components depend on each one, directly or not; the graph has no circle."""
    order = list(nx.topological_sort(graph))
    bits = {name: 1 << place for place, name in enumerate(order)}
    # Sets as the bits of one number: those of a thousand components are joined in milliseconds.
    reach: dict[str, int] = {}
    for name in reversed(order):
        reach[name] = 0
        for dependent in graph.successors(name):
            reach[name] |= bits[dependent] | reach[dependent]
    return {name: found.bit_count() for name, found in reach.items()}
