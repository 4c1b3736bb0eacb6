"""What propagation costs over one topological sort of the same graph."""

from __future__ import annotations

import random
import time
from collections.abc import Sequence

import networkx as nx

from benchmarks.result import Result, interleaved
from releasepilot.graph.edge import Edge
from releasepilot.graph.propagation import Decided, Node, propagate
from releasepilot.model.catalog import Ecosystem
from releasepilot.model.version import Bump
from releasepilot.model.versioning import Propagation
from releasepilot.versioning.ordering import parse
from releasepilot.versioning.policy import bump_version, policy_of

COMPONENTS, EDGES = 10_000, 40_000
ROUNDS = 7


def run() -> list[Result]:
    """Release one component in ten by its own commits, over exact pins and ranges that a major version leaves."""
    nodes, edges, own = _world()
    graph: nx.DiGraph[str] = nx.DiGraph()
    graph.add_nodes_from(nodes)
    graph.add_edges_from((edge.dependency, edge.dependent) for edge in edges)
    begun = time.perf_counter()
    released = len(propagate(nodes, edges, own, highest=_highest))
    first = time.perf_counter() - begun
    floor, ours = interleaved(
        lambda: list(nx.topological_sort(graph)),
        lambda: propagate(nodes, edges, own, highest=_highest),
        rounds=ROUNDS,
    )
    how = (
        f"{ours * 1000:.0f} ms over {floor * 1000:.0f} ms, medians of {ROUNDS}; the first took {first * 1000:.0f} ms; "
        f"{COMPONENTS} components, {EDGES} edges, {len(own)} released of their own, {released} in all"
    )
    return [Result(name="propagation over a topological sort", value=ours / floor, at_most=10, how=how)]


def _world() -> tuple[dict[str, Node], list[Edge], dict[str, Decided]]:
    chance = random.Random(7)  # noqa: S311 - the same graph each time
    policy = policy_of("conventionalcommits")
    names = [f"component-{index:05}" for index in range(COMPONENTS)]
    current = {name: f"{chance.randrange(9)}.{chance.randrange(30)}.{chance.randrange(30)}" for name in names}
    nodes = {name: _node(current[name], policy.name) for name in names}
    edges: dict[tuple[int, int], Edge] = {}
    while len(edges) < EDGES:
        one, other = sorted(chance.sample(range(COMPONENTS), 2))
        # Each depends on an earlier one, so that there is no circle to be cut first.
        constraint = chance.choice(("^{}", "^{}", "~{}", "{}", ">={}")).format(current[names[one]])
        edges[one, other] = Edge(
            dependent=names[other],
            dependency=names[one],
            package=names[one],
            constraint=constraint,
            path="package.json",
            ecosystem=Ecosystem.NPM,
        )
    bumps = {name: chance.choice((Bump.PATCH, Bump.MINOR, Bump.MAJOR)) for name in names[:: COMPONENTS // 1000]}
    own = {
        name: Decided(version=bump_version(current[name], bump, policy), bump=bump, reasons=(bump.value,))
        for name, bump in bumps.items()
    }
    return nodes, list(edges.values()), own


def _node(current: str, policy: str) -> Node:
    return Node(
        strategy=Propagation.OUT_OF_RANGE,
        current=current,
        raised=lambda bump, over: bump_version(over or current, bump, policy),
    )


def _highest(versions: Sequence[str]) -> str:
    return max(versions, key=lambda text: parsed.order if (parsed := parse(text)) else ())
