"""A YAML text as a tree in which every value knows where it was written.

Only what JSON can hold is accepted: no tags, no directives, one document, text keys. Aliases are shared, never
copied, and what they would expand to is bounded, so a small text cannot become a large value.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from pydantic import JsonValue
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

#: Characters of a text, and values in the tree once aliases are followed.
MAX_TEXT = 4_000_000
MAX_VALUES = 200_000
#: How deep lists and mappings nest.
MAX_DEPTH = 32
#: The largest whole number that every JSON reader keeps (RFC 7493, section 2.2).
MAX_INTEGER = 2**53 - 1

_TOO_LARGE = f"the document has more than {MAX_VALUES} values, aliases followed"
_TOO_DEEP = f"lists and mappings nest deeper than {MAX_DEPTH} levels"


@dataclass(frozen=True, kw_only=True, order=True)
class Place:
    """A position in a text, counted from 1."""

    line: int
    column: int


@dataclass(frozen=True, kw_only=True)
class Problem:
    """What is wrong at a place."""

    place: Place
    what: str


class Unreadable(Exception):
    """The text is no document; nothing after the place can be judged."""

    def __init__(self, place: Place, what: str) -> None:
        super().__init__(what)
        self.problem = Problem(place=place, what=what)


@dataclass(kw_only=True, eq=False)
class Node:
    """A value and where it begins. `items` maps a key, or an index, to the key's place and the value."""

    place: Place
    scalar: JsonValue = None
    items: dict[str | int, tuple[Place, Node]] | None = None
    mapping: bool = False
    #: Values in this node, aliases followed, and how deep they nest.
    size: int = 1
    depth: int = 0

    def plain(self) -> JsonValue:
        """Return the value without its places."""
        if self.items is None:
            return self.scalar
        if self.mapping:
            return {str(key): node.plain() for key, (_, node) in self.items.items()}
        return [node.plain() for _, node in self.items.values()]

    def add(self, key: str | int, place: Place, node: Node) -> None:
        """Put a value into a list or mapping, and count it."""
        items = self.items if self.items is not None else {}
        items[key] = (place, node)
        self.items = items
        self.size += node.size
        self.depth = max(self.depth, node.depth + 1)
        if self.size > MAX_VALUES:
            raise Unreadable(place, _TOO_LARGE)
        if self.depth > MAX_DEPTH:
            raise Unreadable(place, _TOO_DEEP)


@dataclass(kw_only=True, eq=False)
class _Frame:
    """A list or mapping that is still open."""

    node: Node
    anchor: str | None
    #: The key whose value comes next.
    key: str | None = None
    key_place: Place | None = None


@dataclass(eq=False)
class _Builder:
    """Builds the tree from parser events, without recursion: depth is the writer's choice."""

    problems: list[Problem] = field(default_factory=list)
    root: Node | None = None
    _stack: list[_Frame] = field(default_factory=list)
    _anchors: dict[str, Node | None] = field(default_factory=dict)
    _documents: int = 0

    def take(self, event: Event) -> None:
        """Add one event to the tree."""
        place = _place(event)
        if isinstance(event, DocumentStartEvent):
            self._document(event, place)
        elif isinstance(event, ScalarEvent):
            self._refuse_tag(event, place)
            self._scalar(event, place)
        elif isinstance(event, AliasEvent):
            self._alias(event, place)
        elif isinstance(event, MappingStartEvent | SequenceStartEvent):
            self._refuse_tag(event, place)
            self._open(event, place)
        elif isinstance(event, MappingEndEvent | SequenceEndEvent):
            frame = self._stack.pop()
            self._finish(frame.node, frame.anchor, place)

    def _document(self, event: DocumentStartEvent, place: Place) -> None:
        self._documents += 1
        if self._documents > 1:
            raise Unreadable(place, "a catalog is one document: remove what begins at this '---'")
        if event.version not in (None, (1, 2)) or event.tags:
            raise Unreadable(place, "directives other than %YAML 1.2 are not allowed")

    def _refuse_tag(self, event: ScalarEvent | MappingStartEvent | SequenceStartEvent, place: Place) -> None:
        if event.tag is not None:
            self.problems.append(Problem(place=place, what="tags (words that begin with '!') are not allowed"))

    def _open(self, event: MappingStartEvent | SequenceStartEvent, place: Place) -> None:
        if len(self._stack) >= MAX_DEPTH:
            raise Unreadable(place, _TOO_DEEP)
        if event.anchor is not None:
            self._anchors[event.anchor] = None
        node = Node(place=place, items={}, mapping=isinstance(event, MappingStartEvent))
        self._stack.append(_Frame(node=node, anchor=event.anchor))

    def _scalar(self, event: ScalarEvent, place: Place) -> None:
        awaiting_key = bool(self._stack) and self._stack[-1].node.mapping and self._stack[-1].key is None
        is_plain = event.implicit[0] and event.style in (None, "")
        try:
            value = resolve(event.value) if is_plain and not awaiting_key else _text(event.value)
        except ValueError as error:
            self.problems.append(Problem(place=place, what=str(error)))
            value = ""
        self._finish(Node(place=place, scalar=value), event.anchor, place)

    def _alias(self, event: AliasEvent, place: Place) -> None:
        target = self._anchors.get(event.anchor)
        if target is None:
            known = event.anchor in self._anchors
            what = "contains itself" if known else "is not defined before this line"
            raise Unreadable(place, f"the alias *{event.anchor} {what}")
        self._finish(target, None, place)

    def _finish(self, node: Node, anchor: str | None, place: Place) -> None:
        """Hand a complete value to the list or mapping around it."""
        if anchor is not None:
            self._anchors[anchor] = node
        if not self._stack:
            self.root = node
            return
        frame = self._stack[-1]
        items = frame.node.items or {}
        if not frame.node.mapping:
            frame.node.add(len(items), node.place, node)
        elif frame.key is None:
            self._key(frame, node, place)
        else:
            frame.node.add(frame.key, frame.key_place or place, node)
            frame.key = None

    def _key(self, frame: _Frame, node: Node, place: Place) -> None:
        """Remember the key whose value comes next; a key that cannot be one is reported and kept under its place."""
        frame.key_place = place
        frame.key = node.scalar if isinstance(node.scalar, str) else f"<{place.line}:{place.column}>"
        if not isinstance(node.scalar, str):
            self.problems.append(Problem(place=place, what="a key is a text: a list or mapping cannot be one"))
        elif frame.key == "<<":
            self.problems.append(Problem(place=place, what="merge keys ('<<') belong to YAML 1.1; write the keys out"))
        elif frame.node.items and frame.key in frame.node.items:
            first = frame.node.items[frame.key][0]
            what = f"the key {frame.key!r} is already on line {first.line}"
            self.problems.append(Problem(place=place, what=what))


