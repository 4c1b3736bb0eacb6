"""Which release tags a component's versions count from, where its repository has several branches to release from."""

from __future__ import annotations

from collections.abc import Sequence

from releasepilot.model.snapshot import BranchSource
from releasepilot.model.versioning import BranchEntry
from releasepilot.repositories.history import Refs
from releasepilot.versioning.branches import line_of
from releasepilot.versioning.ordering import released


def read_branches(refs: Refs, template: str, branches: Sequence[BranchEntry]) -> tuple[BranchSource, ...]:
    """Return those of the branches that exist, each with the versions of the tags that its head contains."""
    tags = released(refs.tags, template, prereleases=True)
    found: list[BranchSource] = []
    for branch in branches:
        head = refs.heads.get(branch.name)
        if head is not None:
            contained = refs.merged_tags(head) if tags else frozenset()
            versions = tuple(version for tag, version in tags if tag in contained)
            found.append(BranchSource(name=branch.name, versions=versions))
    return tuple(found)


def counted_tags(
    refs: Refs, template: str, branches: Sequence[BranchEntry], own: str, read: Sequence[BranchSource]
) -> list[tuple[str, str]]:
    """Return the tag and version that the next release of a branch counts from; nothing before the first release.

    PlanError where the branches contradict each other.
    """
    last = line_of(branches, own, {branch.name: branch.versions for branch in read}).last
    tags = released(refs.tags, template, prereleases=True)
    return [(tag, version) for tag, version in tags if version == last][:1]
