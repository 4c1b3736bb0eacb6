"""Consoles, and text that is safe to print: names, messages and URLs come from people we do not know."""

from __future__ import annotations

import io
import re
import sys
import unicodedata
from collections.abc import Sequence
from typing import TextIO, cast

from rich.console import Console
from rich.text import Text

from releasepilot.model.value import Value, json_list_text, json_text

#: A pipe has no width: lines must not break where nobody sees a margin.
PIPE_WIDTH = 500

#: What is drawn as wide as the terminal is so wide in a pipe, where a file is read in an editor or a log.
PIPE_RULE_WIDTH = 100

#: Characters that reorder what a reader sees (Unicode TR 9; "Trojan Source", CVE-2021-42574).
_REORDERING = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


_TRAILING = re.compile(" +\n")


def _safe(character: str) -> str:
    """Keep what prints; a control character becomes a visible replacement, ESC among them."""
    if character in _REORDERING:
        return ""
    if unicodedata.category(character) in {"Cc", "Cs"}:
        return " " if character in "\t\n\r" else "\ufffd"
    return character


def clean(text: str) -> str:
    """One line of untrusted text, without control characters, lone surrogates and direction marks."""
    # What Python calls printable holds none of these: histories have millions of characters.
    if text.isprintable():
        return text
    return "".join(_safe(character) for character in text)


def clean_lines(text: str) -> str:
    """Untrusted text whose line ends are kept."""
    return "\n".join(clean(line) for line in text.split("\n"))


def plain(text: str, style: str = "") -> Text:
    """Rich text of one untrusted line; nothing in it is markup."""
    return Text(clean(text), style=style)


def console(stream: TextIO | None = None) -> Console:
    """Open a console on a stream, standard output where none is given.

    Colour only on a terminal and not with NO_COLOR (rich's own rule); never markup, emoji codes or highlighting.
    """
    target = stream or sys.stdout
    if target.isatty():
        return Console(file=target, markup=False, emoji=False, highlight=False)
    return Console(file=cast("TextIO", _Trimmed(target)), width=PIPE_WIDTH, markup=False, emoji=False, highlight=False)


class _Trimmed(io.TextIOBase):
    """Passes text on without the blanks with which tables fill their lines."""

    def __init__(self, target: TextIO) -> None:
        self._target = target

    def write(self, text: str) -> int:
        """Write whole lines; rich never ends a write within one."""
        self._target.write(_TRAILING.sub("\n", text))
        return len(text)

    def flush(self) -> None:
        """Flush what it writes to."""
        self._target.flush()


def print_json(*values: Value) -> None:
    """Print one value as an indented JSON object."""
    for value in values:
        sys.stdout.write(json_text(value))


def print_json_list(values: Sequence[Value]) -> None:
    """Print values as a JSON array, one to a line."""
    sys.stdout.write(json_list_text(values))
