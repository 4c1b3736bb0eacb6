"""Three npm repositories in a row, lib <- api <- app, each with something to release."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from support.remotes import Change, Content, Remote, make_remote

NAMES = ("lib", "api", "app")
_NEEDS: dict[str, dict[str, str]] = {"lib": {}, "api": {"lib": "~1.0.0"}, "app": {"api": "~1.0.0"}}


def manifest(name: str, *, newline: str = "\n") -> bytes:
    """Write the package.json of a repository as of its last release."""
    fields = {"name": name, "version": "1.0.0", "dependencies": _NEEDS[name]}
    return (json.dumps(fields, indent=2) + "\n").replace("\n", newline).encode()


def a_shop_remote(
    folder: Path,
    name: str,
    *since: Change | str,
    tag: str | None = "v1.0.0",
    newline: str = "\n",
    files: Mapping[str, Content] | None = None,
) -> Remote:
    """Make one of the three, released as 1.0.0, with these commits since."""
    first = Change(
        message="feat: begin",
        files={"package.json": manifest(name, newline=newline), "README.md": "# read me\n", **(files or {})},
        tag=tag,
    )
    return make_remote(folder / f"{name}.git", [first, *(since or ("feat: more",))])


def a_shop(folder: Path) -> dict[str, Remote]:
    """Make all three."""
    return {name: a_shop_remote(folder, name) for name in NAMES}


def entries(remotes: Mapping[str, Remote], **more: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return their entries of a catalog, with keys of single components added."""
    return [{"name": name, "repo": remote.url, **more.get(name, {})} for name, remote in remotes.items()]
