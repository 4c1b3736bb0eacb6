"""Branches and tags of a mirror. Which release is the newest is noted beside them, and holds as long as they do."""

from __future__ import annotations

import contextlib
import os
import tempfile
import time
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from pydantic import Field, ValidationError

from releasepilot.model.value import Value
from releasepilot.repositories.command import CommandFailed, Git
from releasepilot.versioning.ordering import newest

_HEADS = "refs/heads/"
_TAGS = "refs/tags/"
#: What git writes behind the name of a tag object for the commit that it points to.
_PEELED = "^{}"

_NOTE = "newest-releases.json"
#: Nanoseconds that refs must have rested before they are told apart by their times: those of a file system are coarse.
_RESTED = 2_000_000_000


class TaggedRelease(NamedTuple):
    """A release tag, its version, and the commit that it names."""

    tag: str
    version: str
    commit: str


class _Note(Value):
    """The newest release by tag template, None where there is none, while the tags are as the seal says."""

    seal: tuple[tuple[str, int, int], ...] = ()
    newest: dict[str, TaggedRelease | None] = Field(default_factory=dict)


class Refs:
    """The branches and tags of one repository, by short name, with the commits that they name."""

    def __init__(self, git: Git, heads: str) -> None:
        """Take what `git show-ref --heads` says. Tags, which may be thousands, are listed when they are asked for."""
        self.git = git
        self.heads = {name: oid for oid, _, name in (line.partition(f" {_HEADS}") for line in heads.splitlines())}

    @property
    def tags(self) -> dict[str, str]:
        """Tag to commit; an annotated tag has a second line, which names the commit. Made anew each time."""
        listed = (line.partition(f" {_TAGS}") for line in self._listing.splitlines())
        return {name.removesuffix(_PEELED): oid for oid, _, name in listed}

    def commit_of(self, tag: str) -> str:
        """Return the commit of a tag that is there, without looking at the others."""
        for name in (f" {_TAGS}{tag}{_PEELED}\n", f" {_TAGS}{tag}\n"):
            at = self._listing.find(name)
            if at >= 0:
                return self._listing[self._listing.rfind("\n", 0, at) + 1 : at]
        raise KeyError(tag)

    def newest(self, template: str) -> TaggedRelease | None:
        """Return the newest stable release, whether a branch contains it or not."""
        seal = _seal(self.git.folder)
        noted = _noted(self.git.folder, seal)
        if template in noted.newest:
            return noted.newest[template]
        found = newest(self._listing, template, behind=f" {_TAGS}")
        release = TaggedRelease(*found, self.commit_of(found[0])) if found else None
        if seal:
            _write(self.git.folder, _Note(seal=seal, newest={**noted.newest, template: release}))
        return release

    def merged_tags(self, commit: str) -> frozenset[str]:
        """Return the tags that a commit contains. One process for each commit asked about, however many tags."""
        if commit not in self._merged:
            listing = self.git.run("for-each-ref", "--format=%(refname)", f"--merged={commit}", _TAGS)
            names = listing.decode("utf-8", "surrogateescape").splitlines()
            self._merged[commit] = frozenset(name.removeprefix(_TAGS) for name in names)
        return self._merged[commit]

    @cached_property
    def _listing(self) -> str:
        """List the tags; git reads no tag object where it has noted what it points to."""
        return _shown(self.git, "--tags", "-d")

    @cached_property
    def _merged(self) -> dict[str, frozenset[str]]:
        return {}


def read_refs(git: Git) -> Refs:
    """List the branches with one process."""
    return Refs(git, _shown(git, "--heads"))


def _shown(git: Git, *words: str) -> str:
    """Return what `git show-ref` lists, which is an error to git where it is nothing."""
    try:
        return git.run("show-ref", *words).decode("utf-8", "surrogateescape")
    except CommandFailed as failure:
        if failure.status != 1 or failure.stderr:
            raise
        return ""


def _seal(folder: Path) -> tuple[tuple[str, int, int], ...]:
    """Tell this state of the tags from every other by the times of what holds them; empty where that cannot be.

    Git changes `packed-refs` by replacing it, and a loose ref by renaming a file into its folder.
    """
    root = folder / "refs" / "tags"
    try:
        packed = [folder / "packed-refs"] if (folder / "packed-refs").exists() else []
        places = [*packed, *(Path(place) for place, _, _ in os.walk(root))]
        states = [(str(place.relative_to(folder)), place.stat()) for place in places]
    except OSError:
        return ()
    now = time.time_ns()
    # Without the folder the refs are kept in some other way than in files.
    if len(places) == len(packed) or any(now - state.st_mtime_ns < _RESTED for _, state in states):
        return ()
    return tuple((name, state.st_mtime_ns, state.st_size) for name, state in states)


def _noted(folder: Path, seal: tuple[tuple[str, int, int], ...]) -> _Note:
    """Read what was noted under this seal; nothing where that is of another state, or no note of ours."""
    if seal:
        with contextlib.suppress(OSError, ValidationError):
            note = _Note.model_validate_json((folder / _NOTE).read_bytes())
            if note.seal == seal:
                return note
    return _Note()


def _write(folder: Path, note: _Note) -> None:
    """Put the note in place at once. It spares time and nothing else, so a cache that cannot be written is no error."""
    with contextlib.suppress(OSError):
        with tempfile.NamedTemporaryFile(dir=folder, prefix=_NOTE, delete=False) as file:
            file.write(note.model_dump_json().encode())
        try:
            Path(file.name).replace(folder / _NOTE)
        finally:
            Path(file.name).unlink(missing_ok=True)
