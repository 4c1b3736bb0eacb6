"""Branches, tags and the commits since a release, read from a mirror with few processes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

from releasepilot.model.commit import Commit
from releasepilot.repositories.command import Git

_HEADS = "refs/heads/"
_TAGS = "refs/tags/"

#: A mark (`-` for a boundary), id, parents, committer time, author's name and address, message.
_FORMAT = "--format=%m%x00%H%x00%P%x00%ct%x00%an%x00%ae%x00%B"
_FIELDS = 7


@dataclass(frozen=True, kw_only=True)
class Refs:
    """The branches and tags of one repository, by short name, with the commits that they name."""

    heads: dict[str, str]
    tags: dict[str, str]
    git: Git = field(repr=False)

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


@dataclass(frozen=True, kw_only=True)
class Since:
    """The last release that a commit contains, and what came after it."""

    #: The tag and its version; None before the first release.
    release: tuple[str, str] | None
    #: Newest first.
    commits: tuple[Commit, ...]


def read_refs(git: Git) -> Refs:
    """List branches and tags, annotated tags by the commit that they point to."""
    listing = git.run("for-each-ref", "--format=%(objectname) %(*objectname) %(refname)", _HEADS, _TAGS)
    heads: dict[str, str] = {}
    tags: dict[str, str] = {}
    for line in listing.decode("utf-8", "surrogateescape").splitlines():
        oid, peeled, name = line.split(" ", 2)
        if name.startswith(_HEADS):
            heads[name.removeprefix(_HEADS)] = oid
        else:
            tags[name.removeprefix(_TAGS)] = peeled or oid
    return Refs(heads=heads, tags=tags, git=git)


def read_since(refs: Refs, head: str, candidates: list[tuple[str, str]], path: str = ".") -> Since:
    """Find the newest candidate (tag, version) that `head` contains, and the commits after it that touch `path`.

    The usual case takes one process: a tag is an ancestor of `head` exactly if its commit borders on `tag..head`.
    """
    git = refs.git
    if path == "." and candidates:
        base = refs.tags[candidates[0][0]]
        commits, boundary = _log(git, base, head, path)
        if base == head or base in boundary:
            return Since(release=candidates[0], commits=commits)
    contained = refs.merged_tags(head) if candidates else frozenset()
    release = next((candidate for candidate in candidates if candidate[0] in contained), None)
    commits, _ = _log(git, refs.tags[release[0]] if release else None, head, path)
    return Since(release=release, commits=commits)


def is_ancestor(git: Git, commit: str, of: str) -> bool:
    """Whether `of` contains `commit`; both must be in the mirror."""
    return commit == of or not git.run("rev-list", "--max-count=1", commit, f"^{of}", "--")


def _log(git: Git, base: str | None, head: str, path: str) -> tuple[tuple[Commit, ...], frozenset[str]]:
    """Read the commits of `base..head`, and those that they border on."""
    span = head if base is None else f"{base}..{head}"
    paths = () if path == "." else (path,)
    commits: list[Commit] = []
    boundary: set[str] = set()
    fields = _fields(git, "log", "-z", "--boundary", "--no-color", _FORMAT, span, "--", *paths)
    # The same iterator seven times: zip takes the fields of one commit.
    for mark, sha, parents, when, name, email, message in zip(*[fields] * _FIELDS, strict=True):
        if mark == b"-":
            boundary.add(sha.decode())
            continue
        commits.append(
            Commit(
                sha=sha.decode(),
                message=message.decode("utf-8", "replace").rstrip("\n"),
                committed_at=int(when or 0),
                author_name=name.decode("utf-8", "replace"),
                author_email=email.decode("utf-8", "replace"),
                merge=b" " in parents,
            )
        )
    return tuple(commits), frozenset(boundary)


def _fields(git: Git, *words: str) -> Iterator[bytes]:
    """Split what git writes at its NUL bytes, holding one chunk and one unfinished field in memory."""
    rest = bytearray()
    for chunk in git.stream(*words):
        rest += chunk
        if b"\0" in chunk:
            *whole, tail = bytes(rest).split(b"\0")
            rest = bytearray(tail)
            yield from whole
