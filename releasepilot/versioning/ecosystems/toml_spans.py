"""Where the strings of a TOML document stand, by their path."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from functools import cached_property
from typing import Any

from releasepilot.errors import ManifestError
from releasepilot.model.plan import Splice
from releasepilot.versioning.ecosystems.manifest import Write

#: Keys from the root; arrays count as their index.
Path = tuple[str | int, ...]
Span = tuple[int, int]

_STRING = re.compile(
    r'"""(?:[^"\\]|\\[\s\S]|"(?!""))*"{3,5}'
    r"|'''(?:[^']|'(?!''))*'{3,5}"
    r'|"(?:[^"\\\n]|\\.)*"'
    r"|'[^'\n]*'"
)
_BLANK = re.compile(r"(?:[ \t\r\n\ufeff]|#[^\n]*)*")
_KEY = re.compile(r"""[ \t]*("(?:[^"\\\n]|\\.)*"|'[^'\n]*'|[A-Za-z0-9_-]+)[ \t]*(\.)?""")
_SCALAR = re.compile(r"[^,\]}#\n]+")
#: Reading a dotted key takes the square of its length.
_DOTS = 10_000
_ESCAPED = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def parse(name: str, text: str) -> dict[str, Any]:
    """Read a TOML 1.0 document; ManifestError with file, line and cause where it is none."""
    for number, each in enumerate(text.split("\n"), start=1):
        if each.count(".") > _DOTS:
            raise ManifestError(
                f"{name}:{number}: the line has more than {_DOTS} dots", hint="Check that this is the right file."
            )
    try:
        return tomllib.loads(text.removeprefix("\ufeff"))
    except tomllib.TOMLDecodeError as error:
        message, _, place = str(error).rpartition(" (at ")
        found = re.search(r"line (\d+)", place)
        line = int(found[1]) if found else text.count("\n") + 1
        raise ManifestError(
            f"{name}:{line}: {message or place}", hint="Correct the file so that it is valid TOML."
        ) from error
    except RecursionError:
        raise ManifestError(f"{name}: it is nested too deeply", hint="Check that this is the right file.") from None
    except ValueError as error:
        # A number of more digits than Python converts.
        raise ManifestError(f"{name}: {error}", hint="Check that this is the right file.") from error


def table(name: str, document: Mapping[str, Any], *keys: str) -> dict[str, Any]:
    """Return a table, empty where it is absent; ManifestError where something else stands in its place."""
    found: Any = document
    for key in keys:
        found = found.get(key, {})
        if not isinstance(found, dict):
            raise ManifestError(f"{name}: {'.'.join(keys)} is not a table", hint="Write it as a table.")
    return dict(found)


def spans(text: str) -> dict[Path, Span]:
    """Return where the string values stand, quotes included. The text must have been parsed before."""
    walk = _Walk(text)
    try:
        walk.document()
    except RecursionError:
        raise ManifestError("a TOML file is nested too deeply", hint="Check that this is the right file.") from None
    return walk.found


class Places:
    """The places of the strings of a document, looked up when something is written."""

    def __init__(self, text: str) -> None:
        self._text = text

    def writer(self, path: Path, value: str | None = None, part: Span | None = None) -> Write:
        """Return what replaces the string at a path, or the part of its `value`; nothing where there is no string."""

        def write(new: str) -> tuple[Splice, ...]:
            span = self._spans.get(path)
            if span is None:
                return ()
            if value is None or part is None:
                return (replacement(self._text, span, new),)
            return (inside(self._text, span, value, part, new),)

        return write

    @cached_property
    def _spans(self) -> dict[Path, Span]:
        return spans(self._text)


def replacement(text: str, span: Span, value: str) -> Splice:
    """Replace a string value, keeping its quotes where they can hold it."""
    quotes = _quotes(text, span)
    if quotes[0] == "'" and not ("'" in value or "\n" in value):
        return Splice(start=span[0] + len(quotes), end=span[1] - len(quotes), text=value)
    escaped = "".join(_ESCAPED.get(character, character) for character in value)
    if quotes[0] == '"':
        return Splice(start=span[0] + len(quotes), end=span[1] - len(quotes), text=escaped)
    return Splice(start=span[0], end=span[1], text=f'"{escaped}"')


