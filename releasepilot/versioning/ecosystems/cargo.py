"""Cargo: Cargo.toml, with renamed packages and what a workspace root shares."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from releasepilot.model.catalog import Ecosystem
from releasepilot.model.plan import Splice
from releasepilot.versioning.ecosystems import toml_spans
from releasepilot.versioning.ecosystems.manifest import Dependency, Moves, Package, spliced

_FILE = "Cargo.toml"
_KINDS = {"dependencies": "runtime", "dev-dependencies": "dev", "build-dependencies": "build"}
_VERSIONS = (("package", "version"), ("workspace", "package", "version"))


@dataclass(frozen=True, slots=True, kw_only=True)
class CargoManifests:
    """Cargo's manifest."""

    ecosystem: Ecosystem = Ecosystem.CARGO
    files: tuple[str, ...] = (_FILE,)

    def normalise(self, name: str) -> str:
        """Return the name with dashes: crates.io takes `-` and `_` for the same."""
        return name.replace("_", "-").lower()

    def read(self, files: Mapping[str, str]) -> Package:
        """Read Cargo.toml; what the package inherits is looked up in the same file."""
        if _FILE not in files:
            return Package()
        document = toml_spans.parse(_FILE, files[_FILE])
        package = toml_spans.table(_FILE, document, "package")
        version = package.get("version", "")
        if isinstance(version, dict) or not package:
            version = toml_spans.table(_FILE, document, "workspace", "package").get("version", "")
        name = package.get("name")
        return Package(
            name=name if isinstance(name, str) else None,
            version=version if isinstance(version, str) and version else None,
            dependencies=tuple(dependency for _, dependency in _dependencies(document)),
        )

    def edit(self, files: Mapping[str, str], version: str, moves: Moves) -> Mapping[str, tuple[Splice, ...]]:
        """Set the package's version, or the workspace's where it is inherited, and move the requirements."""
        if _FILE not in files:
            return {}
        text = files[_FILE]
        document = toml_spans.parse(_FILE, text)
        spans = toml_spans.spans(text)
        place = next((path for path in _VERSIONS if path in spans), None)
        splices = [toml_spans.replacement(text, spans[place], version)] if place else []
        for path, dependency in _dependencies(document):
            new = moves.get((self.normalise(dependency.package), dependency.constraint))
            if new is not None and path in spans:
                splices.append(toml_spans.replacement(text, spans[path], new))
        changed = spliced(text, splices)
        return {_FILE: changed} if changed else {}


def _dependencies(document: dict[str, Any]) -> Iterator[tuple[toml_spans.Path, Dependency]]:
    """Walk all dependency tables: the package's, those of each target, and the workspace's."""
    shared = toml_spans.table(_FILE, document, "workspace", "dependencies")
    for table, kind in _KINDS.items():
        yield from _entries(toml_spans.table(_FILE, document, table), (table,), kind, shared)
    for target in toml_spans.table(_FILE, document, "target"):
        for table, kind in _KINDS.items():
            entries = toml_spans.table(_FILE, document, "target", target, table)
            yield from _entries(entries, ("target", target, table), kind, shared, target)
    yield from _entries(shared, ("workspace", "dependencies"), "runtime", {}, "workspace")


def _entries(
    entries: dict[str, Any], path: toml_spans.Path, kind: str, shared: dict[str, Any], group: str = ""
) -> Iterator[tuple[toml_spans.Path, Dependency]]:
    """Walk one table. An inherited entry takes constraint and place from the workspace's table."""
    for key, entry in entries.items():
        place: toml_spans.Path = (*path, key)
        declared = entry
        if isinstance(entry, dict) and entry.get("workspace") is True:
            place, declared = ("workspace", "dependencies", key), shared.get(key, {})
        if isinstance(declared, dict):
            place = (*place, "version")
        optional = isinstance(entry, dict) and entry.get("optional") is True and kind == "runtime"
        dependency = Dependency(
            package=_field(declared, "package") or key,
            constraint=declared if isinstance(declared, str) else _field(declared, "version"),
            kind="optional" if optional else kind,
            path=_FILE,
            group=group,
        )
        yield place, dependency


def _field(entry: object, name: str) -> str:
    """Return a text field of a detailed entry, empty where there is none."""
    value = entry.get(name, "") if isinstance(entry, dict) else ""
    return value if isinstance(value, str) else ""
