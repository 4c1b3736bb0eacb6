"""The dependency graph: who needs whom, by manifest and by the catalog's word."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise

import networkx as nx

from releasepilot.errors import CycleError, ReleasePilotError
from releasepilot.model.catalog import Catalog, ComponentEntry
from releasepilot.model.commit import Commit
from releasepilot.model.snapshot import ComponentSource, Snapshot
from releasepilot.versioning.ecosystems import MANIFESTS
from releasepilot.versioning.ecosystems.manifest import Package


@dataclass(frozen=True, slots=True, kw_only=True)
class Component:
    """A component: what the catalog says, what its repository says, and what its manifests mean."""

    entry: ComponentEntry
    source: ComponentSource
    package: Package
    #: The manifests by file name, relative to the component's folder.
    manifests: Mapping[str, str]

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
    prefix = "" if entry.path == "." else f"{entry.path}/"
    texts = {file.path.removeprefix(prefix): file.text for file in source.files}
    manifests = {name: texts[name] for name in ecosystem.files if name in texts}
    with concerning(entry.name):
        package = ecosystem.read(manifests)
    return Component(entry=entry, source=source, package=package, manifests=manifests)


def edges_of(components: Mapping[str, Component]) -> tuple[Edge, ...]:
    """Return every edge between components: those that manifests declare, then those of the catalog alone."""
    by_package = {
        (component.source.ecosystem, MANIFESTS[component.source.ecosystem].normalise(component.package.name)): name
        for name, component in components.items()
        if component.package.name
    }
    found: dict[Edge, None] = {}
    for name, component in components.items():
        ecosystem = component.source.ecosystem
        for dependency in component.package.dependencies:
            target = by_package.get((ecosystem, MANIFESTS[ecosystem].normalise(dependency.package)))
            if target is not None and target != name:
                found[
                    Edge(
                        dependent=name,
                        dependency=target,
                        package=dependency.package,
                        kind=dependency.kind,
                        constraint=dependency.constraint,
                        path=dependency.path,
                    )
                ] = None
    known = {(edge.dependent, edge.dependency) for edge in found}
    for name, component in components.items():
        for need in component.entry.needs:
            if (name, need.component) not in known:
                found[Edge(dependent=name, dependency=need.component, kind=need.kind.value)] = None
    return tuple(sorted(found))


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
