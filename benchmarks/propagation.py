"""What propagation costs over one topological sort of the same graph."""

from __future__ import annotations

import json
import random
import statistics
import subprocess
import sys
import time

import networkx as nx

from benchmarks.result import Result
from releasepilot.graph.edge import Edge
from releasepilot.graph.propagation import Decided, Node, propagate
from releasepilot.model.catalog import Ecosystem
from releasepilot.model.version import Bump
from releasepilot.model.versioning import Propagation
from releasepilot.versioning import bump_version, policy_of
from releasepilot.versioning.ordering import newest_of

COMPONENTS, EDGES = 10_000, 40_000
ROUNDS = 5


def run() -> list[Result]:
    """Measure both once in each of several new processes: a plan is made once, with nothing read before."""
    measured = [json.loads(subprocess.check_output([sys.executable, "-m", __name__])) for _ in range(ROUNDS)]
    ratio = statistics.median(one["ours"] / one["floor"] for one in measured)
    floor, ours = (statistics.median(one[name] for one in measured) * 1000 for name in ("floor", "ours"))
    how = (
        f"{ours:.0f} ms over {floor:.0f} ms, medians of {ROUNDS} processes; {COMPONENTS} components, {EDGES} edges, "
        f"{measured[0]['own']} released of their own, {measured[0]['released']} in all"
    )
    return [Result(name="propagation over a topological sort", value=ratio, at_most=10, how=how)]


def measure() -> dict[str, float]:
    """Release one component in ten by its own commits, over ranges of which many are left."""
    nodes, edges, own = _world()
    graph: nx.DiGraph[str] = nx.DiGraph()
    graph.add_nodes_from(nodes)
    graph.add_edges_from((edge.dependency, edge.dependent) for edge in edges)
    begun = time.perf_counter()
    list(nx.topological_sort(graph))
    sorted_at = time.perf_counter()
    released = propagate(nodes, edges, own, highest=newest_of)
    ended = time.perf_counter()
    return {"floor": sorted_at - begun, "ours": ended - sorted_at, "own": len(own), "released": len(released)}


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


if __name__ == "__main__":
    print(json.dumps(measure()))
