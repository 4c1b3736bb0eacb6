"""A component as the planner knows it: the catalog's word, what its repository says, and what that means."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace

from releasepilot.errors import ReleasePilotError
from releasepilot.model.catalog import Catalog, ComponentEntry
from releasepilot.model.paths import from_folder
from releasepilot.model.snapshot import ComponentSource, Snapshot
from releasepilot.model.versioning import BranchEntry
from releasepilot.versioning.branches import Line, line_of
from releasepilot.versioning.changelog import Read
from releasepilot.versioning.ecosystems import MANIFESTS, places
from releasepilot.versioning.ecosystems.manifest import Package
from releasepilot.versioning.policy import BumpPolicy, policy_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Component:
    """A component with its manifests and messages read, each once."""

    entry: ComponentEntry
    source: ComponentSource
    policy: BumpPolicy
    #: Its branch, as the line of versions that the release continues.
    line: Line
    package: Package
    #: The files that were read, by name relative to the component's folder.
    texts: Mapping[str, str]
    #: What the catalog's places found in them.
    matches: tuple[places.Match, ...] = ()
    #: The commits since the last release that people made, newest first, with the changes that the policy sees.
    read: tuple[Read, ...] = ()

    @property
    def name(self) -> str:
        """The catalog's name."""
        return self.entry.name


@contextmanager
def concerning(component: str) -> Iterator[None]:
    """Name the component in an error that comes from reading a text of it, which alone does not know whose it is."""
    try:
        yield
    except ReleasePilotError as error:
        error.component = error.component or component
        raise


def components_of(catalog: Catalog, snapshot: Snapshot) -> dict[str, Component]:
    """Join the catalog with the snapshot, ordered by name. Raises ManifestError and PlanError."""
    entries = {entry.name: entry for entry in catalog.components}
    return {
        source.name: _component(catalog, entries[source.name], source)
        for source in sorted(snapshot.components, key=lambda source: source.name)
    }


def _component(catalog: Catalog, entry: ComponentEntry, source: ComponentSource) -> Component:
    texts = {from_folder(entry.path, file.path): file.text for file in source.files}
    with concerning(entry.name):
        package = MANIFESTS[source.ecosystem].read(texts)
        matches = tuple(places.matches(entry.places, texts))
        policy = policy_of(catalog.versioning_of(entry).policy)
        line = _line(catalog, entry, source)
    own = next((match.text for match in matches if match.place.of in {None, entry.name}), None)
    return Component(
        entry=entry,
        source=source,
        policy=policy,
        line=line,
        package=replace(package, version=package.version or own),
        texts=texts,
        matches=matches,
        read=() if entry.ignore else tuple(_read(policy, source)),
    )


def _line(catalog: Catalog, entry: ComponentEntry, source: ComponentSource) -> Line:
    """Return the component's branch as a line of versions; a plain release branch of its own has no bounds."""
    own = catalog.branch_of(entry)
    if not source.branches:
        return line_of((BranchEntry(name=own),), own, {own: [source.last_version] if source.last_version else []})
    return line_of(catalog.branches_of(entry), own, {branch.name: branch.versions for branch in source.branches})


def _read(policy: BumpPolicy, source: ComponentSource) -> Iterator[Read]:
    """Read each message once: what decides the version is also what the changelog tells."""
    read = policy.read
    for commit in source.commits:
        if not commit.bookkeeping:
            yield commit, read(commit.message)
