"""Choose what a changelog tells: commits in, entries out. Nothing here is Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from releasepilot.model.commit import Commit
from releasepilot.versioning.changelog.kinds import Kind, Selection
from releasepilot.versioning.conventional import Revert, revert_of, subject
from releasepilot.versioning.dialect import Change

#: A commit and the changes that its policy's dialect sees in it.
Read = tuple[Commit, tuple[Change, ...]]

#: What the message of a revert can begin with; asking for it spares reading nearly every other.
_BEGINS_REVERT = frozenset("rR \t\r\n\v\f")

#: Characters of an id by which commits are looked up; no shorter id is understood.
_LOOKUP = 7


class Entry(NamedTuple):
    """One thing to tell. Every text in it is untrusted."""

    #: A section, or a title of the catalog's own.
    section: Kind | str
    scope: str
    #: A line; of what breaks it may be several, and paragraphs.
    text: str
    commit: Commit
    #: It belongs to an incompatible change.
    breaking: bool


def select(read: Iterable[Read], selection: Selection) -> Iterator[Entry]:
    """Yield what is to be told, newest first; a breaking change stands under its type and under what breaks.

    A commit and its revert leave no trace where both are there. Where the original was released before, the revert is
    told.
    """
    undone = selection.titles.get("revert", Kind.REVERTS)
    for commit, changes, reverts in _standing(read):
        if commit.merge and not selection.merges:
            continue
        if reverts is not None and undone:
            yield Entry(undone, "", reverts.header or subject(commit.message), commit, breaking=False)
        for change in changes:
            for text in _breaks(change):
                yield Entry(Kind.BREAKING, change.scope, text, commit, breaking=True)
            section = selection.section_of(change)
            if section and (reverts is None or section != undone):
                text = change.description or change.subject
                yield Entry(section, change.scope, text, commit, breaking=change.breaking)


def _breaks(change: Change) -> tuple[str, ...]:
    """Return what a change breaks, in its own words, or as the change itself is called."""
    if not change.breaking:
        return ()
    return change.notes or (change.description or change.subject,)


def _standing(read: Iterable[Read]) -> Iterable[tuple[Commit, tuple[Change, ...], Revert | None]]:
    """Leave out each revert together with what it reverts, where both are there; newest first, with what each reverts.

    A reverted revert does not count, so its original stands.
    """
    known = [
        (commit, changes, revert_of(commit.message) if commit.message[:1] in _BEGINS_REVERT else None)
        for commit, changes in read
    ]
    if not any(reverts for _, _, reverts in known):
        return known
    commits = [commit for commit, _, _ in known]
    lookup = _Lookup(commits)
    gone: set[int] = set()
    for at, (_, _, reverts) in enumerate(known):
        if reverts is not None and at not in gone:
            targets = lookup.targets(at, reverts, gone)
            gone |= targets | {at} if targets else set()
    return [one for at, one in enumerate(known) if at not in gone]


class _Lookup:
    """Finds commits by the beginning of their ids, or by their first lines."""

    def __init__(self, commits: Sequence[Commit]) -> None:
        self._commits = commits
        self._by_id: dict[str, list[int]] = {}
        self._by_subject: dict[str, list[int]] = {}
        for at, commit in enumerate(commits):
            self._by_id.setdefault(commit.sha[:_LOOKUP], []).append(at)
            self._by_subject.setdefault(subject(commit.message), []).append(at)

    def targets(self, at: int, reverts: Revert, gone: set[int]) -> set[int]:
        """Return the places of what the commit at this place reverts: named by id, or else the newest of that name."""
        if reverts.shas:
            return {
                place
                for sha in reverts.shas
                for place in self._by_id.get(sha[:_LOOKUP], ())
                if self._commits[place].sha.startswith(sha)
            }
        named = self._by_subject.get(reverts.header, ())
        older = next((place for place in named if place > at and place not in gone), None)
        return set() if older is None else {older}
