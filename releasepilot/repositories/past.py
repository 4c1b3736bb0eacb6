"""Divide a history among its releases, in one pass over what git says and in the memory of one release."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from releasepilot.model.commit import Commit
from releasepilot.repositories.command import Git
from releasepilot.repositories.history import EVERYTHING, Concern, Refs, concerned, records, seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """What one release brought; without a tag what is not released yet."""

    tag: str
    version: str
    #: The tag and version of the release before; empty where this is the first.
    from_tag: str
    from_version: str
    #: Committer time of the tagged commit, seconds since the epoch; of the newest commit where there is no tag.
    when: int
    #: Newest first.
    commits: tuple[Commit, ...]


def past_releases(
    refs: Refs, head: str, candidates: list[tuple[str, str]], concern: Concern = EVERYTHING
) -> Iterator[Past]:
    """Yield the releases that `head` contains, newest first, beginning with what is not released yet.

    `candidates` are (tag, version), newest first. Each commit belongs to the oldest release that contains it. Git is
    asked for children before parents, so a release is complete as soon as no open line of history leads into it.
    """
    return _Division(refs, candidates, concerned(refs.git, None, head, concern)).over(refs.git, head)


@dataclass(slots=True)
class _Open:
    """A release whose commits are still coming."""

    when: int = 0
    commits: list[Commit] = field(default_factory=list)


class _Division:
    """Releases are numbered from 0, what is not released yet, to the oldest."""

    def __init__(self, refs: Refs, candidates: list[tuple[str, str]], wanted: Callable[[Commit], bool] | None) -> None:
        #: The tag and version of each.
        self._names: list[tuple[str, str]] = [("", ""), *candidates]
        self._wanted = wanted
        self._tagged: dict[str, list[int]] = {}
        commits = refs.tags
        for number, (tag, _) in enumerate(candidates, 1):
            self._tagged.setdefault(commits[tag], []).append(number)
        self._open: dict[int, _Open] = {0: _Open()}
        #: Parents that are still to come, each with the oldest release of its children, and how many lead into each.
        self._coming: dict[str, int] = {}
        self._leading: dict[int, int] = {}

    def over(self, git: Git, head: str) -> Iterator[Past]:
        """Walk the history."""
        coming, tagged, wanted = self._coming, self._tagged, self._wanted
        self._lead(head, 0)
        for _, sha, parents, when, name, email, message in records(git, "--topo-order", head, "--"):
            number = coming.pop(sha, 0)
            commit = Commit(sha, message.rstrip("\n"), seconds(when), name, email, " " in parents)
            reached = self._reach(sha, number, commit.committed_at) if sha in tagged else number
            if wanted is None or wanted(commit):
                self._open[reached].commits.append(commit)
            if reached == number and parents and not commit.merge and parents not in coming:
                # Nearly every commit: its line goes on, and no release becomes complete.
                coming[parents] = number
                continue
            self._leave(number)
            for parent in parents.split():
                self._lead(parent, reached)
            yield from self._complete()
        # Where the history is cut off, lines lead to commits that never come.
        self._leading.clear()
        yield from self._complete()

    def _reach(self, sha: str, number: int, when: int) -> int:
        """Open the releases that are tagged here; return the oldest that this commit belongs to."""
        for tagged in self._tagged[sha]:
            self._open.setdefault(tagged, _Open(when=when))
        return max(number, *self._tagged[sha])

    def _lead(self, parent: str, number: int) -> None:
        """Let a line of history lead into a parent; the oldest release of its children counts."""
        before = self._coming.get(parent, -1)
        if before >= number:
            return
        if before >= 0:
            self._leave(before)
        self._coming[parent] = number
        self._leading[number] = self._leading.get(number, 0) + 1

    def _leave(self, number: int) -> None:
        left = self._leading[number] - 1
        if left:
            self._leading[number] = left
        else:
            del self._leading[number]

    def _complete(self) -> Iterator[Past]:
        """Yield the releases that nothing leads into any more, as long as the newest open one is of them."""
        while self._open and (number := min(self._open)) not in self._leading:
            release = self._open.pop(number)
            tag, version = self._names[number]
            from_tag, from_version = self._names[min(self._open)] if self._open else ("", "")
            yield Past(
                tag=tag,
                version=version,
                from_tag=from_tag,
                from_version=from_version,
                when=release.when or (release.commits[0].committed_at if release.commits else 0),
                commits=tuple(release.commits),
            )
