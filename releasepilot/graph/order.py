"""Orders: of components by what they need, and of steps by the saga."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

import networkx as nx

from releasepilot.errors import PivotError
from releasepilot.model.step import PHASES, Phase, SagaClass, Step


def release_order(graph: nx.DiGraph[str]) -> tuple[str, ...]:
    """Return the components, what is needed first; ties by name."""
    return tuple(nx.lexicographical_topological_sort(graph))


def waves(graph: nx.DiGraph[str]) -> tuple[tuple[str, ...], ...]:
    """Return the components in groups that can go side by side, by name within a group."""
    return tuple(tuple(sorted(generation)) for generation in nx.topological_generations(graph))


def critical_path(graph: nx.DiGraph[str], order: Sequence[str]) -> tuple[str, ...]:
    """Return the longest chain of components; of equal ones, the first by name."""
    best: dict[str, tuple[str, ...]] = {}
    for name in order:
        chains = [best[need] for need in graph.predecessors(name)]
        longest = min(chains, key=lambda chain: (-len(chain), chain), default=())
        best[name] = (*longest, name)
    return min(best.values(), key=lambda chain: (-len(chain), chain), default=())


def saga_order(
    order: Sequence[str],
    needs: Mapping[str, Sequence[str]],
    chains: Mapping[str, Sequence[Step]],
    repos: Mapping[str, str],
) -> tuple[Step, ...]:
    """Give the steps their needs, and return them phase by phase in release order.

    Within a component each step needs the one before it. Across components the first step of a phase needs the
    last steps of that phase in what the component depends on; staging needs nobody, since it shows nothing to
    others. First public steps in one repository come after each other, because each moves the same branch; one that
    fails does not hold the next.
    """
    last: dict[Phase, dict[str, tuple[str, ...]]] = {phase: {} for phase in PHASES}
    pushed: dict[str, str] = {}
    ordered: list[Step] = []
    for component in order:
        before: Step | None = None
        for step in chains[component]:
            wanted = [] if before is None else [before.id]
            after: tuple[str, ...] = ()
            if step.phase is not Phase.STAGE and (before is None or before.phase is not step.phase):
                wanted += _upstream(last[step.phase], needs[component])
                if step.phase is Phase.COMMIT:
                    after = (pushed[repos[component]],) if repos[component] in pushed else ()
                    pushed[repos[component]] = step.id
            before = step.model_copy(update={"needs": tuple(dict.fromkeys(wanted)), "after": after})
            ordered.append(before)
        for phase in PHASES:
            own = [step.id for step in chains[component] if step.phase is phase]
            last[phase][component] = (own[-1],) if own else tuple(_upstream(last[phase], needs[component]))
    rank = {phase: index for index, phase in enumerate(PHASES)}
    return tuple(sorted(ordered, key=lambda step: rank[step.phase]))


def _upstream(last: Mapping[str, tuple[str, ...]], needed: Sequence[str]) -> list[str]:
    """Return the last steps of what is needed, without repeats, in order."""
    return list(dict.fromkeys(step for name in needed for step in last[name]))


def refuse_unordered_pivots(steps: Sequence[Step]) -> None:
    """Raise PivotError where two steps that cannot be taken back could run in either order."""
    pivots = [step.id for step in steps if step.saga_class is SagaClass.PIVOT]
    graph: nx.DiGraph[str] = nx.DiGraph()
    graph.add_nodes_from(step.id for step in steps)
    graph.add_edges_from((need, step.id) for step in steps for need in step.needs)
    for one, other in pairwise(pivots):
        if not nx.has_path(graph, one, other):
            raise PivotError(
                f"{one} and {other} cannot be taken back and nothing orders them: if the second fails, the first stays",
                hint="let one component need the other, or accept it with `allow_unordered_pivots: true`",
            )
