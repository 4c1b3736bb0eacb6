"""Branches, tags and the commits since a release, read from a mirror with few processes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cached_property

from releasepilot.model.commit import Commit
from releasepilot.repositories.command import CommandFailed, Git
from releasepilot.versioning.conventional import parse_header
from releasepilot.versioning.ordering import newest, released

_HEADS = "refs/heads/"
_TAGS = "refs/tags/"
#: What git writes behind the name of a tag object for the commit that it points to.
_PEELED = "^{}"

_FORMAT = "--format=%m%x00%H%x00%P%x00%ct%x00%an%x00%ae%x00%B"
_FIELDS = 7
#: The last second that a date of four-digit years can say, which is the last one that ISO 8601 and Python know.
_LAST_SECOND = 253_402_300_799


class Refs:
    """The branches and tags of one repository, by short name, with the commits that they name."""

    def __init__(self, git: Git, listing: str) -> None:
        """Take what `git show-ref --heads --tags -d` says, which may be a line for each of thousands of tags."""
        self.git = git
        self._listing = listing
        # Branches come before tags.
        mark = listing.find(f" {_TAGS}")
        self._end = listing.rfind("\n", 0, mark) + 1 if mark >= 0 else len(listing)
        lines = (line.partition(f" {_HEADS}") for line in listing[: self._end].splitlines())
        self.heads = {name: oid for oid, _, name in lines}

    @property
    def tags(self) -> dict[str, str]:
        """Tag to commit; an annotated tag has a second line, which names the commit. Made anew each time."""
        listed = (line.partition(f" {_TAGS}") for line in self._listing[self._end :].splitlines())
        return {name.removesuffix(_PEELED): oid for oid, _, name in listed}

    def commit_of(self, tag: str) -> str:
        """Return the commit of a tag that is there, without looking at the others."""
        for name in (f" {_TAGS}{tag}{_PEELED}\n", f" {_TAGS}{tag}\n"):
            at = self._listing.find(name)
            if at >= 0:
                return self._listing[self._listing.rfind("\n", 0, at) + 1 : at]
        raise KeyError(tag)

    def newest(self, template: str) -> tuple[str, str] | None:
        """Return the newest stable release tag and its version, whether a branch contains it or not."""
        return newest(self._listing, template, behind=f" {_TAGS}")

    @cached_property
    def _merged(self) -> dict[str, frozenset[str]]:
        return {}

    def merged_tags(self, commit: str) -> frozenset[str]:
        """Return the tags that a commit contains. One process for each commit asked about, however many tags."""
        if commit not in self._merged:
            listing = self.git.run("for-each-ref", "--format=%(refname)", f"--merged={commit}", _TAGS)
            names = listing.decode("utf-8", "surrogateescape").splitlines()
            self._merged[commit] = frozenset(name.removeprefix(_TAGS) for name in names)
        return self._merged[commit]


#: Paths come with their magic spelled out.
_MAGIC = {"GIT_LITERAL_PATHSPECS": "0"}


@dataclass(frozen=True, kw_only=True)
class Concern:
    """Which commits of a repository count for a component."""

    #: The component's folder.
    path: str = "."
    #: Further files and folders, with `*`; behind `!` those that do not count.
    watch: tuple[str, ...] = ()
    #: Commits that name one of these scopes count wherever they are, those that name another one do not.
    scopes: tuple[str, ...] = ()

    @property
    def pathspecs(self) -> tuple[str, ...]:
        """The paths in git's words (gitglossary, pathspec); none where every commit counts."""
        excluded = tuple(f":(top,exclude,glob){one[1:]}" for one in self.watch if one.startswith("!"))
        if self.path == ".":
            return (":(top)", *excluded) if excluded else ()
        watched = (f":(top,glob){one}" for one in self.watch if not one.startswith("!"))
        return (f":(top,literal){self.path}", *watched, *excluded)


EVERYTHING = Concern()


@dataclass(frozen=True, kw_only=True)
class Since:
    """The last release that a commit contains, and what came after it."""

    #: The tag and its version; None before the first release.
    release: tuple[str, str] | None
    #: Newest first.
    commits: tuple[Commit, ...]


def read_refs(git: Git) -> Refs:
    """List branches and tags with one process, which reads no tag object where git has noted what it points to."""
    try:
        listing = git.run("show-ref", "--heads", "--tags", "-d")
    except CommandFailed as failure:
        if failure.status != 1 or failure.stderr:
            raise
        # An empty repository.
        listing = b""
    return Refs(git, listing.decode("utf-8", "surrogateescape"))


def read_since(refs: Refs, head: str, template: str, concern: Concern = EVERYTHING) -> Since:
    """Find the newest stable release that `head` contains, and the commits after it that are of concern.

    The usual case takes one process, or two for a part of a repository, and time that grows with these commits alone:
    a tag is an ancestor of `head` exactly if its commit borders on `tag..head`.
    """
    newest_of_all = refs.newest(template)
    if newest_of_all is None:
        return read_after(refs, head, None, concern)
    base = refs.commit_of(newest_of_all[0])
    if concern.pathspecs:
        if is_ancestor(refs.git, base, head):
            return read_after(refs, head, newest_of_all, concern)
    else:
        commits, boundary = _log(refs.git, base, head)
        if base == head or base in boundary:
            return Since(release=newest_of_all, commits=_of_concern(refs.git, base, head, concern, commits))
    contained = refs.merged_tags(head)
    tags = released(refs.tags, template)
    return read_after(refs, head, next((tag for tag in tags if tag[0] in contained), None), concern)


