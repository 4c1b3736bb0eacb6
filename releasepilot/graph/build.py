"""The dependency graph: who needs whom, by manifest and by the catalog's word."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import pairwise

import networkx as nx

from releasepilot.errors import CycleError, ReleasePilotError
from releasepilot.model.catalog import Catalog, ComponentEntry, Ecosystem
from releasepilot.model.commit import Commit
from releasepilot.model.paths import from_folder
from releasepilot.model.snapshot import ComponentSource, Snapshot
from releasepilot.versioning.ecosystems import MANIFESTS, places
from releasepilot.versioning.ecosystems.manifest import Package


@dataclass(frozen=True, slots=True, kw_only=True)
class Component:
    """A component: what the catalog says, what its repository says, and what its manifests mean."""

    entry: ComponentEntry
    source: ComponentSource
    package: Package
    #: The files that were read, by name relative to the component's folder.
    texts: Mapping[str, str]
    #: What the catalog's places found in them.
    matches: tuple[places.Match, ...] = ()

    @property
    def name(self) -> str:
        """The catalog's name."""
        return self.entry.name

    @property
    def changes(self) -> tuple[Commit, ...]:
        """The commits since the last release that people made, newest first."""
        return tuple(commit for commit in self.source.commits if not commit.bookkeeping)


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Edge:
    """One component needs another."""

    dependent: str
    dependency: str
    #: The dependency's name as the manifest writes it; empty where the catalog declares the edge.
    package: str = ""
    #: runtime, optional, peer, build, dev, or declared.
    kind: str = "declared"
    #: The range that the manifest declares; empty where there is none.
    constraint: str = ""
    #: The manifest, relative to the dependent's folder.
    path: str = ""
    #: Whose rules the range follows.
    ecosystem: Ecosystem = Ecosystem.GENERIC


#: Edges that may be cut where they close a circle, the weakest first: neither is needed to install the dependent.
_CUTTABLE = ("dev", "peer")


@contextmanager
def concerning(component: str) -> Iterator[None]:
    """Name the component in an error that comes from reading a text of it, which alone does not know whose it is."""
    try:
        yield
    except ReleasePilotError as error:
        error.component = error.component or component
        raise


def components_of(catalog: Catalog, snapshot: Snapshot) -> dict[str, Component]:
    """Join the catalog with the snapshot, ordered by name. Raises ManifestError."""
    entries = {entry.name: entry for entry in catalog.components}
    return {
        source.name: _component(entries[source.name], source)
        for source in sorted(snapshot.components, key=lambda source: source.name)
    }


def _component(entry: ComponentEntry, source: ComponentSource) -> Component:
    ecosystem = MANIFESTS[source.ecosystem]
    texts = {from_folder(entry.path, file.path): file.text for file in source.files}
    with concerning(entry.name):
        package = ecosystem.read(texts)
        matches = tuple(places.matches(entry.places, texts))
    own = next((match.text for match in matches if match.place.of in {None, entry.name}), None)
    package = replace(package, version=package.version or own)
    return Component(entry=entry, source=source, package=package, texts=texts, matches=matches)


def edges_of(components: Mapping[str, Component]) -> tuple[Edge, ...]:
    """Return every edge between components: of manifests, of places, and those that the catalog alone declares."""
    named = _named(components)
    found: dict[Edge, None] = {}
    for name, component in components.items():
        ecosystem = component.source.ecosystem
        for dependency in component.package.dependencies:
            exact = named.get((ecosystem, dependency.package))
            target = exact or named.get((ecosystem, MANIFESTS[ecosystem].normalise(dependency.package)))
            if target is not None and target != name:
                found[
                    Edge(
                        dependent=name,
                        dependency=target,
                        package=dependency.package,
                        kind=dependency.kind,
                        constraint=dependency.constraint,
                        path=dependency.path,
                        ecosystem=ecosystem,
                    )
                ] = None
        found |= dict.fromkeys(_placed(component, components))
    known = {(edge.dependent, edge.dependency) for edge in found}
    for name, component in components.items():
        for need in component.entry.needs:
            if (name, need.component) not in known:
                found[Edge(dependent=name, dependency=need.component, kind=need.kind.value)] = None
    return tuple(sorted(found))


def _named(components: Mapping[str, Component]) -> dict[tuple[Ecosystem, str], str]:
    """Return the components by ecosystem and package name, as it is written and in its normal form.

    The written form counts first: two major versions of a Go module are one name in the normal form.
    """
    named: dict[tuple[Ecosystem, str], str] = {}
    packages = [(each.source.ecosystem, each.package.name, name) for name, each in components.items()]
    for ecosystem, package, name in packages:
        if package:
            named.setdefault((ecosystem, package), name)
    for ecosystem, package, name in packages:
        if package:
            named.setdefault((ecosystem, MANIFESTS[ecosystem].normalise(package)), name)
    return named


def _placed(component: Component, components: Mapping[str, Component]) -> Iterator[Edge]:
    """Yield the edges of a component's places: what stands there is an exact pin of the other's version."""
    for match in component.matches:
        other = match.place.of or component.name
        if other in components and other != component.name:
            yield Edge(
                dependent=component.name,
                dependency=other,
                kind="runtime",
                constraint=match.text,
                path=match.place.path,
                ecosystem=Ecosystem.REGEX,
            )


def acyclic(components: Mapping[str, Component], edges: tuple[Edge, ...]) -> tuple[nx.DiGraph[str], tuple[str, ...]]:
    """Return the graph from dependency to dependent without circles, and a notice for each edge that was cut.

    Development and peer edges are cut where they close a circle; CycleError names the path of any other.
    """
    graph: nx.DiGraph[str] = nx.DiGraph()
    graph.add_nodes_from(components)
    kinds: dict[tuple[str, str], set[str]] = {}
    for edge in edges:
        kinds.setdefault((edge.dependency, edge.dependent), set()).add(edge.kind)
    graph.add_edges_from(kinds)
    notices: list[str] = []
    for weakest in range(1, len(_CUTTABLE) + 1):
        weak = set(_CUTTABLE[:weakest])
        for circle in [sorted(nodes) for nodes in nx.strongly_connected_components(graph) if len(nodes) > 1]:
            inside = [edge for edge in sorted(graph.subgraph(circle).edges) if kinds[edge] <= weak]
            graph.remove_edges_from(inside)
            notices += [
                f"{dependent} needs {dependency} for {' and '.join(sorted(kinds[dependency, dependent]))} only, in a "
                "circle: the order does not follow that edge"
                for dependency, dependent in inside
            ]
    _refuse_circles(graph)
    return graph, tuple(sorted(notices))


def _refuse_circles(graph: nx.DiGraph[str]) -> None:
    circles = sorted(sorted(nodes) for nodes in nx.strongly_connected_components(graph) if len(nodes) > 1)
    if not circles:
        return
    path = [edge[0] for edge in nx.find_cycle(graph.subgraph(circles[0]), source=circles[0][0])]
    # The graph points from dependency to dependent; people read "needs" the other way round.
    around = [path[0], *reversed(path[1:]), path[0]]
    described = ", ".join(f"{one} needs {other}" for one, other in pairwise(around))
    raise CycleError(
        f"components need each other in a circle: {described}",
        hint="remove one of these dependencies, or make it a development dependency if it is one",
    )
