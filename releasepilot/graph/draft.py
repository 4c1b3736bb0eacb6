"""The release of one component: its ranges, its edits, its changelog."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from releasepilot.errors import EditClash
from releasepilot.graph.component import Component, concerning
from releasepilot.graph.edge import Edge
from releasepilot.graph.propagation import Decided
from releasepilot.model.paths import from_root
from releasepilot.model.plan import DependencyUpdate, FileEdit, Release, Splice
from releasepilot.model.snapshot import SourceFile
from releasepilot.model.train import Request
from releasepilot.versioning import changelog
from releasepilot.versioning.contributors import contributors_of
from releasepilot.versioning.ecosystems import MANIFESTS, places
from releasepilot.versioning.ecosystems.manifest import spliced

CHANGELOG = "CHANGELOG.md"


@dataclass(frozen=True, kw_only=True)
class Draft:
    """What all releases of a plan are made from."""

    request: Request
    components: Mapping[str, Component]
    edges: tuple[Edge, ...]
    decided: Mapping[str, Decided]

    @cached_property
    def versions(self) -> Mapping[str, str]:
        """What is released, by component."""
        return {name: decided.version for name, decided in self.decided.items()}

    @cached_property
    def edges_from(self) -> Mapping[str, Sequence[Edge]]:
        """What each component needs, of what is released."""
        found: dict[str, list[Edge]] = {}
        for edge in self.edges:
            if edge.dependency in self.decided:
                found.setdefault(edge.dependent, []).append(edge)
        return found


def release_of(draft: Draft, name: str, needs: Sequence[str]) -> Release:
    """Return a component's part of the plan; `needs` are the released components that it depends on, in order."""
    catalog = draft.request.catalog
    component, decided = draft.components[name], draft.decided[name]
    source, entry = component.source, component.entry
    with concerning(name):
        moved = _moved(draft, name)
        look = _look(draft, component)
        tag = catalog.tag_of(entry).replace("{version}", decided.version)
        updates = tuple(_update(edge, after) for edge, after in moved)
        section = changelog.section(_notes(draft, component, tag, updates), look)
        edits = _edits(draft, component, moved, section, changelog.unreleased(look, tag))
    locks = tuple(from_root(entry.path, file) for file in entry.lock.files) if entry.lock else ()
    _refuse_edited_locks(name, locks, edits)
    return Release(
        component=name,
        repo=entry.repo,
        path=entry.path,
        branch=catalog.branch_of(entry),
        head=source.head,
        ecosystem=source.ecosystem,
        package=component.package.name or name,
        from_version=source.last_version,
        to_version=decided.version,
        bump=decided.bump,
        policy=component.policy.name,
        below_one=component.policy.below_one if _below_one(source.last_version, decided.version) else "",
        from_tag=source.last_tag,
        tag=tag,
        author=catalog.defaults.author,
        reasons=decided.reasons,
        needs=tuple(needs),
        contributors=contributors_of(commit for commit, _ in component.read) if catalog.gates else (),
        owners=source.owners,
        updates=updates,
        edits=edits,
        locks=locks,
        changelog=section,
    )


def _refuse_edited_locks(name: str, locks: Sequence[str], edits: Sequence[FileEdit]) -> None:
    """Raise EditClash where a file would be written by us and by the command that refreshes lock files."""
    both = sorted({edit.path for edit in edits} & set(locks))
    if both:
        raise EditClash(
            f"{', '.join(both)} of {name} is named as a lock file, and the release edits it itself",
            hint="take it out of `lock.files`",
        )


def _below_one(before: str | None, after: str) -> bool:
    """Whether a release begins or ends below 1.0.0: the step to 1.0.0 is what surprises most."""
    return after.startswith("0.") or (before or "").startswith("0.")


def _look(draft: Draft, component: Component) -> changelog.Look:
    catalog, entry = draft.request.catalog, component.entry
    return changelog.look_of(
        catalog.changelog_of(entry),
        repo=entry.repo,
        policy=catalog.versioning_of(entry).policy,
        ecosystem=component.source.ecosystem,
    )


def _notes(draft: Draft, component: Component, tag: str, updates: Sequence[DependencyUpdate]) -> changelog.ReleaseNotes:
    """Gather what the changelog tells of a release."""
    source, decided = component.source, draft.decided[component.name]
    return changelog.ReleaseNotes(
        component=component.name,
        version=decided.version,
        previous=source.last_version,
        date=draft.request.date,
        tag=tag,
        from_tag=source.last_tag,
        changes=component.read,
        updates=updates,
        versions={update.component: draft.versions[update.component] for update in updates},
        reasons=decided.reasons,
    )


def _moved(draft: Draft, name: str) -> list[tuple[Edge, str]]:
    """Return the edges of this component whose range moves, because their targets are released in the same train.

    A development range that lies above what is released stays as it is: a range is never lowered.
    """
    moved: list[tuple[Edge, str]] = []
    for edge in draft.edges_from.get(name, ()):
        version = draft.decided[edge.dependency].version
        if edge.admits(version) or edge.lies_above(version):
            continue
        after = edge.moved_to(version)
        if after != edge.constraint:
            moved.append((edge, after))
    return moved


def _update(edge: Edge, after: str) -> DependencyUpdate:
    """Tell of a range that moves; what a place found is known by its component's name."""
    return DependencyUpdate(
        component=edge.dependency,
        package=edge.package or edge.dependency,
        kind=edge.kind,
        path=edge.path,
        before=edge.constraint,
        after=after,
    )


def _edits(
    draft: Draft, component: Component, moved: Sequence[tuple[Edge, str]], section: str, unreleased: str
) -> tuple[FileEdit, ...]:
    """Return the changes of the release commit: manifests and places, and the changelog, by path."""
    folder = component.entry.path
    files = {file.path: file for file in component.source.files}
    edits = [
        FileEdit(path=path, before=files[path].blob, splices=splices)
        for name, splices in _changed(draft, component, moved).items()
        if splices and (path := from_root(folder, name))
    ]
    log = from_root(folder, CHANGELOG)
    if any(edit.path == log for edit in edits):
        raise EditClash(
            f"a place of {component.name} and its changelog would both write {log}",
            hint="let the place name another file",
        )
    before: SourceFile | None = files.get(log)
    splices = changelog.insert(before.text if before else None, section, unreleased=unreleased)
    if splices:
        # A file that tells of this version already is left as it is.
        edits.append(FileEdit(path=log, before=before.blob if before else None, splices=splices))
    return tuple(sorted(edits, key=lambda edit: edit.path))


def _changed(draft: Draft, component: Component, moved: Sequence[tuple[Edge, str]]) -> dict[str, tuple[Splice, ...]]:
    """Return what changes in manifests and places, by file name."""
    ecosystem = MANIFESTS[component.source.ecosystem]
    moves = {(ecosystem.normalise(edge.package), edge.constraint): after for edge, after in moved if edge.package}
    ecosystem.refuse(component.texts, component.source.last_version, draft.versions[component.name])
    manifests = ecosystem.edit(component.texts, draft.versions[component.name], moves)
    placed = places.edits(component.name, component.entry.places, component.texts, draft.versions)
    return {
        name: spliced(name, component.texts[name], (*manifests.get(name, ()), *placed.get(name, ())))
        for name in dict.fromkeys((*manifests, *placed))
    }
