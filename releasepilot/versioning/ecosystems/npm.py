"""npm: package.json."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from releasepilot.errors import ManifestError
from releasepilot.model.catalog import Ecosystem
from releasepilot.model.plan import Splice
from releasepilot.versioning.ecosystems import json_spans
from releasepilot.versioning.ecosystems.manifest import Dependency, Moves, Package, spliced

_FILE = "package.json"
_KINDS = {
    "dependencies": "runtime",
    "devDependencies": "dev",
    "peerDependencies": "peer",
    "optionalDependencies": "optional",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class NpmManifests:
    """npm's manifests."""

    ecosystem: Ecosystem = Ecosystem.NPM
    files: tuple[str, ...] = (_FILE,)

    def normalise(self, name: str) -> str:
        """Return the name: npm's are compared as they are."""
        return name

    def read(self, files: Mapping[str, str]) -> Package:
        """Read package.json."""
        if _FILE not in files:
            return Package()
        document = json_spans.parse(_FILE, files[_FILE])
        found = _dependencies(document)
        return Package(
            name=_text(document.get("name")),
            version=_text(document.get("version")),
            dependencies=tuple(dependency for _, dependency in found),
        )

    def edit(self, files: Mapping[str, str], version: str, moves: Moves) -> Mapping[str, tuple[Splice, ...]]:
        """Set the version, also a placeholder such as `0.0.0-development`, and move the ranges."""
        if _FILE not in files:
            return {}
        text = files[_FILE]
        document = json_spans.parse(_FILE, text)
        spans = json_spans.spans(text)
        splices: list[Splice] = []
        if isinstance(document.get("version"), str):
            splices.append(json_spans.replacement(spans["version",], version))
        for path, dependency in _dependencies(document):
            new = moves.get((self.normalise(dependency.package), dependency.constraint))
            if new is not None:
                splices.append(json_spans.replacement(spans[path], new))
        changed = spliced(text, splices)
        return {_FILE: changed} if changed else {}


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _dependencies(document: dict[str, Any]) -> Iterator[tuple[json_spans.Path, Dependency]]:
    """Walk the dependency tables in the order of their kinds."""
    for table, kind in _KINDS.items():
        entries = document.get(table, {})
        if not isinstance(entries, dict):
            raise ManifestError(f"{_FILE}: {table} is not an object", hint="Write it as names with their ranges.")
        for name, constraint in entries.items():
            if not isinstance(constraint, str):
                raise ManifestError(
                    f"{_FILE}: the range of {name[:200]!r} in {table} is not a text", hint='Write it as "^1.2.0".'
                )
            yield (
                (table, name),
                Dependency(package=_original(name, constraint), constraint=constraint, kind=kind, path=_FILE),
            )


def _original(name: str, constraint: str) -> str:
    """Return the package behind an alias: `npm:@scope/name@^1.0.0`."""
    if not constraint.startswith("npm:"):
        return name
    target, at, _ = constraint[4:].rpartition("@")
    return target if at and target else constraint[4:]
