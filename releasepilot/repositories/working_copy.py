"""Branches that no push may move, because a working copy of the repository has them checked out."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

from releasepilot.repositories.command import Cancellation, Git

_BARE = re.compile(r"^\s*bare\s*=\s*true\s*$", re.MULTILINE | re.IGNORECASE)

#: The values of `receive.denyCurrentBranch` (git-config(1)) that let such a push through, in lower case.
_LETS_THROUGH = frozenset({"updateinstead", "ignore", "warn", "false", "no", "off", "0", ""})


def checked_out(repo: str, *, timeout: float = 300.0, cancellation: Cancellation | None = None) -> dict[str, Path]:
    """Return the branches of a repository on this machine that its working copies hold, each with its folder.

    Empty where git would take a push to them all the same, for a bare repository without working copies, and for an
    address that is no folder. Like git-receive-pack it counts linked working copies too, also those that are gone but
    not pruned. Raises `CommandFailed` where git cannot read the repository.
    """
    try:
        folder = _common_folder(repo)
        if folder is None or _plainly_bare(folder):
            return {}
    except (OSError, UnicodeDecodeError):
        # Whatever cannot be looked at here is git's to judge.
        return {}
    git = Git(folder, timeout=timeout, cancellation=cancellation)
    held = _held(git.run("worktree", "list", "--porcelain").decode("utf-8", "surrogateescape"))
    if held and _lets_through(git):
        return {}
    return held


def _common_folder(repo: str) -> Path | None:
    """Find the repository's own folder where git looks for it; None where the address names none on this machine."""
    base = Path(unquote(urlsplit(repo).path)) if repo.startswith("file://") else Path(repo)
    if not base.is_absolute():
        return None
    for folder in (
        base / ".git",
        base,
        base.with_name(f"{base.name}.git") / ".git",
        base.with_name(f"{base.name}.git"),
    ):
        if folder.is_file():
            # A linked working copy or a submodule keeps a pointer in place of the folder.
            named = folder.read_text().removeprefix("gitdir:").strip()
            return _shared(folder.parent / named)
        if (folder / "HEAD").is_file():
            return _shared(folder)
    return None


def _shared(folder: Path) -> Path:
    """Go from the folder of a linked working copy to that of its repository."""
    pointer = folder / "commondir"
    return (folder / pointer.read_text().strip()).resolve() if pointer.is_file() else folder.resolve()


def _plainly_bare(folder: Path) -> bool:
    """Whether no process is needed to see that nothing is checked out."""
    return not (folder / "worktrees").is_dir() and bool(_BARE.search((folder / "config").read_text()))


def _held(listing: str) -> dict[str, Path]:
    """Read the branches off git's list of working copies."""
    held: dict[str, Path] = {}
    where = Path()
    for line in listing.splitlines():
        key, _, value = line.partition(" ")
        if key == "worktree":
            where = Path(value)
        elif key == "branch":
            held[value.removeprefix("refs/heads/")] = where
    return held


def _lets_through(git: Git) -> bool:
    said = git.run("config", "--get", "--default", "refuse", "receive.denyCurrentBranch")
    return said.decode("utf-8", "replace").strip().lower() in _LETS_THROUGH
