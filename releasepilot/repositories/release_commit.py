"""Build release commits, their tags and their reverts in a mirror, without a work tree: equal inputs give equal ids."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import MappingProxyType

from releasepilot.errors import StepConflict, StepError, StepRefused
from releasepilot.model.commit import COMPONENT_TRAILER, REVERT_TRAILER, TRAIN_TRAILER
from releasepilot.model.plan import Release
from releasepilot.repositories.command import Git
from releasepilot.repositories.objects import TreeEntry, list_files, read_objects

#: Git's mode of a symbolic link, whose blob is the path that it points to.
_LINK = "120000"
_NEW_FILE = "100644"
_NO_LOCKS: Mapping[str, TreeEntry] = MappingProxyType({})
_SUBJECT = re.compile(r"release: (?P<component>\S+) (?P<version>\S+)")
_TRAILER = re.compile(r"(?P<key>[A-Za-z][A-Za-z-]*): (?P<value>.*)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Whose release a commit or tag is: what its subject and trailers say."""

    train: str
    component: str
    version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """A release commit and the annotated tag on it, by object id. Both exist in the mirror only."""

    commit: str
    tag: str


def identity_of(message: str) -> Identity | None:
    """Read the identity from a message that `build_release` wrote; None for any other message."""
    subject = _SUBJECT.fullmatch(message.partition("\n")[0])
    trailers = trailers_of(message)
    if subject is None or trailers.get(COMPONENT_TRAILER) != subject["component"] or TRAIN_TRAILER not in trailers:
        return None
    return Identity(train=trailers[TRAIN_TRAILER], component=subject["component"], version=subject["version"])


def trailers_of(message: str) -> dict[str, str]:
    """Return the trailers of a message: the `Key: value` lines of its last paragraph (git-interpret-trailers)."""
    last = message.rstrip("\n").rpartition("\n\n")[2]
    return {found["key"]: found["value"] for line in last.splitlines() if (found := _TRAILER.fullmatch(line))}


def stale_files(git: Git, release: Release, base: str) -> tuple[str, ...]:
    """Return the files of the release that are at `base` not what the plan was made of, so that it does not apply."""
    entries = list_files(git, base, _files(release))
    edited = tuple(edit.path for edit in release.edits if _blob(entries, edit.path) != edit.before)
    if not release.locks or base == release.head:
        return edited
    planned = list_files(git, release.head, release.locks)
    return (*edited, *(path for path in release.locks if _blob(entries, path) != _blob(planned, path)))


def build_release(
    git: Git, *, release: Release, train: str, when: datetime, base: str, locks: Mapping[str, TreeEntry] = _NO_LOCKS
) -> Built:
    """Build the release commit on top of `base` and the tag object on it; `locks` are refreshed lock files.

    Raises `StepConflict` where a file to be changed is not the one that the plan was made of.
    """
    entries = list_files(git, base, _files(release))
    stale = stale_files(git, release, base)
    if stale:
        paths = ", ".join(stale)
        raise StepConflict(
            f"{paths} at {base[:10]} is not the file that the plan was made of",
            hint="make a new plan: the repository has moved on",
            component=release.component,
        )
    links = [path for path, entry in entries.items() if entry.mode == _LINK]
    if links:
        raise StepRefused(
            f"{', '.join(links)} is a symbolic link, and editing it would break it",
            hint="commit the file itself in its place",
            component=release.component,
        )
    subject, trailers = _subject(release), _trailers(release, train)
    tree = _write_tree(git, base, {**_edited(git, release, entries), **locks})
    commit = _commit(git, release, when, tree=tree, parent=base, message=f"{subject}\n\n{trailers}")
    section = release.changelog.replace("\0", "").strip("\n")
    body = "\n\n".join(part for part in (subject, section, trailers) if part)
    header = f"object {commit}\ntype commit\ntag {release.tag}\ntagger {_signature(release, when)}\n\n"
    tag = git.run("mktag", stdin=(header + body).encode("utf-8", "replace"))
    return Built(commit=commit, tag=tag.decode().strip())


def build_revert(git: Git, *, release: Release, train: str, when: datetime, tip: str, commit: str) -> str:
    """Build the commit on top of `tip` that undoes the edits of the release commit `commit`, and return its id.

    Raises `StepConflict` where an edited file no longer has the content that the release gave it.
    """
    paths = _files(release)
    written, now = list_files(git, commit, paths), list_files(git, tip, paths)
    changed = [path for path in paths if _blob(written, path) != _blob(now, path)]
    if changed:
        raise StepConflict(
            f"{', '.join(changed)} was changed after release commit {commit[:10]}, so a revert would lose that change",
            hint=f"undo the release by hand: git revert {commit[:10]} on {release.branch}",
            component=release.component,
        )
    restored: dict[str, TreeEntry | None] = {}
    for edit in release.edits:
        mode = now[edit.path].mode if edit.path in now else _NEW_FILE
        restored[edit.path] = TreeEntry(mode=mode, blob=edit.before) if edit.before else None
    restored |= _entries_before(git, release, now)
    message = (
        f"revert: release {release.component} {release.to_version}\n\n"
        f"This reverts commit {commit}.\n\n"
        f"{REVERT_TRAILER}: {train}/{release.component}\n"
    )
    tree = _write_tree(git, tip, restored)
    return _commit(git, release, when, tree=tree, parent=tip, message=message)


