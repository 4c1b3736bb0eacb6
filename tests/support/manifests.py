"""What tests of manifests ask: the edited texts, and what is told of a dependency."""

from __future__ import annotations

from collections.abc import Mapping

from releasepilot.model.catalog import Ecosystem
from releasepilot.model.plan import FileEdit
from releasepilot.versioning.ecosystems import MANIFESTS, Dependency


def edited(
    ecosystem: Ecosystem, files: Mapping[str, str], version: str, moves: Mapping[tuple[str, str], str]
) -> dict[str, str]:
    """Return the files after an edit."""
    edits = MANIFESTS[ecosystem].edit(files, version, moves)
    return {
        name: FileEdit(path=name, before="x", splices=edits.get(name, ())).apply(text) for name, text in files.items()
    }


def told(dependency: Dependency) -> tuple[str, str, str, str]:
    """Return what matters of a dependency."""
    return dependency.package, dependency.constraint, dependency.kind, dependency.group