def _text(text: str) -> str:
    """Refuse halves of surrogate pairs, which no UTF-8 text can hold."""
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise ValueError("this text has an escape for half a character (\\ud800 to \\udfff)")
    return text


_INTEGER = re.compile(r"[-+]?[0-9]{1,40}|0o[0-7]{1,40}|0x[0-9a-fA-F]{1,40}")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_WORDS: dict[str, JsonValue] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}


def resolve(text: str) -> JsonValue:
    """Return the value of an unquoted scalar (YAML 1.2.2, section 10.3.2); ValueError where JSON has none.

    So `no` and `on` are texts, and `1.10` is the number 1.1: versions want quotes.
    """
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        number = int(text, 0) if text[:2] in {"0o", "0x"} else int(text)
        if abs(number) > MAX_INTEGER:
            raise ValueError("this number has more than 53 bits: write it in quotes")
        return number
    if _FLOAT.fullmatch(text):
        value = float(text)
        if not math.isfinite(value):
            raise ValueError("this number is too large: write it in quotes")
        return value
    if text.lower().lstrip("+-") in {".inf", ".nan"}:
        raise ValueError("infinity and not-a-number are not allowed: write a number, or quotes around the text")
    return _text(text)


def _place(event: Event) -> Place:
    return Place(line=event.start_mark.line + 1, column=event.start_mark.column + 1)


def parse(text: str) -> tuple[Node, tuple[Problem, ...]]:
    """Return the tree of a YAML text and what is wrong with single values; Unreadable where there is no tree."""
    if len(text) > MAX_TEXT:
        raise Unreadable(Place(line=1, column=1), f"the text is longer than {MAX_TEXT} characters")
    builder = _Builder()
    for event in _events(text):
        builder.take(event)
    if builder.root is None:
        raise Unreadable(Place(line=1, column=1), "the document is empty")
    return builder.root, tuple(builder.problems)


def _events(text: str) -> Iterator[Event]:
    """Yield the parser's events; raise every failure of the parser as Unreadable."""
    last = Place(line=1, column=1)
    try:
        for event in YAML(typ="safe", pure=True).parse(text):
            last = _place(event)
            yield event
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = Place(line=mark.line + 1, column=mark.column + 1) if mark else last
        raise Unreadable(place, f"not YAML: {error.problem or error.context or 'cannot be parsed'}") from error
    except YAMLError as error:
        raise Unreadable(last, f"not YAML: {str(error).splitlines()[0]}") from error
    except (ValueError, ArithmeticError, LookupError, TypeError, AttributeError, AssertionError) as error:
        # The parser has no check of its own for a few malformed escapes and directives.
        raise Unreadable(last, f"not YAML near this line: {error}") from error
