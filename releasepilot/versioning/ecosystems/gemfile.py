"""Gemfile: what Bundler installs, by the literals of its `gem` lines."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from releasepilot.versioning.ecosystems import ruby_text
from releasepilot.versioning.ecosystems.manifest import Content, Declared, Dependency

FILE = "Gemfile"
_DEVELOPMENT = frozenset({"ci", "dev", "development", "doc", "docs", "lint", "test", "tests"})
_GEM = re.compile(r"[ \t]*gem\b(?![ \t]*[=.])")
_WORD = re.compile(r"[ \t]*(\w+)")
_BLOCK = re.compile(r"\bdo(?:[ \t]*\|[^|\n]*\|)?\Z")
#: How many of the blocks around a gem are looked at.
_DEPTH = 50
_SOURCES = frozenset({"git", "github", "path"})
_KEYWORDS = frozenset(["if", "unless", "case", "begin", "def", "while", "until", "for", "class", "module"])
_SYMBOL = re.compile(r":(\w+)|['\"](\w+)['\"]")
_ELSEWHERE = re.compile(r"(?<!\w)(?:git|github|gitlab|gist|bitbucket|path)(?:['\"]?:|['\"]?[ \t]*=>)")
_GROUPS = re.compile(r"(?<!\w)groups?(?:['\"]?:|['\"]?[ \t]*=>)[ \t]*((?:%[iw])?\[[^\]]{0,500}\]|:\w+|['\"]\w+['\"])")


def content(text: str, kind: str) -> Content:
    """Read a Gemfile; `kind` is that of gems which are in no group for development."""
    return Content(declared=tuple(_declared(text, kind)))


class _Block(NamedTuple):
    """A block that is open: the groups of its gems, and whether they come from elsewhere."""

    groups: frozenset[str] = frozenset()
    elsewhere: bool = False


def _declared(text: str, kind: str) -> Iterator[Declared]:
    """Walk the lines and the blocks that are open."""
    blocks: list[_Block] = []
    for at in ruby_text.code_lines(text):
        gem = _GEM.match(text, at)
        if gem is not None:
            yield from _gem(ruby_text.arguments(text, gem.end()), blocks[-_DEPTH:], kind)
            continue
        line = _line(text, at)
        word = _WORD.match(line)
        first = word[1] if word else ""
        if first == "end":
            del blocks[-1:]
        elif _BLOCK.search(line, max(len(line) - 200, 0)) or first in _KEYWORDS:
            groups = frozenset(_names(line)) if first == "group" else frozenset()
            blocks.append(_Block(groups, first in _SOURCES))


def _line(text: str, at: int) -> str:
    """Return a line without its comment."""
    end = text.find("\n", at)
    return text[at : end if end >= 0 else len(text)].partition(" #")[0].rstrip()


def _gem(given: ruby_text.Arguments, blocks: list[_Block], kind: str) -> Iterator[Declared]:
    if not given.literals:
        return
    name, *requirements = given.literals
    elsewhere = _ELSEWHERE.search(given.options) or any(block.elsewhere for block in blocks)
    known = () if elsewhere or not given.plain else tuple(requirements)
    own = (each for found in _GROUPS.finditer(given.options) for each in _names(found[1]))
    groups = frozenset(own).union(*(block.groups for block in blocks))
    dependency = Dependency(
        package=name.value,
        constraint=", ".join(each.value for each in known),
        kind="dev" if groups and groups <= _DEVELOPMENT else kind,
        path=FILE,
        group=" ".join(sorted(groups)),
    )
    yield Declared(dependency=dependency, write=ruby_text.writer(known))


def _names(text: str) -> Iterator[str]:
    """Yield the names in `:one`, `[:one, "two"]` or `%i[one two]`."""
    if text.startswith("%"):
        yield from text[3:-1].split()
    else:
        yield from (found[1] or found[2] for found in _SYMBOL.finditer(text))
