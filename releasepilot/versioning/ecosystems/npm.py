"""npm: package.json."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from releasepilot.errors import ManifestError
from releasepilot.model.catalog import Ecosystem
from releasepilot.versioning.ecosystems import json_spans
from releasepilot.versioning.ecosystems.manifest import Content, Declared, Dependency, Manifests

_FILE = "package.json"
_ALIAS = re.compile(r"npm:(@?[^@]+)|workspace:(?=@?[^@]+@)(@?[^@]+)")
_KINDS = {
    "dependencies": "runtime",
    "devDependencies": "dev",
    "peerDependencies": "peer",
    "optionalDependencies": "optional",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class NpmManifests(Manifests):
    """npm's manifests."""

    ecosystem: Ecosystem = Ecosystem.NPM
    files: tuple[str, ...] = (_FILE,)

    def normalise(self, name: str) -> str:
        """Return the name: npm's are compared as they are."""
        return name

    def contents(self, files: Mapping[str, str]) -> Mapping[str, Content]:
        """Read package.json; a version that is a placeholder such as `0.0.0-development` is set too."""
        if _FILE not in files:
            return {}
        document = json_spans.parse(_FILE, files[_FILE])
        places = json_spans.spans(files[_FILE])
        version = _text(document.get("version"))
        content = Content(
            name=_text(document.get("name")),
            version=version,
            private=document.get("private") is True,
            write_version=None if version is None else json_spans.writer(places["version",]),
            declared=tuple(
                Declared(dependency=dependency, write=json_spans.writer(places[path]))
                for path, dependency in _dependencies(document)
            ),
        )
        return {_FILE: content}


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
    """Return the package behind an alias: `npm:@scope/name@^1.0.0`, or `workspace:@scope/name@*` as pnpm has it."""
    found = _ALIAS.match(constraint)
    return found[1] or found[2] if found else name
