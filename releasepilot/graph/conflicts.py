"""What no version satisfies: ranges that lie above a release, and dependents that cannot meet in one consumer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import groupby, product

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
        written = [edge for edge in wanted if edge.written]
        held = _by_range(edge for edge in written if edge.dependent not in decided and not edge.admits(version))
        after = _by_range(_after(edge, version, decided) for edge in written)
        current = components[dependency].source.last_version
        for one, other in product(held.values(), after.values()) if held else ():
            _refuse_pair(one, other, [version, *([current] if current else [])], graph)


def _by_dependency(edge: Edge) -> str:
    return edge.dependency


def _refuse_lowering(edge: Edge, version: str, decided: Mapping[str, Decided]) -> None:
    if edge.dependent in decided and not edge.admits(version) and edge.lies_above(version):
        raise VersionConflict(
            f"it needs {edge.dependency} {edge.constraint}, and this train releases {edge.dependency} {version}: "
            "a range is never lowered",
            hint=f"correct the range in {edge.path}, or let {edge.dependency} be released as what it asks for",
        )


def _after(edge: Edge, version: str, decided: Mapping[str, Decided]) -> Edge:
    """Return an edge with the range that it has after the train."""
    if edge.dependent not in decided:
        return edge
    return replace(edge, constraint=edge.range_after(version), published="")


def _by_range(edges: Iterable[Edge]) -> dict[tuple[Ecosystem, bool, str], list[Edge]]:
    """Group edges that say the same, so that each two ranges are judged once, however many components have them."""
    found: dict[tuple[Ecosystem, bool, str], list[Edge]] = {}
    for edge in edges:
        found.setdefault((edge.ecosystem, edge.kind == "peer", edge.range), []).append(edge)
    return found


def _refuse_pair(
    ones: Sequence[Edge], others: Sequence[Edge], candidates: Sequence[str], graph: nx.DiGraph[str]
) -> None:
    """Refuse two ranges without a common version, where a component needs a dependent of each."""
    one, other = ones[0], others[0]
    if one.ecosystem is not other.ecosystem:
        return
    if one.ecosystem is Ecosystem.NPM and "peer" not in {one.kind, other.kind}:
        return
    if compatible(one.ecosystem, one.range, other.range, candidates) is not None:
        return
    both = {edge.dependent for edge in ones} & {edge.dependent for edge in others}
    mine = _reached(graph, (edge.dependent for edge in ones))
    theirs = _reached(graph, (edge.dependent for edge in others if edge.dependent not in both))
    consumer = min(set(mine) & set(theirs), default="")
    if consumer:
        raise VersionConflict(
            f"no version of {one.dependency} satisfies both {mine[consumer]}, which keeps {one.range}, and "
            f"{theirs[consumer]}, which needs {other.range}; {consumer} needs both",
            hint=f"let {mine[consumer]} follow {one.dependency}, or take one of the two out of {consumer}",
        )


def _reached(graph: nx.DiGraph[str], begins: Iterable[str]) -> dict[str, str]:
    """Return every component that is one of these or needs one, with the first by name that it needs."""
    found: dict[str, str] = {}
    for begin in sorted(begins):
        todo = [begin]
        while todo:
            name = todo.pop()
            if name not in found:
                found[name] = begin
                todo += graph.successors(name)
    return found
