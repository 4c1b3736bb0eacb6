"""What no version satisfies: ranges that lie above a release, and dependents that cannot meet in one consumer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

import networkx as nx

from releasepilot.errors import VersionConflict
from releasepilot.graph.component import Component, concerning
from releasepilot.graph.edge import Edge
from releasepilot.graph.propagation import Decided
from releasepilot.model.catalog import Ecosystem
from releasepilot.versioning.constraint import compatible


def refuse_conflicts(
    components: Mapping[str, Component],
    edges: Sequence[Edge],
    decided: Mapping[str, Decided],
    graph: nx.DiGraph[str],
) -> None:
    """Raise VersionConflict where the train could not be installed, naming both ranges. `graph` leads to dependents.

    A range is never lowered: a dependent that asks for more than is released is a conflict. So are two dependents
    that keep ranges without a common version, where one component would need both. npm installs two versions side by
    side, so there only a peer dependency can conflict.
    """
    on = [edge for edge in edges if edge.kind != "dev" and edge.constraint and edge.dependency in decided]
    for dependency, group in groupby(sorted(on, key=_by_dependency), _by_dependency):
        wanted = list(group)
        version = decided[dependency].version
        for edge in wanted:
            with concerning(edge.dependent):
                _refuse_lowering(edge, version, decided)
        held = [edge for edge in wanted if edge.dependent not in decided and not edge.admits(version)]
        current = components[dependency].source.last_version
        for one, other in _pairs(held, wanted):
            _refuse_pair(one, _after(other, version, decided), version, current, graph)


def _by_dependency(edge: Edge) -> str:
    return edge.dependency


def _refuse_lowering(edge: Edge, version: str, decided: Mapping[str, Decided]) -> None:
    if edge.dependent in decided and not edge.admits(version) and edge.lies_above(version):
        raise VersionConflict(
            f"it needs {edge.dependency} {edge.constraint}, and this train releases {edge.dependency} {version}: "
            "a range is never lowered",
            hint=f"correct the range in {edge.path}, or let {edge.dependency} be released as what it asks for",
        )


def _pairs(held: Sequence[Edge], wanted: Sequence[Edge]) -> Iterator[tuple[Edge, Edge]]:
    """Pair each edge whose range stays behind with every other dependent's edge."""
    return ((one, other) for one in held for other in wanted if one.dependent != other.dependent)


def _after(edge: Edge, version: str, decided: Mapping[str, Decided]) -> tuple[Edge, str]:
    """Return an edge with the range that it has after the train."""
    return edge, edge.range_after(version) if edge.dependent in decided else edge.range


def _refuse_pair(one: Edge, after: tuple[Edge, str], version: str, current: str | None, graph: nx.DiGraph[str]) -> None:
    other, constraint = after
    if one.ecosystem is not other.ecosystem or not (one.written and other.written):
        return
    if one.ecosystem is Ecosystem.NPM and "peer" not in {one.kind, other.kind}:
        return
    candidates = [version, *([current] if current else [])]
    if compatible(one.ecosystem, one.range, constraint, candidates) is not None:
        return
    consumer = _meeting(graph, one.dependent, other.dependent)
    if consumer:
        raise VersionConflict(
            f"no version of {one.dependency} satisfies both {one.dependent}, which keeps {one.range}, and "
            f"{other.dependent}, which needs {constraint}; {consumer} needs both",
            hint=f"let {one.dependent} follow {one.dependency}, or take one of the two out of {consumer}",
        )


def _meeting(graph: nx.DiGraph[str], one: str, other: str) -> str:
    """Return the first component by name that needs both, or is one of them and needs the other; empty without one."""
    mine, theirs = {one, *nx.descendants(graph, one)}, {other, *nx.descendants(graph, other)}
    return min(mine & theirs, default="")
