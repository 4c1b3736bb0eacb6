"""What can be read of a Ruby file without running it: its lines of code, and calls whose arguments are literals."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from releasepilot.model.plan import Splice
from releasepilot.versioning.ecosystems.manifest import Write

#: How many lines the options of a call may have.
_LINES = 20
_HEREDOC = re.compile(r"<<[~-](['\"`]?)([A-Za-z_]\w*)\1")
#: A string without escapes and interpolation: its content is what is written.
_LITERAL = re.compile(
    r"""(?:'(?P<single>[^'\\\n]*)'|"(?P<double>[^"\\#\n]*)"|%[qQ](?:<(?P<angle>[^<>\\#\n]*)>|\((?P<round>[^()\\#\n]*)\)"""
    r"""|\[(?P<square>[^\[\]\\#\n]*)\]|\{(?P<curly>[^{}\\#\n]*)\}))(?:\.freeze\b)?"""
)
_GAP = re.compile(r"(?:[ \t\r\n]+|#[^\n]*|\\\r?\n)*")
_OPTION = re.compile(r":?[A-Za-z_]\w*(?::(?!:)|[ \t]*=>)|['\"]\w+['\"][ \t]*(?:=>|:)")
_END = re.compile(r"[ \t]*(?:[\r\n#)\],;}]|\Z|(?:if|unless|end|do)\b)")


class Literal(NamedTuple):
    """A string literal."""

    value: str
    #: The place of the value, then that of the whole literal.
    start: int
    end: int
    outer: tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Arguments:
    """The arguments of a call: the leading literals, those in arrays too."""

    literals: tuple[Literal, ...]
    #: Everything before the options is a literal.
    plain: bool
    #: The options, as they are written; empty where there are none.
    options: str = ""


def code_lines(text: str) -> Iterator[int]:
    """Yield where each line of code begins: no blank, no comment, no here-document, nothing behind `__END__`."""
    ends: deque[str] = deque()
    commented = False
    at = 1 if text.startswith("\ufeff") else 0
    for raw in text[at:].split("\n"):
        line = raw.strip()
        if ends:
            if line == ends[0]:
                ends.popleft()
        elif raw.startswith(("=begin", "=end")):
            commented = raw.startswith("=begin")
        elif line == "__END__":
            return
        elif line and not commented and line[0] != "#":
            yield at
            ends.extend(found[2] for found in _HEREDOC.finditer(raw))
        at += len(raw) + 1


def literal(text: str, at: int) -> Literal | None:
    """Read a string literal that is a whole expression; None where it is something else, or a part of it."""
    found = _LITERAL.match(text, at)
    if found is None or not _END.match(text, found.end()):
        return None
    return _literal(found)


def arguments(text: str, at: int) -> Arguments:
    """Read the arguments of a call from behind its name, with or without parentheses."""
    found: list[Literal] = []
    at = _past(text, at, " \t(")
    while True:
        at = _past(text, _gap(text, at), "*[")
        option = _OPTION.match(text, _gap(text, at))
        if option is not None:
            return Arguments(literals=tuple(found), plain=True, options=_options(text, option.start()))
        if text.startswith(")", _gap(text, at)):
            return Arguments(literals=tuple(found), plain=True)
        string = literal(text, _gap(text, at))
        if string is None:
            return Arguments(literals=tuple(found), plain=False)
        found.append(string)
        at = string.outer[1]
        while text.startswith("]", _gap(text, at)):
            at = _gap(text, at) + 1
        if not text.startswith(",", _gap(text, at)):
            return Arguments(literals=tuple(found), plain=bool(_END.match(text, at)))
        at = _gap(text, at) + 1


def writer(literals: tuple[Literal, ...]) -> Write | None:
    """Return what replaces requirements that stand in one literal each, and together are divided by commas."""
    if not literals:
        return None

    def write(new: str) -> tuple[Splice, ...]:
        parts = [part.strip() for part in new.split(",")]
        if len(parts) == len(literals):
            return tuple(
                Splice(start=each.start, end=each.end, text=part) for each, part in zip(literals, parts, strict=True)
            )
        # Another number of them: the literals are written anew.
        text = ", ".join(f'"{part}"' for part in parts)
        return (Splice(start=literals[0].outer[0], end=literals[-1].outer[1], text=text),)

    return write


def _literal(found: re.Match[str]) -> Literal:
    group = found.lastgroup or ""
    return Literal(found[group], found.start(group), found.end(group), found.span())


def _gap(text: str, at: int) -> int:
    """Skip white space, newlines and comments."""
    found = _GAP.match(text, at)
    return found.end() if found else at


def _past(text: str, at: int, skipped: str) -> int:
    while at < len(text) and text[at] in skipped:
        at += 1
    return at


def _options(text: str, at: int) -> str:
    """Return the options from here to the end of the statement: a line that ends with a comma goes on."""
    end = at
    for _ in range(_LINES):
        stop = text.find("\n", end)
        line = text[end : stop if stop >= 0 else len(text)]
        code = line.partition(" #")[0].rstrip()
        end = stop + 1
        if stop < 0 or not code.endswith((",", "[", "{", "(")):
            return text[at : stop if stop >= 0 else len(text)]
    return text[at:end]
