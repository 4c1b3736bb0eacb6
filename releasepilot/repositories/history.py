"""The commits since a release, read from a mirror with few processes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase

from releasepilot.model.commit import Commit
from releasepilot.repositories.command import Git
from releasepilot.repositories.refs import Refs
from releasepilot.versioning.conventional import parse_header
from releasepilot.versioning.ordering import released

_FORMAT = "--format=%m%x00%H%x00%P%x00%ct%x00%an%x00%ae%x00%ce%x00%B"
_FIELDS = 8
#: The last second that a date of four-digit years can say, which is the last one that ISO 8601 and Python know.
_LAST_SECOND = 253_402_300_799


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


def read_since(refs: Refs, head: str, template: str, concern: Concern = EVERYTHING) -> Since:
    """Find the newest stable release that `head` contains, and the commits after it that are of concern.

    The usual case takes one process, or two for a part of a repository, and time that grows with these commits alone:
    a tag is an ancestor of `head` exactly if its commit borders on `tag..head`.
    """
    newest = refs.newest(template)
    if newest is None:
        return read_after(refs, head, None, concern)
    release, base = (newest.tag, newest.version), newest.commit
    if concern.pathspecs:
        if is_ancestor(refs.git, base, head):
            return _after(refs.git, base, head, release, concern)
    else:
        commits, boundary = _log(refs.git, base, head)
        if base == head or base in boundary:
            return Since(release=release, commits=_of_concern(refs.git, base, head, concern, commits))
    contained = refs.merged_tags(head)
    tags = released(refs.tags, template)
    return read_after(refs, head, next((tag for tag in tags if tag[0] in contained), None), concern)


def read_after(refs: Refs, head: str, release: tuple[str, str] | None, concern: Concern = EVERYTHING) -> Since:
    """Read the commits of concern after a release (tag, version) that `head` contains; all of them without one."""
    base = refs.commit_of(release[0]) if release else None
    return _after(refs.git, base, head, release, concern)


def _after(git: Git, base: str | None, head: str, release: tuple[str, str] | None, concern: Concern) -> Since:
    if not concern.scopes:
        return Since(release=release, commits=_log(git, base, head, concern.pathspecs)[0])
    commits, _ = _log(git, base, head)
    return Since(release=release, commits=_of_concern(git, base, head, concern, commits))


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
    for mark, sha, parents, when, name, email, committer, message in records(
        git, "--boundary", *full, span, "--", *pathspecs
    ):
        if mark == "-":
            boundary.add(sha)
            continue
        # Nearly always the author, whose address is held once then.
        by = email if committer == email else committer
        commits.append(Commit(sha, message.rstrip("\n"), seconds(when), name, email, " " in parents, by))
    return tuple(commits), frozenset(boundary)


def seconds(when: str) -> int:
    """Read a commit's time, seconds since the epoch, as git writes it, which is as somebody made it up.

    What is no number, as of a damaged commit, is 0; what is beyond the year 9999 is that year's last second.
    """
    # Whatever the first thirteen digits begin with but zeros is beyond that year.
    return min(int(when[:13]), _LAST_SECOND) if when.isdecimal() else 0


#: A mark (`-` for a boundary), id, parents, committer time, author's name and address, committer's address, message.
Record = tuple[str, str, str, str, str, str, str, str]


def records(git: Git, *words: str) -> Iterator[Record]:
    """Yield what `git log` says of each commit, as git writes it; `words` are its options and its range."""
    for text in _whole_records(git, "log", "-z", "--no-color", _FORMAT, *words):
        # The same iterator eight times: zip takes the fields of one commit.
        fields = iter(text.split("\0"))
        yield from zip(fields, fields, fields, fields, fields, fields, fields, fields, strict=True)


def _whole_records(git: Git, *words: str) -> Iterator[str]:
    """Yield what git writes as it comes, decoded, cut behind the NUL of a commit's last field.

    Bytes that are no UTF-8 are replaced; a cut never falls into a character. One chunk and one unfinished commit are
    held in memory.
    """
    rest: list[bytes] = []
    fields = 0
    for chunk in git.stream(*words, env=_MAGIC):
        # Whole commits end at every eighth NUL, counted from the first byte.
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