def _subject(release: Release) -> str:
    return f"release: {release.component} {release.to_version}"


def _trailers(release: Release, train: str) -> str:
    return f"{TRAIN_TRAILER}: {train}\n{COMPONENT_TRAILER}: {release.component}\n"


def _files(release: Release) -> tuple[str, ...]:
    """Return every file that the release commit may change."""
    return (*(edit.path for edit in release.edits), *release.locks)


def _entries_before(git: Git, release: Release, now: Mapping[str, TreeEntry]) -> dict[str, TreeEntry | None]:
    """Return the lock files as they were planned on, for those that are there now or were there then."""
    before = list_files(git, release.head, release.locks)
    return {path: before.get(path) for path in release.locks if path in before or path in now}


def store_files(git: Git, contents: Mapping[str, bytes], base: str) -> dict[str, TreeEntry]:
    """Put files into the object database; each keeps the mode that it has in the commit `base`."""
    modes = list_files(git, base, contents)
    blobs = _write_blobs(git, list(contents.values()))
    return {
        path: TreeEntry(mode=modes[path].mode if path in modes else _NEW_FILE, blob=blob)
        for path, blob in zip(contents, blobs, strict=True)
    }


def _blob(entries: Mapping[str, TreeEntry], path: str) -> str | None:
    entry = entries.get(path)
    return entry.blob if entry else None


def _edited(git: Git, release: Release, entries: Mapping[str, TreeEntry]) -> dict[str, TreeEntry | None]:
    """Write the edited files into the object database. A file keeps its mode."""
    before = read_objects(git, [edit.before for edit in release.edits if edit.before])
    texts = {found.oid: found.data.decode("utf-8") for found in before if found}
    contents = [edit.apply(texts[edit.before] if edit.before else "").encode() for edit in release.edits]
    blobs = _write_blobs(git, contents)
    return {
        edit.path: TreeEntry(mode=entries[edit.path].mode if edit.path in entries else _NEW_FILE, blob=blob)
        for edit, blob in zip(release.edits, blobs, strict=True)
    }


def _write_blobs(git: Git, contents: list[bytes]) -> list[str]:
    """Store contents with one process. The file names that git reads are ours, never a repository's."""
    if not contents:
        return []
    with _scratch(git) as folder:
        files = [folder / str(number) for number in range(len(contents))]
        for file, content in zip(files, contents, strict=True):
            file.write_bytes(content)
        listing = "".join(f"{file}\n" for file in files).encode()
        written = git.run("hash-object", "-w", "--no-filters", "--stdin-paths", stdin=listing)
    return written.decode().split()


def _write_tree(git: Git, base: str, changes: Mapping[str, TreeEntry | None]) -> str:
    """Return the tree of `base` with some files replaced, or removed where None stands."""
    null = "0" * len(base)
    lines = (
        f"{entry.mode} {entry.blob}\t{path}\0" if entry else f"0 {null}\t{path}\0" for path, entry in changes.items()
    )
    with _scratch(git) as folder:
        env = {"GIT_INDEX_FILE": str(folder / "index")}
        git.run("read-tree", base, env=env)
        if changes:
            git.run("update-index", "-z", "--index-info", stdin="".join(lines).encode(), env=env)
        return git.run("write-tree", env=env).decode().strip()


def _commit(git: Git, release: Release, when: datetime, *, tree: str, parent: str, message: str) -> str:
    """Store a commit whose author, committer and dates are given, so that its id depends on nothing else."""
    date = f"@{int(when.timestamp())} +0000"
    env = {
        f"GIT_{role}_{fact}": value
        for role in ("AUTHOR", "COMMITTER")
        for fact, value in (("NAME", release.author.name), ("EMAIL", release.author.email), ("DATE", date))
    }
    made = git.run("commit-tree", tree, "-p", parent, "-F", "-", stdin=message.encode("utf-8", "replace"), env=env)
    return made.decode().strip()


def _signature(release: Release, when: datetime) -> str:
    return f"{release.author.name} <{release.author.email}> {int(when.timestamp())} +0000"


@contextmanager
def _scratch(git: Git) -> Iterator[Path]:
    """Give a folder beside the mirrors' objects, so that a full disk shows before anything is pushed."""
    try:
        with tempfile.TemporaryDirectory(prefix="scratch-", dir=git.folder) as folder:
            yield Path(folder)
    except OSError as failure:
        raise StepError(
            f"the mirror cache cannot be written: {failure}",
            hint="free space in the cache folder, make it writable, or set RELEASEPILOT_CACHE_DIR to another folder",
        ) from failure
