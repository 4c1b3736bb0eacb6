"""Read git objects from a mirror, any number of them with one process."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from releasepilot.repositories.command import Git


@dataclass(frozen=True, slots=True, kw_only=True)
class GitObject:
    """An object of the database."""

    oid: str
    #: blob, tree, commit or tag.
    kind: str
    data: bytes

    @property
    def headers(self) -> dict[str, str]:
        """The header lines of a commit or tag; of a repeated one the first."""
        found: dict[str, str] = {}
        for line in self._parts[0].splitlines():
            key, _, value = line.partition(" ")
            if key:
                found.setdefault(key, value)
        return found

    @property
    def message(self) -> str:
        """The message of a commit or tag, undecodable bytes replaced."""
        return self._parts[1]

    @property
    def _parts(self) -> tuple[str, str]:
        head, _, message = self.data.partition(b"\n\n")
        return head.decode("utf-8", "replace"), message.decode("utf-8", "replace")


@dataclass(frozen=True, slots=True, kw_only=True)
class TreeEntry:
    """A file as a tree lists it."""

    #: Octal, as git writes it: 100644, 100755, 120000 (a symbolic link), 160000 (a submodule).
    mode: str
    blob: str


def read_objects(git: Git, names: Sequence[str]) -> list[GitObject | None]:
    """Read objects by id or `<commit>:<path>`, in the order asked for; None for each that is not there."""
    if not names:
        return []
    data = git.run("cat-file", "--batch", stdin="".join(f"{name}\n" for name in names).encode())
    found: list[GitObject | None] = []
    at = 0
    for name in names:
        missing = f"{name} missing\n".encode()
        if data.startswith(missing, at):
            found.append(None)
            at += len(missing)
            continue
        end = data.index(b"\n", at)
        oid, kind, size = data[at:end].decode().split(" ")
        start, at = end + 1, end + 2 + int(size)
        found.append(GitObject(oid=oid, kind=kind, data=data[start : at - 1]))
    return found


def read_object(git: Git, name: str) -> GitObject | None:
    """Read one object; None where it is not there."""
    return read_objects(git, [name])[0]


def list_files(git: Git, commit: str, paths: Iterable[str]) -> dict[str, TreeEntry]:
    """Return the entries of a commit's tree at these paths; those that do not exist are left out."""
    asked = tuple(paths)
    if not asked:
        return {}
    listing = git.run("ls-tree", "-z", "--full-tree", commit, "--", *asked)
    found: dict[str, TreeEntry] = {}
    for line in listing.decode("utf-8", "surrogateescape").split("\0"):
        if line:
            facts, _, path = line.partition("\t")
            mode, _, blob = facts.split(" ")
            found[path] = TreeEntry(mode=mode, blob=blob)
    return found
