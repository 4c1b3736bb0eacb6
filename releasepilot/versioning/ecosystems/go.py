"""Go: go.mod. A module's own version is its tag alone."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from releasepilot.errors import ManifestError
from releasepilot.model.catalog import Ecosystem
from releasepilot.model.plan import Splice
from releasepilot.versioning.ecosystems.manifest import Dependency, Moves, Package, spliced

_FILE = "go.mod"
_LINE = re.compile(r"[^\n]*(?:\n|\Z)")
_MODULE = re.compile(r"[ \t]*module[ \t]+(\S+)")
_OPEN = re.compile(r"[ \t]*([a-z]+)[ \t]*\([ \t]*\r?\n?\Z")
_REQUIRE = re.compile(r"""[ \t]*(?:require[ \t]+)?("[^"\s]+"|`[^`\s]+`|[^\s"`]+)[ \t]+(v[^\s/]+)[ \t]*\r?\n?\Z""")
_MAJOR = re.compile(r"/v([2-9]|[1-9][0-9]+)\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class GoManifests:
    """Go's manifest."""

    ecosystem: Ecosystem = Ecosystem.GO
    files: tuple[str, ...] = (_FILE,)

    def normalise(self, name: str) -> str:
        """Return the module path without its major version suffix: `example.com/a/v2` is a later `example.com/a`."""
        return _MAJOR.sub("", name)

    def read(self, files: Mapping[str, str]) -> Package:
        """Read go.mod: the module's path and what it requires."""
        if _FILE not in files:
            return Package()
        text = files[_FILE]
        name = next((found[1].strip('"`') for line in text.splitlines() if (found := _MODULE.match(line))), None)
        return Package(name=name, dependencies=tuple(dependency for _, dependency in _requirements(text)))

    def edit(self, files: Mapping[str, str], version: str, moves: Moves) -> Mapping[str, tuple[Splice, ...]]:
        """Move the required versions, and the path's major suffix with them; `version` is not written anywhere."""
        del version
        if _FILE not in files:
            return {}
        text = files[_FILE]
        splices: list[Splice] = []
        for (path, required), dependency in _requirements(text):
            new = moves.get((self.normalise(dependency.package), dependency.constraint))
            if new is not None:
                splices.append(Splice(start=required[0], end=required[1], text=new))
                splices.append(Splice(start=path[0], end=path[1], text=_with_major(dependency.package, new)))
        changed = spliced(text, splices)
        return {_FILE: changed} if changed else {}


_Span = tuple[int, int]


def _requirements(text: str) -> Iterator[tuple[tuple[_Span, _Span], Dependency]]:
    """Walk the require lines, single or in a block, with the places of path and version."""
    block = ""
    for number, line in enumerate(_LINE.finditer(text), start=1):
        code, _, comment = line[0].partition("//")
        opened = _OPEN.match(code)
        if opened is not None:
            block = opened[1]
        elif code.strip() == ")":
            block = ""
        elif block == "require" or (not block and code.split(maxsplit=1)[:1] == ["require"]):
            if not code.strip():
                continue
            found = _REQUIRE.match(code)
            if found is None:
                raise ManifestError(
                    f"{_FILE}:{number}: this require line cannot be read",
                    hint="Write it as a module path and a version, such as example.com/module v1.2.3.",
                )
            yield _requirement(line.start(), found, indirect=comment.strip().startswith("indirect"))


def _requirement(at: int, found: re.Match[str], *, indirect: bool) -> tuple[tuple[_Span, _Span], Dependency]:
    """Build the dependency of one line; the place of its path is without quotes."""
    quoted = int(found[1][0] in '"`')
    path = (at + found.start(1) + quoted, at + found.end(1) - quoted)
    dependency = Dependency(
        package=found[1].strip('"`'),
        constraint=found[2],
        kind="runtime",
        path=_FILE,
        group="indirect" if indirect else "",
    )
    return (path, (at + found.start(2), at + found.end(2))), dependency


def _with_major(path: str, version: str) -> str:
    """Give a module path the suffix that its major version needs (go.dev/ref/mod#major-version-suffixes)."""
    found = re.match(r"v([0-9]+)\.", version)
    if found is None or version.endswith("+incompatible") or path.startswith("gopkg.in/"):
        return path
    major = int(found[1])
    bare = _MAJOR.sub("", path)
    return f"{bare}/v{major}" if major > 1 else bare
