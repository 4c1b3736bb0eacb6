"""Bare repositories with a history, written by git itself from one stream for each."""

from __future__ import annotations

from pathlib import Path

from releasepilot.cli.demo.shop import CHECK, FAILING_CHECK, Component
from releasepilot.repositories.command import Git

#: 2026-01-05 09:00 UTC; each commit is an hour after the one before.
_BEGAN = 1767603600
_WHO = "Robin Example <robin@example.org>"

#: What a hosting service does with a protected branch. Staging refs are let through.
_REFUSE = """#!/bin/sh
case "$1" in
refs/heads/*) echo "protected branch: releases of this repository are frozen" >&2; exit 1 ;;
esac
"""


def make_remote(folder: Path, component: Component, *, failing_check: bool = False, frozen: bool = False) -> Git:
    """Make a bare repository with the history of a component.

    With `failing_check` the newest commit brings a test that fails; `frozen` refuses pushes to its branches.
    """
    git = Git(folder / f"{component.name}.git")
    git.run("init", "--bare", "--quiet", "--initial-branch=main")
    git.run("fast-import", "--quiet", stdin=_stream(component, failing_check=failing_check))
    if frozen:
        hook = git.folder / "hooks" / "update"
        hook.parent.mkdir(exist_ok=True)
        hook.write_text(_REFUSE)
        hook.chmod(0o755)
    return git


def _stream(component: Component, *, failing_check: bool) -> bytes:
    """Write the history in the format of git-fast-import."""
    files = {
        component.manifest: component.manifest_text(),
        "check.py": CHECK.format(manifest=component.manifest),
        "README.md": f"# {component.name}\n",
    }
    parts = [
        _commit(1, f"chore: release {component.version}", files),
        _data(f"tag v{component.version}\nfrom :1\ntagger {_WHO} {_BEGAN + 3600} +0000\n", f"v{component.version}"),
    ]
    for number, message in enumerate(component.since, 2):
        last = number == len(component.since) + 1
        check = {"check.py": FAILING_CHECK} if failing_check and last else {}
        parts.append(_commit(number, message, {f"src/change_{number}.txt": f"{message}\n", **check}))
    return b"".join(parts)


def _commit(number: int, message: str, files: dict[str, str]) -> bytes:
    head = f"commit refs/heads/main\nmark :{number}\ncommitter {_WHO} {_BEGAN + number * 3600} +0000\n"
    tree = b"".join(_data(f"M 100644 inline {path}\n", text) for path, text in files.items())
    parent = f"from :{number - 1}\n".encode() if number > 1 else b""
    return _data(head, message) + parent + tree


def _data(head: str, text: str) -> bytes:
    body = text.encode()
    return f"{head}data {len(body)}\n".encode() + body + b"\n"
