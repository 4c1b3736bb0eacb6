"""A component's files have two names: from its folder, as manifests are read, and from the root of its repository."""

from __future__ import annotations


def from_root(folder: str, name: str) -> str:
    """Return the path from the root of what a component in `folder` calls `name`, such as `../Cargo.toml`."""
    parts = _parts(folder)
    for part in name.split("/"):
        if part == "..":
            parts.pop()
        else:
            parts.append(part)
    return "/".join(parts)


def from_folder(folder: str, path: str) -> str:
    """Return what a component in `folder` calls a file of its repository."""
    own, parts = _parts(folder), path.split("/")
    shared = 0
    while shared < min(len(own), len(parts) - 1) and own[shared] == parts[shared]:
        shared += 1
    return "../" * (len(own) - shared) + "/".join(parts[shared:])


def above(folder: str, name: str) -> tuple[str, ...]:
    """Return what a component in `folder` calls the files of this name in the folders above it, the nearest first."""
    return tuple("../" * level + name for level in range(1, len(_parts(folder)) + 1))


def _parts(folder: str) -> list[str]:
    return [] if folder == "." else folder.split("/")
