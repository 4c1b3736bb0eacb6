"""How many depend on a component: the same as following every edge."""

from __future__ import annotations

import networkx as nx
from hypothesis import given
from hypothesis import strategies as st

from releasepilot.graph.impact import dependents, reached

PAIRS = st.tuples(st.integers(0, 15), st.integers(0, 15)).filter(lambda pair: pair[0] < pair[1])


@given(st.sets(PAIRS, max_size=60))
def test_dependents_are_counted_once(pairs: set[tuple[int, int]]) -> None:
    """However many ways lead to one, it counts once; nobody counts for itself."""
    graph: nx.DiGraph[str] = nx.DiGraph()
    graph.add_nodes_from(map(str, range(16)))
    graph.add_edges_from((str(one), str(other)) for one, other in pairs)
    assert dependents(graph) == {name: len(reached(graph, name)) for name in graph}
