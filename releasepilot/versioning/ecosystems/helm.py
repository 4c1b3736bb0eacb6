"""Helm: Chart.yaml."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ruamel.yaml import YAML
from ruamel.yaml.composer import Composer
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from releasepilot.errors import ManifestError
from releasepilot.model.catalog import Ecosystem
from releasepilot.model.plan import Splice
from releasepilot.versioning.ecosystems.manifest import Content, Declared, Dependency, Manifests, Write

_FILE = "Chart.yaml"
#: How deep lists and mappings nest.
_MAX_DEPTH = 32
#: What needs no quotes and cannot be read as a number, a date or a keyword.
_PLAIN = re.compile(r"[0-9v^~=][0-9A-Za-z.^~=+-]*(?: \|\| [0-9v^~=][0-9A-Za-z.^~=+-]*)*")
_NUMBER = re.compile(r"~|=|[0-9]+(?:\.[0-9]*)?(?:[eE][+-]?[0-9]+)?|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}|0[xo][0-9a-fA-F]+")

#: The anchor and the tag before a value.
_PROPERTIES = re.compile(r"(?:[&!][^\s]*\s+)*")


@dataclass(frozen=True, slots=True, kw_only=True)
class HelmManifests(Manifests):
    """Helm's manifest."""

    ecosystem: Ecosystem = Ecosystem.HELM
    files: tuple[str, ...] = (_FILE, "requirements.yaml")

    def normalise(self, name: str) -> str:
        """Return the chart's name as it is."""
        return name

    def contents(self, files: Mapping[str, str]) -> Mapping[str, Content]:
        """Read Chart.yaml, and the requirements.yaml of charts of the first format; `appVersion` is no chart's own."""
        return {name: _content(name, files[name]) for name in self.files if name in files}


class _Composer(Composer):
    """Gives a document up as soon as it nests deeper than a chart does: the parser spends seconds on what follows."""

    _depth = 0

    def compose_node(self, parent: Node | None, index: object) -> Node | None:
        """Compose a node inside its parent."""
        if self._depth > _MAX_DEPTH:
            mark = self.parser.peek_event().start_mark
            raise MarkedYAMLError(problem="it is nested too deeply", problem_mark=mark)
        self._depth += 1
        node: Node | None = super().compose_node(parent, index)
        self._depth -= 1
        return node


def _content(name: str, text: str) -> Content:
    root = _root(name, text)
    version = _child(root, "version") if name == _FILE else None
    return Content(
        name=_text(_child(root, "name")) if name == _FILE else None,
        version=_text(version),
        write_version=_writer(text, version),
        declared=tuple(
            Declared(dependency=dependency, write=_writer(text, node)) for node, dependency in _dependencies(name, root)
        ),
    )


def _root(name: str, text: str) -> MappingNode:
    """Compose the document; ManifestError with line and cause where it is no mapping."""
    try:
        yaml = YAML(typ="rt", pure=True)
        yaml.Composer = _Composer
        node = yaml.compose(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f":{mark.line + 1}" if mark else ""
        raise ManifestError(
            f"{name}{line}: {error.problem or error.context}", hint="Correct the file so that it is valid YAML."
        ) from error
    except YAMLError as error:
        cause = str(error).strip().splitlines() or ["it is not YAML"]
        raise ManifestError(f"{name}: {cause[0]}", hint="Correct the file so that it is valid YAML.") from error
    if not isinstance(node, MappingNode):
        raise ManifestError(f"{name}:1: it is not a mapping", hint="Check that this is the right file.")
    return node


def _child(node: Node | None, key: str) -> Node | None:
    """Return the value of a key, None where there is none."""
    if not isinstance(node, MappingNode):
        return None
    return next((value for name, value in node.value if isinstance(name, ScalarNode) and name.value == key), None)


def _text(node: Node | None) -> str | None:
    return str(node.value) if isinstance(node, ScalarNode) else None


def _dependencies(name: str, root: MappingNode) -> Iterator[tuple[Node | None, Dependency]]:
    """Walk `dependencies`, with the node of each range; what a condition or a tag can leave out is optional."""
    listed = _child(root, "dependencies")
    if not isinstance(listed, SequenceNode):
        return
    for entry in listed.value:
        chart = _text(_child(entry, "name"))
        version = _child(entry, "version")
        optional = _child(entry, "condition") or _child(entry, "tags")
        if chart is not None:
            yield (
                version,
                Dependency(
                    package=chart,
                    constraint=_text(version) or "",
                    kind="optional" if optional else "runtime",
                    path=name,
                ),
            )


def _writer(text: str, node: Node | None) -> Write | None:
    """Return what replaces a scalar."""
    return (lambda value: (_replacement(text, node, value),)) if isinstance(node, ScalarNode) else None


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
