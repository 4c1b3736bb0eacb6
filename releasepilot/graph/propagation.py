"""Which releases follow from others: over ranges, strategies and groups, to a fixpoint.

Bumps only ever rise, so the fixpoint is one whatever the order. The models are changesets 3 (a dependent whose range
is left gets a patch, whatever the kind of the dependency, and none for a development dependency; fixed and linked
groups) and release-please (`follow` is its dependency-manifest strategy).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from releasepilot.errors import PlanError
from releasepilot.graph.edge import Edge
from releasepilot.model.version import Bump
from releasepilot.model.versioning import Group, Propagation


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """The version that a component gets, and why."""

    version: str
    bump: Bump
    #: One line for each cause.
    reasons: tuple[str, ...]
    #: Somebody demanded this very version, so nothing raises it.
    demanded: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """What propagation must know of a component."""

    strategy: Propagation = Propagation.OUT_OF_RANGE
    #: It is never released.
    ignored: bool = False
    #: The last released version; None before the first.
    current: str | None
    #: Give the version after a bump: over the second argument, or the component's own current version without one.
    raised: Callable[[Bump, str | None], str]


def propagate(
    nodes: Mapping[str, Node],
    edges: Sequence[Edge],
    own: Mapping[str, Decided],
    groups: Sequence[Group] = (),
    *,
    highest: Callable[[Sequence[str]], str] = max,
) -> dict[str, Decided]:
    """Add to the releases that components have of their `own` those that follow from them.

    Edges lead from every dependent to what it needs, in any order; `highest` picks the newest of some versions.
    PlanError where a version or a range cannot be read.
    """
    spread = _Spread(nodes, edges, own, groups, highest)
    spread.run()
    return {name: spread.decided(name) for name in nodes if name in spread.versions}


#: Members of a group that are named; the others are counted.
_NAMED = 5

_RANK = {bump: bump.rank for bump in Bump}


class _Spread:
    """The worklist: a component is looked at again whenever its version changes."""

    def __init__(
        self,
        nodes: Mapping[str, Node],
        edges: Sequence[Edge],
        own: Mapping[str, Decided],
        groups: Sequence[Group],
        highest: Callable[[Sequence[str]], str],
    ) -> None:
        self.nodes = nodes
        self.own = own
        self.highest = highest
        self.dependents: dict[str, list[Edge]] = {}
        for edge in edges:
            if edge.kind != "dev":
                self.dependents.setdefault(edge.dependency, []).append(edge)
        self.group_of = {name: group for group in groups for name in group.members}
        self.bumps = {name: decided.bump for name, decided in own.items()}
        self.versions = {name: decided.version for name, decided in own.items()}
        #: Dependent to the reasons why it follows, by dependency and range; each is that of the newest look.
        self.causes: dict[str, dict[tuple[str, str], str]] = {}
        #: The highest current version of a group, and its members that are released once all is settled.
        self.bases: dict[Group, str | None] = {}
        self.released: dict[Group, list[str]] = {}
        self.todo = deque(own)
        self.waiting = set(own)

    def run(self) -> None:
        """Look at components until nothing changes."""
        for group in dict.fromkeys(self.group_of[name] for name in self.own if name in self.group_of):
            self._settle(group)
        while self.todo:
            name = self.todo.popleft()
            self.waiting.discard(name)
            version = self.versions[name]
            for edge in self.dependents.get(name, ()):
                self._follow(edge, version)

    def decided(self, name: str) -> Decided:
        """Put together what was found of a component."""
        own = self.own.get(name)
        causes = (reason for _, reason in sorted(self.causes.get(name, {}).items()))
        reasons = (own.reasons if own else (), causes, self._company(name))
        return Decided(
            version=self.versions[name],
            bump=self.bumps[name],
            reasons=tuple(reason for each in reasons for reason in each),
            demanded=own.demanded if own else False,
        )

    def _follow(self, edge: Edge, version: str) -> None:
        """Release a dependent, or raise its release, where the edge asks for it."""
        node = self.nodes[edge.dependent]
        if node.ignored or node.strategy is Propagation.NEVER:
            return
        if edge.left_by(version, self.nodes[edge.dependency].current):
            reason = f"{edge.dependency} {version} left its range {edge.constraint}"
        elif node.strategy is Propagation.OUT_OF_RANGE:
            return
        else:
            reason = f"{edge.dependency} {version} is released, and it follows every release"
        self.causes.setdefault(edge.dependent, {})[edge.dependency, edge.constraint] = reason
        self._raise(edge.dependent, self.bumps[edge.dependency] if node.strategy is Propagation.FOLLOW else Bump.PATCH)

    def _raise(self, name: str, bump: Bump) -> None:
        """Give a component at least this bump."""
        if _RANK[bump] <= _RANK[self.bumps.get(name, Bump.NONE)]:
            return
        self.bumps[name] = bump
        group = self.group_of.get(name)
        if group is not None:
            self._settle(group)
        elif name not in self.own or not self.own[name].demanded:
            self._set(name, self.nodes[name].raised(bump, None))

    def _settle(self, group: Group) -> None:
        """Give the members of a group their common version: the highest bump over the highest current version.

        A version that a commit of a member demands is that of the whole group.
        """
        members = [name for name in group.members if not self.nodes[name].ignored]
        releasing = [name for name in members if name in self.bumps]
        bump = max((self.bumps[name] for name in releasing), key=_RANK.__getitem__)
        demanded = {self.own[name].version for name in releasing if name in self.own and self.own[name].demanded}
        if len(demanded) > 1:
            raise PlanError(
                f"commits of one group demand {' and '.join(sorted(demanded))}: {', '.join(releasing[:_NAMED])}",
                hint="a group has one version: let one Release-As footer stand, or take the group apart",
            )
        version = demanded.pop() if demanded else self._common(group, members, releasing)
        for name in members if group.fixed else releasing:
            self.bumps[name] = bump
            self._set(name, version)

    def _common(self, group: Group, members: Sequence[str], releasing: Sequence[str]) -> str:
        """Return the highest version that the bumps give over the highest current version of the group."""
        if group not in self.bases:
            currents = [current for name in members if (current := self.nodes[name].current) is not None]
            self.bases[group] = self.highest(currents) if currents else None
        return self.highest([self.nodes[name].raised(self.bumps[name], self.bases[group]) for name in releasing])

    def _set(self, name: str, version: str) -> None:
        """Note a version, and look at the component's dependents where it is new."""
        if self.versions.get(name) == version:
            return
        self.versions[name] = version
        if name not in self.waiting:
            self.waiting.add(name)
            self.todo.append(name)

    def _company(self, name: str) -> Iterator[str]:
        """Say with whom a component is released, where its group is why it is or why its version is what it is."""
        group = self.group_of.get(name)
        if group is None:
            return
        if group not in self.released:
            self.released[group] = [member for member in group.members if member in self.bumps]
        others = list(islice((one for one in self.released[group] if one != name), _NAMED))
        more = len(self.released[group]) - 1 - len(others)
        if others:
            yield f"one version with {', '.join(others)}" + (f" and {more} more" if more else "")
