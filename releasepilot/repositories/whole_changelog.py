"""The changelog of everything that a component has ever released, read from its history."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from releasepilot.model.catalog import Catalog, ComponentEntry, Ecosystem
from releasepilot.repositories.history import Concern
from releasepilot.repositories.lines import branch_missing, folder_missing, truncated
from releasepilot.repositories.mirror import Mirror
from releasepilot.repositories.past import Past, past_releases
from releasepilot.repositories.refs import read_refs
from releasepilot.versioning.changelog import ReleaseNotes, full, look_of
from releasepilot.versioning.ordering import released
from releasepilot.versioning.policy import BumpPolicy, policy_of


def whole_changelog(
    mirror: Mirror, catalog: Catalog, entry: ComponentEntry, ecosystem: Ecosystem | None
) -> Iterator[str]:
    """Yield the parts of a changelog file: its title, what is not released yet, then the releases, newest first.

    `ecosystem` is what the component's folder tells, None where that is not there: what a policy tells may depend on
    it. The mirror must have been fetched. It is written in one pass over the history, in the memory of one release.
    What is missing is told as a plan tells it: BranchMissing for the component's branch, SnapshotError for its folder,
    HistoryTruncated for a history that is cut off anywhere. PlanError where its policy or template is wrong.
    """
    refs = read_refs(mirror.git)
    branch = catalog.branch_of(entry)
    head = refs.heads.get(branch)
    if head is None:
        raise branch_missing(entry, branch, sorted(refs.heads))
    if mirror.shallow:
        raise truncated(entry, f"the first commit of {branch}")
    if ecosystem is None:
        raise folder_missing(entry, branch)
    tags = released(refs.tags, catalog.tag_of(entry), prereleases=catalog.parted(entry))
    concern = Concern(path=entry.path, watch=entry.watch, scopes=entry.scopes)
    policy = policy_of(catalog.versioning_of(entry).policy)
    past = past_releases(refs, head, tags, concern)
    notes = (_notes(one, entry, policy) for one in past if one.tag or one.commits)
    look = look_of(
        catalog.changelog_of(entry),
        repo=entry.repo,
        policy=catalog.versioning_of(entry).policy,
        ecosystem=ecosystem,
    )
    yield from full(notes, look)


def _notes(past: Past, entry: ComponentEntry, policy: BumpPolicy) -> ReleaseNotes:
    read = policy.read
    return ReleaseNotes(
        component=entry.name,
        version=past.version,
        previous=past.from_version or None,
        date=datetime.fromtimestamp(past.when, UTC).date().isoformat(),
        changes=[(commit, read(commit.message)) for commit in past.commits if not commit.bookkeeping],
        tag=past.tag,
        from_tag=past.from_tag or None,
    )