def inside(text: str, span: Span, value: str, part: Span, new: str) -> Splice:
    """Replace a part of a string value, given as offsets into the value.

    Where an escape stands before the end of the part, the whole string is written anew.
    """
    quotes = _quotes(text, span)
    start = span[0] + len(quotes)
    if text[start : start + part[1]] == value[: part[1]] and "\\" not in value[: part[1]] and new.isprintable():
        plain = not (set(new) & {'"', "'", "\\"})
        if plain:
            return Splice(start=start + part[0], end=start + part[1], text=new)
    return replacement(text, span, value[: part[0]] + new + value[part[1] :])


def _quotes(text: str, span: Span) -> str:
    """Return the opening quotes of a string."""
    mark = text[span[0]]
    return mark * 3 if text.startswith(mark * 3, span[0]) and span[1] - span[0] >= len(mark * 6) else mark


class _Walk:
    """One pass over a document that is known to be valid."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.found: dict[Path, Span] = {}
        #: How many tables each array of tables has so far.
        self.tables: dict[Path, int] = {}

    def document(self) -> None:
        """Walk headers and key-value lines."""
        table: Path = ()
        while self._blank() < len(self.text):
            if self.text[self.at] == "[":
                table = self._header()
            else:
                self._pair(table)

    def _blank(self) -> int:
        """Skip white space, newlines and comments."""
        found = _BLANK.match(self.text, self.at)
        self.at = found.end() if found else self.at
        return self.at

    def _header(self) -> Path:
        """Read `[table]` or `[[array of tables]]`."""
        twice = self.text.startswith("[[", self.at)
        self.at += 2 if twice else 1
        keys = self._keys()
        self.at += 2 if twice else 1
        path = self._resolved(keys[:-1])
        if not twice:
            return self._resolved(keys)
        array: Path = (*path, keys[-1])
        self.tables[array] = self.tables.get(array, -1) + 1
        return (*array, self.tables[array])

    def _resolved(self, keys: tuple[str, ...]) -> Path:
        """Insert the index of the current table after each array of tables."""
        path: Path = ()
        for key in keys:
            path = (*path, key)
            if path in self.tables:
                path = (*path, self.tables[path])
        return path

    def _keys(self) -> tuple[str, ...]:
        """Read a dotted key."""
        keys: list[str] = []
        while found := _KEY.match(self.text, self.at):
            self.at = found.end()
            raw = found[1]
            keys.append(str(tomllib.loads(f"k={raw}")["k"]) if raw[0] in "\"'" else raw)
            if not found[2]:
                break
        return tuple(keys)

    def _pair(self, table: Path) -> None:
        """Read `key = value`."""
        path = (*table, *self._keys())
        self.at += 1
        self._value(path)

    def _value(self, path: Path) -> None:
        """Read any value; only strings are recorded."""
        self._blank()
        opening = self.text[self.at]
        if opening in "\"'":
            found = _STRING.match(self.text, self.at)
            if found is not None:
                self.found[path] = found.span()
                self.at = found.end()
        elif opening == "[":
            self._array(path)
        elif opening == "{":
            self._inline(path)
        else:
            found = _SCALAR.match(self.text, self.at)
            self.at = found.end() if found else self.at + 1

    def _array(self, path: Path) -> None:
        self.at += 1
        index = 0
        while self.text[self._blank()] != "]":
            self._value((*path, index))
            if self.text[self._blank()] == ",":
                self.at += 1
                index += 1
        self.at += 1

    def _inline(self, path: Path) -> None:
        self.at += 1
        while self.text[self._blank()] != "}":
            self._pair(path)
            if self.text[self._blank()] == ",":
                self.at += 1
        self.at += 1
