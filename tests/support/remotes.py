"""Real bare repositories for tests, made by git-fast-import in one process each."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

#: The committer of every commit, and the time of the first.
WHO = "Robin Example <robin@example.org>"
BEGAN = 1_767_603_600

Content = str | bytes | None


@dataclass(frozen=True, kw_only=True)
class Change:
    """One commit of a history."""

    message: str | bytes = "chore: work"
    #: Path to content; None deletes the file.
    files: Mapping[str, Content] = field(default_factory=dict)
    #: An annotated tag on this commit.
    tag: str | None = None
    #: Path to the commit of a submodule.
    links: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Remote:
    """A bare repository and what a test asks of it, always by git itself."""

    folder: Path

    @property
    def url(self) -> str:
        """Its address."""
        return str(self.folder)

    def git(self, *words: str, stdin: bytes = b"") -> str:
        """Run git in it and return what it says."""
        return run_git(self.folder, *words, stdin=stdin)

    def head(self, branch: str = "main") -> str:
        """Return the commit of a branch."""
        return self.git("rev-parse", f"refs/heads/{branch}")

    def refs(self) -> dict[str, str]:
        """Return all refs."""
        lines = self.git("for-each-ref", "--format=%(refname) %(objectname)").splitlines()
        return {name: oid for name, _, oid in (line.partition(" ") for line in lines)}

    def show(self, path: str, rev: str = "main") -> str:
        """Return a file as it is, line endings included."""
        done = subprocess.run(["git", "show", f"{rev}:{path}"], cwd=self.folder, check=True, capture_output=True)
        return done.stdout.decode()

    def blob(self, path: str, rev: str = "main") -> str:
        """Return the blob id of a file."""
        return self.git("rev-parse", f"{rev}:{path}")

    def add(self, *changes: Change | str, branch: str = "main") -> str:
        """Let somebody else push commits; return the new head."""
        self.git("fast-import", "--quiet", stdin=_stream(_changes(changes), branch, self.head(branch)))
        return self.head(branch)

    def hook(self, name: str, script: str) -> None:
        """Install a server-side hook."""
        path = self.folder / "hooks" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)


def make_remote(
    folder: Path,
    history: Sequence[Change | str] = ("feat: first",),
    *,
    branch: str = "main",
    tags: Mapping[str, int] | None = None,
    files: Mapping[str, Content] | None = None,
) -> Remote:
    """Make a bare repository: `history` oldest first, `tags` name to index in it, `files` in the first commit."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    run_git(None, "init", "--bare", "--quiet", f"--initial-branch={branch}", "--", str(folder))
    changes = _changes(history)
    if changes and files:
        first = changes[0]
        changes[0] = Change(message=first.message, files={**files, **first.files}, tag=first.tag, links=first.links)
    remote = Remote(folder=folder)
    if changes:
        remote.git("fast-import", "--quiet", stdin=_stream(changes, branch, None, tags or {}))
    return remote


def run_git(folder: Path | None, *words: str, stdin: bytes = b"") -> str:
    """Run git and return what it says; its own words are in the failure."""
    done = subprocess.run(["git", *words], cwd=folder, input=stdin, capture_output=True, check=False)
    if done.returncode:
        raise AssertionError(f"git {words[0]}: {done.stderr.decode()}")
    return done.stdout.decode("utf-8", "replace").strip()


def _changes(history: Iterable[Change | str]) -> list[Change]:
    return [Change(message=entry) if isinstance(entry, str) else entry for entry in history]


def _stream(changes: Sequence[Change], branch: str, parent: str | None, tags: Mapping[str, int] | None = None) -> bytes:
    """Write commits and tags in the format of git-fast-import."""
    wanted = [(change.tag, index) for index, change in enumerate(changes) if change.tag]
    wanted += list((tags or {}).items())
    parts: list[bytes] = []
    for index, change in enumerate(changes):
        parts.append(_commit(index, change, branch, parent))
    for tag, index in wanted:
        parts.append(_data(f"tag {tag}\nfrom :{index + 1}\ntagger {WHO} {BEGAN + index} +0000\n", tag))
    return b"".join(parts)


def _commit(index: int, change: Change, branch: str, parent: str | None) -> bytes:
    head = f"commit refs/heads/{branch}\nmark :{index + 1}\ncommitter {WHO} {BEGAN + index} +0000\n"
    start = f"from {parent}\n" if parent and index == 0 else ""
    parts = [_data(head, change.message), start.encode()]
    for path, content in change.files.items():
        parts.append(f"D {path}\n".encode() if content is None else _data(f"M 100644 inline {path}\n", content))
    parts += [f"M 160000 {commit} {path}\n".encode() for path, commit in change.links.items()]
    return b"".join(parts)


def _data(head: str, text: str | bytes) -> bytes:
    body = text.encode() if isinstance(text, str) else text
    return f"{head}data {len(body)}\n".encode() + body + b"\n"
