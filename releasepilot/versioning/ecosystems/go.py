"""Go: go.mod. A module's own version is its tag alone."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from releasepilot.errors import ManifestError
from releasepilot.model.catalog import Ecosystem
from releasepilot.model.plan import Splice
from releasepilot.versioning.ecosystems.manifest import Content, Declared, Dependency, Manifests, Write

_FILE = "go.mod"
_LINE = re.compile(r"[^\n]*(?:\n|\Z)")
_MODULE = re.compile(r"\ufeff?[ \t]*module[ \t]+(\S+)")
_OPEN = re.compile(r"[ \t]*([a-z]+)[ \t]*\([ \t]*\r?\n?\Z")
_REQUIRE = re.compile(r"""[ \t]*(?:require[ \t]+)?("[^"\s]+"|`[^`\s]+`|[^\s"`]+)[ \t]+(v[^\s/]+)[ \t]*\r?\n?\Z""")
_GOPKG = re.compile(r"\.v[0-9]+\Z")
_MAJOR = re.compile(r"/v([2-9]|[1-9][0-9]+)\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class GoManifests(Manifests):
    """Go's manifest."""

    ecosystem: Ecosystem = Ecosystem.GO
    files: tuple[str, ...] = (_FILE,)

    def normalise(self, name: str) -> str:
        """Return the module path without its major version suffix: `example.com/a/v2` is a later `example.com/a`."""
        return _suffix(name).sub("", name)

    def contents(self, files: Mapping[str, str]) -> Mapping[str, Content]:
        """Read go.mod: the module's path and what it requires. A version moves the major suffix of the path too."""
        if _FILE not in files:
            return {}
        text = files[_FILE]
        return {_FILE: Content(name=_name(text), declared=tuple(_requirements(text)))}

    def refuse(self, files: Mapping[str, str], before: str | None, version: str) -> None:
        """Refuse a major version from 2 on that the module's path does not name: its importers name it too.

        What was released so before goes on as it is: `+incompatible` versions, and programs that nobody imports.
        """
        path = _name(files.get(_FILE, ""))
        declared = _with_major(path, f"v{version}") if path else None
        if path is None or declared == path or _major(version) <= 1:
            return
        if _major(before) > 1 and _suffix(path).search(path) is None:
            return
        raise ManifestError(
            f"{_FILE}: the module {path} is to be released as {version}, and then its path must be {declared}",
            hint="Rename the module and its imports in a commit, or release it without the breaking change; "
            "a program that nobody imports can have `ecosystem: generic`.",
        )


def _name(text: str) -> str | None:
    """Return the module's path."""
    return next((found[1].strip('"`') for line in text.splitlines() if (found := _MODULE.match(line))), None)


def _major(version: str | None) -> int:
    """Return the major number of a version, 0 where there is none."""
    found = re.match(r"[0-9]{1,18}", version or "")
    return int(found[0]) if found else 0


def _requirements(text: str) -> Iterator[Declared]:
    """Walk the require lines, single or in a block."""
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


def _requirement(at: int, found: re.Match[str], *, indirect: bool) -> Declared:
    """Build the dependency of one line."""
    path = found[1].strip('"`')
    group = "indirect" if indirect else ""
    dependency = Dependency(package=path, constraint=found[2], kind="runtime", path=_FILE, group=group)
    return Declared(dependency=dependency, write=_writer(at, found, path))


def _writer(at: int, found: re.Match[str], path: str) -> Write:
    """Return what replaces path and version of a require line; the quotes of a path stay."""
    quoted = int(found[1][0] in '"`')
    return lambda version: (
        Splice(start=at + found.start(1) + quoted, end=at + found.end(1) - quoted, text=_with_major(path, version)),
        Splice(start=at + found.start(2), end=at + found.end(2), text=version),
    )


def _suffix(path: str) -> re.Pattern[str]:
    """Return how a path names its major version: gopkg.in writes `.v2`, everybody else `/v2`."""
    return _GOPKG if path.startswith("gopkg.in/") else _MAJOR


def _with_major(path: str, version: str) -> str:
    """Give a module path the suffix that its major version needs (go.dev/ref/mod#major-version-suffixes)."""
    found = re.match(r"v([0-9]+)\.", version)
    if found is None or version.endswith("+incompatible"):
        return path
    major = int(found[1])
    suffix = _suffix(path)
    bare = suffix.sub("", path)
    if suffix is _GOPKG:
        return f"{bare}.v{major}" if bare != path else path
    return f"{bare}/v{major}" if major > 1 else bare
