"""Helm: Chart.yaml."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from releasepilot.errors import ManifestError
from releasepilot.model.catalog import Ecosystem
from releasepilot.model.plan import Splice
from releasepilot.versioning.ecosystems.manifest import Dependency, Moves, Package, spliced

_FILE = "Chart.yaml"
#: What needs no quotes and cannot be read as a number, a date or a keyword.
_PLAIN = re.compile(r"[0-9v^~=][0-9A-Za-z.^~=+-]*(?: \|\| [0-9v^~=][0-9A-Za-z.^~=+-]*)*")
_NUMBER = re.compile(r"~|=|[0-9]+(?:\.[0-9]*)?(?:[eE][+-]?[0-9]+)?|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}|0[xo][0-9a-fA-F]+")

#: The anchor and the tag before a value.
_PROPERTIES = re.compile(r"(?:[&!][^\s]*\s+)*")


@dataclass(frozen=True, slots=True, kw_only=True)
class HelmManifests:
    """Helm's manifest."""

    ecosystem: Ecosystem = Ecosystem.HELM
    files: tuple[str, ...] = (_FILE,)

    def normalise(self, name: str) -> str:
        """Return the chart's name as it is."""
        return name

    def read(self, files: Mapping[str, str]) -> Package:
        """Read Chart.yaml."""
        if _FILE not in files:
            return Package()
        root = _root(files[_FILE])
        return Package(
            name=_text(_child(root, "name")),
            version=_text(_child(root, "version")),
            dependencies=tuple(dependency for _, dependency in _dependencies(root)),
        )

    def edit(self, files: Mapping[str, str], version: str, moves: Moves) -> Mapping[str, tuple[Splice, ...]]:
        """Set the chart's version and move its dependencies' ranges; `appVersion` is the application's own."""
        if _FILE not in files:
            return {}
        text = files[_FILE]
        root = _root(text)
        own = _child(root, "version")
        splices = [_replacement(text, own, version)] if isinstance(own, ScalarNode) else []
        for node, dependency in _dependencies(root):
            new = moves.get((self.normalise(dependency.package), dependency.constraint))
            if new is not None and node is not None:
                splices.append(_replacement(text, node, new))
        changed = spliced(text, splices)
        return {_FILE: changed} if changed else {}


def _root(text: str) -> MappingNode:
    """Compose the document; ManifestError with line and cause where it is no mapping."""
    try:
        node = YAML(typ="rt", pure=True).compose(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f":{mark.line + 1}" if mark else ""
        raise ManifestError(
            f"{_FILE}{line}: {error.problem or error.context}", hint="Correct the file so that it is valid YAML."
        ) from error
    except YAMLError as error:
        cause = str(error).strip().splitlines() or ["it is not YAML"]
        raise ManifestError(f"{_FILE}: {cause[0]}", hint="Correct the file so that it is valid YAML.") from error
    except RecursionError:
        raise ManifestError(f"{_FILE}: it is nested too deeply", hint="Check that this is the right file.") from None
    if not isinstance(node, MappingNode):
        raise ManifestError(f"{_FILE}:1: it is not a mapping", hint="Check that this is the right file.")
    return node


def _child(node: Node | None, key: str) -> Node | None:
    """Return the value of a key, None where there is none."""
    if not isinstance(node, MappingNode):
        return None
    return next((value for name, value in node.value if isinstance(name, ScalarNode) and name.value == key), None)


def _text(node: Node | None) -> str | None:
    return str(node.value) if isinstance(node, ScalarNode) else None


def _dependencies(root: MappingNode) -> Iterator[tuple[ScalarNode | None, Dependency]]:
    """Walk `dependencies`, with the node of each range."""
    listed = _child(root, "dependencies")
    if not isinstance(listed, SequenceNode):
        return
    for entry in listed.value:
        name = _text(_child(entry, "name"))
        version = _child(entry, "version")
        if name is not None:
            scalar = version if isinstance(version, ScalarNode) else None
            constraint = str(scalar.value) if scalar else ""
            yield scalar, Dependency(package=name, constraint=constraint, kind="runtime", path=_FILE)


def _replacement(text: str, node: ScalarNode, value: str) -> Splice:
    """Replace a scalar, keeping its quotes; a plain one gets quotes where YAML would read the new text otherwise."""
    end = node.end_mark.index
    properties = _PROPERTIES.match(text, node.start_mark.index, end)
    start = properties.end() if properties else node.start_mark.index
    if text[start] in "\"'" and not (set(value) & {'"', "'", "\\"}):
        return Splice(start=start + 1, end=end - 1, text=value)
    quoted = json.dumps(value, ensure_ascii=False)
    if text[start] in "|>":
        return Splice(start=start, end=end, text=quoted + "\n")
    plain = _PLAIN.fullmatch(value) and not _NUMBER.fullmatch(value)
    return Splice(start=start, end=end, text=value if plain else quoted)
