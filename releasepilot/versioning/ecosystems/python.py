"""Python: pyproject.toml by PEP 621 and PEP 735, and Poetry's and uv's own tables."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from releasepilot.errors import ManifestError
from releasepilot.model.catalog import Ecosystem
from releasepilot.model.plan import Splice
from releasepilot.versioning.ecosystems import toml_spans
from releasepilot.versioning.ecosystems.manifest import Dependency, Moves, Package, spliced

_FILE = "pyproject.toml"
_REQUIREMENT = re.compile(r"\s*([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)\s*(?:\[[^\]]*\])?")
_VERSIONS = (("project", "version"), ("tool", "poetry", "version"))


class _Declared(NamedTuple):
    """A dependency and the string that declares it; `part` is the constraint within that string's value."""

    path: toml_spans.Path
    value: str
    part: tuple[int, int]
    dependency: Dependency


@dataclass(frozen=True, slots=True, kw_only=True)
class PythonManifests:
    """Python's manifest."""

    ecosystem: Ecosystem = Ecosystem.PYTHON
    files: tuple[str, ...] = (_FILE,)

    def normalise(self, name: str) -> str:
        """Return the name as PEP 503 normalises it."""
        return str(canonicalize_name(name))

    def read(self, files: Mapping[str, str]) -> Package:
        """Read pyproject.toml; a dynamic version is None."""
        if _FILE not in files:
            return Package()
        document = toml_spans.parse(_FILE, files[_FILE])
        poetry = toml_spans.table(_FILE, document, "tool", "poetry")
        project = toml_spans.table(_FILE, document, "project")
        name = project.get("name", poetry.get("name"))
        version = project.get("version", poetry.get("version"))
        return Package(
            name=name if isinstance(name, str) else None,
            version=version if isinstance(version, str) else None,
            dependencies=tuple(found.dependency for found in _declared(document)),
        )

    def edit(self, files: Mapping[str, str], version: str, moves: Moves) -> Mapping[str, tuple[Splice, ...]]:
        """Set a static version and move the specifiers; extras, markers and comments stay."""
        if _FILE not in files:
            return {}
        text = files[_FILE]
        document = toml_spans.parse(_FILE, text)
        spans = toml_spans.spans(text)
        splices = [toml_spans.replacement(text, spans[path], version) for path in _VERSIONS if path in spans]
        for found in _declared(document):
            new = moves.get((self.normalise(found.dependency.package), found.dependency.constraint))
            if new is not None and found.path in spans:
                splices.append(toml_spans.inside(text, spans[found.path], found.value, found.part, new))
        changed = spliced(text, splices)
        return {_FILE: changed} if changed else {}


def _declared(document: dict[str, Any]) -> Iterator[_Declared]:
    """Walk everything that declares a dependency, in the order of kinds."""
    project = toml_spans.table(_FILE, document, "project")
    yield from _listed(project.get("dependencies", []), ("project", "dependencies"), "runtime")
    for extra, entries in toml_spans.table(_FILE, document, "project", "optional-dependencies").items():
        yield from _listed(entries, ("project", "optional-dependencies", extra), "optional", extra)
    for group, entries in toml_spans.table(_FILE, document, "dependency-groups").items():
        yield from _listed(entries, ("dependency-groups", group), "dev", group)
    uv = toml_spans.table(_FILE, document, "tool", "uv")
    yield from _listed(uv.get("dev-dependencies", []), ("tool", "uv", "dev-dependencies"), "dev", "dev")
    build = toml_spans.table(_FILE, document, "build-system")
    yield from _listed(build.get("requires", []), ("build-system", "requires"), "build")
    yield from _poetry(document)


def _listed(entries: object, path: toml_spans.Path, kind: str, group: str = "") -> Iterator[_Declared]:
    """Walk a list of PEP 508 requirements; PEP 735 may include other groups in it, which is no dependency."""
    if not isinstance(entries, list):
        raise ManifestError(f"{_FILE}: {'.'.join(map(str, path))} is not an array", hint="Write it as an array.")
    for index, entry in enumerate(entries):
        if isinstance(entry, dict) and "include-group" in entry:
            continue
        if not isinstance(entry, str):
            where = ".".join(map(str, path))
            raise ManifestError(f"{_FILE}: item {index + 1} of {where} is not a text", hint='Write it as "name>=1.0".')
        part = _specifier(entry, path)
        name = _REQUIREMENT.match(entry)
        dependency = Dependency(
            package=name[1] if name else entry,
            constraint=entry[part[0] : part[1]],
            kind=kind,
            path=_FILE,
            group=group,
        )
        yield _Declared((*path, index), entry, part, dependency)


def _specifier(entry: str, path: toml_spans.Path) -> tuple[int, int]:
    """Return where the specifier stands in a PEP 508 requirement, without parentheses and white space."""
    try:
        requirement = Requirement(entry)
    except InvalidRequirement as error:
        where = ".".join(map(str, path))
        raise ManifestError(
            f"{_FILE}: {entry[:200]!r} in {where} is not a requirement", hint='Write it as "name>=1.0".'
        ) from error
    found = _REQUIREMENT.match(entry)
    start = found.end() if found else 0
    end = len(entry) if requirement.url else (entry.find(";", start) if ";" in entry[start:] else len(entry))
    while start < end and entry[start] in " \t(":
        start += 1
    while end > start and entry[end - 1] in " \t)":
        end -= 1
    return (start, end) if start < end else (_after_name(entry), _after_name(entry))


def _after_name(entry: str) -> int:
    """Return where a specifier would begin."""
    found = _REQUIREMENT.match(entry)
    return len(found[0].rstrip()) if found else len(entry)


def _poetry(document: dict[str, Any]) -> Iterator[_Declared]:
    """Walk Poetry's tables."""
    base = ("tool", "poetry")
    for table, kind, group in (("dependencies", "runtime", ""), ("dev-dependencies", "dev", "dev")):
        entries = toml_spans.table(_FILE, document, *base, table)
        yield from _poetry_table(entries, (*base, table), kind, group)
    for group in toml_spans.table(_FILE, document, *base, "group"):
        entries = toml_spans.table(_FILE, document, *base, "group", group, "dependencies")
        yield from _poetry_table(entries, (*base, "group", group, "dependencies"), "dev", group)


def _poetry_table(entries: dict[str, Any], path: toml_spans.Path, kind: str, group: str = "") -> Iterator[_Declared]:
    """Walk one table: a constraint, a table with `version`, or a list of such tables for each name."""
    for name, entry in entries.items():
        if name.lower() == "python":
            continue
        for place, value in _poetry_places(entry):
            optional = isinstance(entry, dict) and entry.get("optional") is True and kind == "runtime"
            dependency = Dependency(
                package=name,
                constraint=value,
                kind="optional" if optional else kind,
                path=_FILE,
                group=group,
            )
            yield _Declared((*path, name, *place), value, (0, len(value)), dependency)


def _poetry_places(entry: object) -> Iterator[tuple[toml_spans.Path, str]]:
    """Yield where the constraints of an entry stand; one from git or a path has none."""
    if isinstance(entry, str):
        yield (), entry
    elif isinstance(entry, dict):
        version = entry.get("version", "")
        yield ("version",), version if isinstance(version, str) else ""
    elif isinstance(entry, list):
        for index, item in enumerate(entry):
            for place, value in _poetry_places(item):
                yield (index, *place), value
