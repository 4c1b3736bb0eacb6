"""What a change reaches: versions from commits, and releases that follow from other releases."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import networkx as nx

from releasepilot.graph.build import Component, Edge, concerning
from releasepilot.model.catalog import Catalog
from releasepilot.model.commit import Commit
from releasepilot.model.version import Bump
from releasepilot.model.versioning import Propagation
from releasepilot.versioning import decide
from releasepilot.versioning.constraint import admits
from releasepilot.versioning.conventional import parse_header
from releasepilot.versioning.policy import BumpPolicy, bump_version, policy_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """The version that a component gets, and why."""

    version: str
    bump: Bump
    #: One line for each cause.
    reasons: tuple[str, ...]


def decisions(catalog: Catalog, components: Mapping[str, Component], edges: tuple[Edge, ...]) -> dict[str, Decided]:
    """Decide every component's version: by its own commits, then by what it needs, to a fixpoint.

    A dependent gets a patch where the new version leaves its declared range (or always, by its policy).
    Development edges never release a dependent. Components without a release are left out.
    """
    decided: dict[str, Decided] = {}
    for name, component in components.items():
        with concerning(name):
            own = _by_commits(catalog, component)
        if own is not None:
            decided[name] = own
    dependents: dict[str, list[Edge]] = {}
    for edge in edges:
        dependents.setdefault(edge.dependency, []).append(edge)
    todo = deque(decided)
    while todo:
        dependency = todo.popleft()
        for edge in dependents.get(dependency, ()):
            component = components[edge.dependent]
            with concerning(edge.dependent):
                reason = _must_follow(catalog, component, edge, decided[dependency].version)
            if edge.dependent not in decided and reason:
                decided[edge.dependent] = _followed(catalog, component, reason)
                todo.append(edge.dependent)
    return {name: decided[name] for name in components if name in decided}


def surprises(catalog: Catalog, components: Mapping[str, Component]) -> tuple[str, ...]:
    """Tell what a reader of the repositories would expect and the rules do not do, one line each."""
    return tuple(line for component in components.values() for line in _surprises(catalog, component))


def _surprises(catalog: Catalog, component: Component) -> Iterator[str]:
    name, source = component.name, component.source
    policy = policy_of(catalog.versioning_of(component.entry).policy)
    unread = sum(_breaks_unread(commit, policy) for commit in component.changes)
    if unread:
        yield (
            f"{name}: {unread} commits are marked as breaking by `!`, which the policy {policy.name} does not read; "
            "conventionalcommits does"
        )
    manifest = component.package.version
    # `0.0.0-development` and Maven's `-SNAPSHOT` say that the version is yet to come.
    told = manifest and not manifest.startswith("0.0.0") and not manifest.endswith("-SNAPSHOT")
    if told and source.last_version and manifest != source.last_version:
        yield f"{name}: its manifest says {manifest}, its last release tag {source.last_tag}: the tag decides"


def _breaks_unread(commit: Commit, policy: BumpPolicy) -> bool:
    if "!:" not in commit.subject:
        return False
    header = parse_header(commit.message)
    return header is not None and header.breaking and not any(one.breaking for one in policy.dialect(commit.message))


def reached(graph: nx.DiGraph[str], name: str) -> tuple[str, ...]:
    """Return the blast radius: every component that depends on this one, directly or not, by name."""
    return tuple(sorted(nx.descendants(graph, name)))


def _by_commits(catalog: Catalog, component: Component) -> Decided | None:
    versioning = catalog.versioning_of(component.entry)
    source = component.source
    decision = decide(
        source.last_version,
        (commit.message for commit in component.changes),
        versioning.policy,
        initial=versioning.initial,
    )
    if decision.version is None:
        return None
    return Decided(
        version=decision.version,
        bump=decision.bump,
        reasons=tuple(f"{reason.bump.value}: {reason.subject}" for reason in decision.reasons),
    )


def _must_follow(catalog: Catalog, component: Component, edge: Edge, version: str) -> str:
    """Say why the dependent must follow, or nothing."""
    propagate = catalog.versioning_of(component.entry).propagate
    if propagate is Propagation.NEVER or edge.kind == "dev":
        return ""
    if edge.constraint and not admits(edge.ecosystem, edge.constraint, version):
        return f"{edge.dependency} {version} leaves its range {edge.constraint}"
    if propagate is Propagation.ALWAYS:
        return f"{edge.dependency} {version} is released, and it always follows"
    return ""


def _followed(catalog: Catalog, component: Component, reason: str) -> Decided:
    versioning = catalog.versioning_of(component.entry)
    policy = policy_of(versioning.policy)
    current = component.source.last_version
    version = (versioning.initial or policy.initial) if current is None else bump_version(current, Bump.PATCH, policy)
    return Decided(version=version, bump=Bump.PATCH, reasons=(reason,))
