"""Cargo: Cargo.toml, with renamed packages and what a workspace root shares, in the same folder or above it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from releasepilot.model.catalog import Ecosystem
from releasepilot.versioning.ecosystems import toml_spans
from releasepilot.versioning.ecosystems.manifest import Content, Declared, Dependency, Manifests

_FILE = "Cargo.toml"
_KINDS = {"dependencies": "runtime", "dev-dependencies": "dev", "build-dependencies": "build"}


class _Root(NamedTuple):
    """The file that holds the workspace, and what it shares."""

    file: str
    document: dict[str, Any]
    places: toml_spans.Places

    def shared(self, table: str) -> dict[str, Any]:
        """Return `workspace.dependencies` or `workspace.package`."""
        return toml_spans.table(self.file, self.document, "workspace", table)


@dataclass(frozen=True, slots=True, kw_only=True)
class CargoManifests(Manifests):
    """Cargo's manifest."""

    ecosystem: Ecosystem = Ecosystem.CARGO
    files: tuple[str, ...] = (_FILE,)
    above: tuple[str, ...] = (_FILE,)

    def normalise(self, name: str) -> str:
        """Return the name with dashes: crates.io takes `-` and `_` for the same."""
        return name.replace("_", "-").lower()

    def contents(self, files: Mapping[str, str]) -> Mapping[str, Content]:
        """Read Cargo.toml; what it inherits stands in the workspace's table, and is changed there."""
        if _FILE not in files:
            return {}
        document = toml_spans.parse(_FILE, files[_FILE])
        own = _Root(_FILE, document, toml_spans.Places(files[_FILE]))
        root = own if "workspace" in document or not _inherits(document) else _root_above(files, own)
        package = toml_spans.table(_FILE, document, "package")
        declared = list(_declared(own, root))
        inherited = [each for each in declared if each.dependency.path != _FILE]
        name = package.get("name")
        contents = {
            _FILE: Content(
                name=name if isinstance(name, str) else None,
                private=package.get("publish") is False,
                declared=tuple(each for each in declared if each.dependency.path == _FILE),
            )
        }
        if inherited:
            contents[root.file] = Content(declared=tuple(inherited))
        _add_version(contents, own, root)
        return contents


def _inherits(document: dict[str, Any]) -> bool:
    """Tell whether the package takes its version or a dependency from its workspace."""
    package = toml_spans.table(_FILE, document, "package")
    tables = [toml_spans.table(_FILE, document, table) for table in _KINDS]
    for target in toml_spans.table(_FILE, document, "target"):
        tables += [toml_spans.table(_FILE, document, "target", target, table) for table in _KINDS]
    entries = [package.get("version"), *(entry for table in tables for entry in table.values())]
    return any(_from_workspace(entry) for entry in entries)


def _from_workspace(entry: object) -> bool:
    return isinstance(entry, dict) and entry.get("workspace") is True


def _root_above(files: Mapping[str, str], own: _Root) -> _Root:
    """Return the nearest manifest above that is a workspace; the package's own where there is none."""
    above = sorted((name for name in files if name.endswith(f"../{_FILE}")), key=len)
    for name in above:
        document = toml_spans.parse(name, files[name])
        if "workspace" in document:
            return _Root(name, document, toml_spans.Places(files[name]))
    return own


def _add_version(contents: dict[str, Content], own: _Root, root: _Root) -> None:
    """Add the version to the content of the file where it stands: the package's own, or the workspace's."""
    package = toml_spans.table(_FILE, own.document, "package")
    version: object = package.get("version", "")
    holder: _Root = own
    path: toml_spans.Path = ("package", "version")
    if _from_workspace(version) or not package:
        version = root.shared("package").get("version", "")
        holder, path = root, ("workspace", "package", "version")
    if isinstance(version, str) and version:
        before = contents.get(holder.file, Content())
        contents[holder.file] = replace(before, version=version, write_version=holder.places.writer(path))


def _declared(own: _Root, root: _Root) -> Iterator[Declared]:
    """Walk all dependency tables: the package's, those of each target, and the workspace's."""
    for table, kind in _KINDS.items():
        yield from _entries(own, root, (table,), kind)
    for target in toml_spans.table(_FILE, own.document, "target"):
        for table, kind in _KINDS.items():
            yield from _entries(own, root, ("target", target, table), kind, target)
    yield from _entries(own, own, ("workspace", "dependencies"), "runtime", "workspace")


def _entries(own: _Root, root: _Root, path: tuple[str, ...], kind: str, group: str = "") -> Iterator[Declared]:
    """Walk one table. An inherited entry takes constraint and place from the workspace's table."""
    for key, entry in toml_spans.table(_FILE, own.document, *path).items():
        holder, place, declared = own, (*path, key), entry
        if _from_workspace(entry):
            holder, place = root, ("workspace", "dependencies", key)
            declared = root.shared("dependencies").get(key, {})
        if isinstance(declared, dict):
            place = (*place, "version")
        optional = isinstance(entry, dict) and entry.get("optional") is True and kind == "runtime"
        dependency = Dependency(
            package=_field(declared, "package") or key,
            constraint=declared if isinstance(declared, str) else _field(declared, "version"),
            kind="optional" if optional else kind,
            path=holder.file,
            group=group,
        )
        yield Declared(dependency=dependency, write=holder.places.writer(place))


def _field(entry: object, name: str) -> str:
    """Return a text field of a detailed entry, empty where there is none."""
    value = entry.get(name, "") if isinstance(entry, dict) else ""
    return value if isinstance(value, str) else ""
