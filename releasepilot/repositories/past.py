"""Divide a history among its releases, in one pass over what git says and in the memory of one release.

For a component that is a part of its repository, the ids of its commits are held beside that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from releasepilot.model.commit import Commit
from releasepilot.repositories.command import Git
from releasepilot.repositories.history import EVERYTHING, Concern, concerned, records, seconds
from releasepilot.repositories.refs import Refs


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """What one release brought; without a tag what is not released yet."""

    tag: str
    version: str
    #: The tag and version of the release before: of those that the tagged commit contains, and comes to without passing
    #: another one, the newest that is older than this. Empty where this is the first.
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
        #: The release before each open one, as far as it is known.
        self._before: dict[int, int] = {}
        #: Where commits that are to come belong to an older release: the others that look through them for the release
        #: before them, and through how many commits each of these looks.
        self._seeking: dict[str, set[int]] = {}
        self._looking: dict[int, int] = {}

    def over(self, git: Git, head: str) -> Iterator[Past]:
        """Walk the history."""
        coming, tagged, wanted, seeking = self._coming, self._tagged, self._wanted, self._seeking
        self._lead(head, 0, set())
        for _, sha, parents, when, name, email, _, message in records(git, "--topo-order", head, "--"):
            number = coming.pop(sha, 0)
            seekers = self._seekers(sha, number) if sha in seeking else None
            commit = Commit(sha, message.rstrip("\n"), seconds(when), name, email, " " in parents)
            reached = number
            if sha in tagged:
                reached = self._reach(sha, number, commit.committed_at)
                seekers = self._found(sha, {number, *(seekers or ())})
            if wanted is None or wanted(commit):
                self._open[reached].commits.append(commit)
            if reached == number and parents and not commit.merge and seekers is None and parents not in coming:
                # Nearly every commit: its line goes on, and no release becomes complete.
                coming[parents] = number
                continue
            self._leave(number)
            for parent in parents.split():
                self._lead(parent, reached, seekers or set())
            yield from self._complete()
        # Where the history is cut off, lines lead to commits that never come.
        self._leading.clear()
        self._looking.clear()
        yield from self._complete()

    def _reach(self, sha: str, number: int, when: int) -> int:
        """Open the releases that are tagged here; return the oldest that this commit belongs to."""
        for tagged in self._tagged[sha]:
            self._open.setdefault(tagged, _Open(when=when))
        return max(number, *self._tagged[sha])

    def _seekers(self, sha: str, number: int) -> set[int]:
        """Return what still looks through a commit of a release; what is below that one is older than it."""
        looking = self._seeking.pop(sha)
        for one in looking:
            self._looking[one] -= 1
            if not self._looking[one]:
                del self._looking[one]
        return {one for one in looking if one != number and self._before.get(one, number + 1) > number}

    def _found(self, sha: str, seekers: set[int]) -> set[int]:
        """Note what is tagged here as the release before those that look for it; return who has to look on."""
        tagged = self._tagged[sha]
        seekers.update(tagged)
        for one in tuple(seekers):
            older = min((each for each in tagged if each > one), default=0)
            if older:
                self._before[one] = min(older, self._before.get(one, older))
                seekers.remove(one)
        return seekers

    def _lead(self, parent: str, number: int, seekers: set[int]) -> None:
        """Let a line of history lead into a parent; the oldest release of its children counts, the others look."""
        before = self._coming.get(parent, -1)
        others = {*seekers, number, before} - {max(before, number), -1}
        for one in others - self._seeking.get(parent, set()):
            self._seeking.setdefault(parent, set()).add(one)
            self._looking[one] = self._looking.get(one, 0) + 1
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
        """Yield the releases that nothing leads into or looks for any more, as long as the newest open one is one."""
        while self._open and (number := min(self._open)) not in self._leading and number not in self._looking:
            release = self._open.pop(number)
            tag, version = self._names[number]
            from_tag, from_version = self._names[self._before.pop(number, 0)]
            yield Past(
                tag=tag,
                version=version,
                from_tag=from_tag,
                from_version=from_version,
                when=release.when or (release.commits[0].committed_at if release.commits else 0),
                commits=tuple(release.commits),
            )
