"""The branches that a component can be released from, the tags that each counts from, and what may be missing."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from releasepilot.errors import BranchMissing, HistoryTruncated, SnapshotError
from releasepilot.model.catalog import ComponentEntry
from releasepilot.model.snapshot import BranchSource
from releasepilot.model.versioning import BranchEntry
from releasepilot.repositories.command import redact
from releasepilot.repositories.refs import Refs
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


def counted_from(
    refs: Refs, template: str, branches: Sequence[BranchEntry], own: str, read: Sequence[BranchSource]
) -> tuple[str, str] | None:
    """Return the tag and version that the next release of a branch counts from; None before the first release.

    PlanError where the branches contradict each other.
    """
    last = line_of(branches, own, {branch.name: branch.versions for branch in read}).last
    tags = released(refs.tags, template, prereleases=True)
    return next(((tag, version) for tag, version in tags if version == last), None)


def branch_missing(entry: ComponentEntry, branch: str, heads: Sequence[str]) -> BranchMissing:
    """Say which branches there are, the nearest names first."""
    address = redact(entry.repo)
    if not heads:
        return BranchMissing(
            f"{address} is empty: it has no branch {branch!r}",
            hint="push a first commit, or take the component out of the catalog",
            component=entry.name,
        )
    near = difflib.get_close_matches(branch, heads, n=3, cutoff=0.5) or list(heads[:5])
    # Git's names are bytes, and what is no UTF-8 in them is for nobody's eyes.
    shown = ", ".join(name.encode("utf-8", "surrogateescape").decode("utf-8", "replace") for name in near)
    return BranchMissing(
        f"{address} has no branch {branch!r}",
        hint=f"it has {len(heads)} of other names, such as {shown}: set `branch` in the catalog",
        component=entry.name,
    )


def truncated(entry: ComponentEntry, missing: str) -> HistoryTruncated:
    """Say what a shallow repository does not show."""
    return HistoryTruncated(
        f"{redact(entry.repo)} is a shallow repository: its history ends before {missing}",
        hint="name a repository with the whole history, or run git fetch --unshallow --tags in that one",
        component=entry.name,
    )


def folder_missing(entry: ComponentEntry, branch: str) -> SnapshotError:
    """Say that a component's `path` is not there."""
    return SnapshotError(
        f"{redact(entry.repo)} has no folder {entry.path!r} on {branch}",
        hint="set `path` to the component's folder inside the repository",
        component=entry.name,
    )
