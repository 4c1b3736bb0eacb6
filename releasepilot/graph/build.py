"""The dependency graph: who needs whom, by manifest and by the catalog's word."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise

import networkx as nx

from releasepilot.errors import CycleError
from releasepilot.graph.component import Component
from releasepilot.graph.edge import Edge
from releasepilot.model.catalog import Ecosystem
from releasepilot.model.dependency import ConstraintKind, Need
from releasepilot.versioning.constraint import published
from releasepilot.versioning.declared_range import range_for
from releasepilot.versioning.ecosystems import MANIFESTS

#: Edges that may be cut where they close a circle, the weakest first: neither is needed to install the dependent.
_CUTTABLE = ("dev", "peer")


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
                        published=_published(ecosystem, dependency.constraint, components[target]),
                    )
                ] = None
        found |= dict.fromkeys(_placed(component, components))
    known = {(edge.dependent, edge.dependency) for edge in found}
    for name, component in components.items():
        for need in component.entry.needs:
            if need.constraint is not ConstraintKind.ANY or (name, need.component) not in known:
                found[_declared(name, need, components[need.component])] = None
    return tuple(sorted(found))


def _published(ecosystem: Ecosystem, constraint: str, component: Component) -> str:
    """Return what a constraint without a range of its own was published as; empty where it has one, or never was."""
    last = component.source.last_version
    return (published(ecosystem, constraint, last) or "") if last else ""


def _declared(dependent: str, need: Need, component: Component) -> Edge:
    """Return the edge of a need of the catalog; its range is measured from what the component was last released as."""
    last, ecosystem = component.source.last_version, component.source.ecosystem
    return Edge(
        dependent=dependent,
        dependency=need.component,
        kind=need.kind.value,
        constraint=range_for(ecosystem, need.constraint, last) if last else "",
        ecosystem=ecosystem,
    )


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