def read_after(refs: Refs, head: str, release: tuple[str, str] | None, concern: Concern = EVERYTHING) -> Since:
    """Read the commits of concern after a release (tag, version) that `head` contains; all of them without one."""
    base = refs.commit_of(release[0]) if release else None
    if not concern.scopes:
        return Since(release=release, commits=_log(refs.git, base, head, concern.pathspecs)[0])
    commits, _ = _log(refs.git, base, head)
    return Since(release=release, commits=_of_concern(refs.git, base, head, concern, commits))


def _of_concern(
    git: Git, base: str | None, head: str, concern: Concern, commits: tuple[Commit, ...]
) -> tuple[Commit, ...]:
    wanted = concerned(git, base, head, concern)
    return commits if wanted is None else tuple(filter(wanted, commits))


def concerned(git: Git, base: str | None, head: str, concern: Concern) -> Callable[[Commit], bool] | None:
    """Return the question whether a commit of `base..head` is of concern; None where every one is.

    A commit that names scopes counts by them, one that names none by the files that it touches.
    """
    touching: frozenset[str] | None = None
    if concern.pathspecs:
        span = head if base is None else f"{base}..{head}"
        listing = git.run("rev-list", "--full-history", span, "--", *concern.pathspecs, env=_MAGIC)
        touching = frozenset(listing.decode().split())
    elif not concern.scopes:
        return None

    def wanted(commit: Commit) -> bool:
        scope = _scope(commit) if concern.scopes else ""
        if not scope:
            return touching is None or commit.sha in touching
        named = (each.strip() for each in scope.split(","))
        return any(fnmatchcase(each, pattern) for each in named for pattern in concern.scopes)

    return wanted


def _scope(commit: Commit) -> str:
    header = parse_header(commit.message)
    return header.scope if header is not None else ""


def is_ancestor(git: Git, commit: str, of: str) -> bool:
    """Whether `of` contains `commit`; both must be in the mirror."""
    return commit == of or not git.run("rev-list", "--max-count=1", commit, f"^{of}", "--")


def _log(
    git: Git, base: str | None, head: str, pathspecs: tuple[str, ...] = ()
) -> tuple[tuple[Commit, ...], frozenset[str]]:
    """Read the commits of `base..head` that touch what is asked for, and those that they border on."""
    span = head if base is None else f"{base}..{head}"
    # A commit counts also where a merge has dropped what it did.
    full = ("--full-history",) if pathspecs else ()
    commits: list[Commit] = []
    boundary: set[str] = set()
    for mark, sha, parents, when, name, email, message in records(git, "--boundary", *full, span, "--", *pathspecs):
        if mark == "-":
            boundary.add(sha)
            continue
        commits.append(Commit(sha, message.rstrip("\n"), seconds(when), name, email, " " in parents))
    return tuple(commits), frozenset(boundary)


def seconds(when: str) -> int:
    """Read a commit's time, seconds since the epoch, as git writes it, which is as somebody made it up.

    What is no number, as of a damaged commit, is 0; what is beyond the year 9999 is that year's last second.
    """
    # Whatever the first thirteen digits begin with but zeros is beyond that year.
    return min(int(when[:13]), _LAST_SECOND) if when.isdecimal() else 0


#: A mark (`-` for a boundary), id, parents, committer time, author's name and address, message.
Record = tuple[str, str, str, str, str, str, str]


def records(git: Git, *words: str) -> Iterator[Record]:
    """Yield what `git log` says of each commit, as git writes it; `words` are its options and its range."""
    for text in _whole_records(git, "log", "-z", "--no-color", _FORMAT, *words):
        # The same iterator seven times: zip takes the fields of one commit.
        fields = iter(text.split("\0"))
        yield from zip(fields, fields, fields, fields, fields, fields, fields, strict=True)


def _whole_records(git: Git, *words: str) -> Iterator[str]:
    """Yield what git writes as it comes, decoded, cut behind the NUL of a commit's last field.

    Bytes that are no UTF-8 are replaced; a cut never falls into a character. One chunk and one unfinished commit are
    held in memory.
    """
    rest: list[bytes] = []
    fields = 0
    for chunk in git.stream(*words, env=_MAGIC):
        # Whole commits end at every seventh NUL, counted from the first byte.
        spare = (fields + chunk.count(b"\0")) % _FIELDS
        fields += chunk.count(b"\0")
        cut = _before_last(chunk, spare + 1)
        if cut < 0:
            rest.append(chunk)
            continue
        yield b"".join([*rest, chunk[:cut]]).decode("utf-8", "replace")
        rest = [chunk[cut + 1 :]]


def _before_last(chunk: bytes, count: int) -> int:
    """Return where the `count`th NUL from the end stands; -1 where there are fewer."""
    at = len(chunk)
    for _ in range(count):
        at = chunk.rfind(b"\0", 0, at)
        if at < 0:
            return -1
    return at
