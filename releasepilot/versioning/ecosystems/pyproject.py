"""pyproject.toml: PEP 621, PEP 735 and Poetry's tables."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from releasepilot.errors import ManifestError
from releasepilot.model.plan import Splice
from releasepilot.versioning.ecosystems import pep508, toml_spans
from releasepilot.versioning.ecosystems.manifest import Content, Declared, Dependency

FILE = "pyproject.toml"
_OWN = (("project",), ("tool", "poetry"))


class _Found(NamedTuple):
    """A dependency and the string that declares it; `part` is the constraint within that string's value."""

    path: toml_spans.Path
    value: str
    part: tuple[int, int]
    dependency: Dependency


def content(text: str) -> Content:
    """Read pyproject.toml; a dynamic version is None. Extras, markers and comments stay when a specifier moves."""
    document = toml_spans.parse(FILE, text)
    places = toml_spans.Places(text)
    tables = [(path, toml_spans.table(FILE, document, *path)) for path in _OWN]
    names = [name for _, table in tables if isinstance(name := table.get("name"), str)]
    versions = [((*path, "version"), found) for path, table in tables if isinstance(found := table.get("version"), str)]

    def write_version(version: str) -> tuple[Splice, ...]:
        return tuple(splice for path, _ in versions for splice in places.writer(path)(version))

    return Content(
        name=names[0] if names else None,
        version=versions[0][1] if versions else None,
        private=_private(document),
        write_version=write_version,
        declared=tuple(
            Declared(dependency=found.dependency, write=places.writer(found.path, found.value, found.part))
            for found in _declared(document)
        ),
    )


def _private(document: dict[str, Any]) -> bool:
    """Tell whether it is never uploaded: PyPI refuses such a classifier, and Poetry's other mode makes no package."""
    project = toml_spans.table(FILE, document, "project")
    poetry = toml_spans.table(FILE, document, "tool", "poetry")
    listed = [*_list(project.get("classifiers")), *_list(poetry.get("classifiers"))]
    return poetry.get("package-mode") is False or any(str(each).startswith("Private ::") for each in listed)


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _declared(document: dict[str, Any]) -> Iterator[_Found]:
    """Walk everything that declares a dependency, in the order of kinds."""
    project = toml_spans.table(FILE, document, "project")
    yield from _listed(project.get("dependencies", []), ("project", "dependencies"), "runtime")
    for extra, entries in toml_spans.table(FILE, document, "project", "optional-dependencies").items():
        yield from _listed(entries, ("project", "optional-dependencies", extra), "optional", extra)
    for group, entries in toml_spans.table(FILE, document, "dependency-groups").items():
        yield from _listed(entries, ("dependency-groups", group), "dev", group)
    uv = toml_spans.table(FILE, document, "tool", "uv")
    yield from _listed(uv.get("dev-dependencies", []), ("tool", "uv", "dev-dependencies"), "dev", "dev")
    build = toml_spans.table(FILE, document, "build-system")
    yield from _listed(build.get("requires", []), ("build-system", "requires"), "build")
    yield from _poetry(document)


def _listed(entries: object, path: toml_spans.Path, kind: str, group: str = "") -> Iterator[_Found]:
    """Walk a list of PEP 508 requirements; PEP 735 may include other groups in it, which is no dependency."""
    if not isinstance(entries, list):
        raise ManifestError(f"{FILE}: {'.'.join(map(str, path))} is not an array", hint="Write it as an array.")
    for index, entry in enumerate(entries):
        if isinstance(entry, dict) and "include-group" in entry:
            continue
        if not isinstance(entry, str):
            where = ".".join(map(str, path))
            raise ManifestError(f"{FILE}: item {index + 1} of {where} is not a text", hint='Write it as "name>=1.0".')
        where = ".".join(map(str, path))
        requirement = pep508.parse(entry)
        if requirement is None:
            raise ManifestError(
                f"{FILE}: {entry[:200]!r} in {where} is not a requirement", hint='Write it as "name>=1.0".'
            )
        dependency = Dependency(
            package=requirement.name, constraint=requirement.specifier, kind=kind, path=FILE, group=group
        )
        yield _Found((*path, index), entry, requirement.part, dependency)


def _poetry(document: dict[str, Any]) -> Iterator[_Found]:
    """Walk Poetry's tables."""
    base = ("tool", "poetry")
    for table, kind, group in (("dependencies", "runtime", ""), ("dev-dependencies", "dev", "dev")):
        entries = toml_spans.table(FILE, document, *base, table)
        yield from _poetry_table(entries, (*base, table), kind, group)
    for group in toml_spans.table(FILE, document, *base, "group"):
        entries = toml_spans.table(FILE, document, *base, "group", group, "dependencies")
        yield from _poetry_table(entries, (*base, "group", group, "dependencies"), "dev", group)


def _poetry_table(entries: dict[str, Any], path: toml_spans.Path, kind: str, group: str = "") -> Iterator[_Found]:
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
                path=FILE,
                group=group,
            )
            yield _Found((*path, name, *place), value, (0, len(value)), dependency)


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
