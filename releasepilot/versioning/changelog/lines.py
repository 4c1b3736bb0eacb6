"""Read the outline of a Markdown file: where its headings are, and what only looks like one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

#: Characters of a line that are looked at for a heading.
_MAX_LINE = 300
_LINE = re.compile(r"([^\r\n]*)(?:\r\n|\n|\r|\Z)")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})(.*)")
_ATX = re.compile(r" {0,3}(#{1,6})(?:[ \t]+(.*?))?(?:[ \t]+#+)?[ \t]*")
_UNDERLINE = re.compile(r" {0,3}(=+|-+)[ \t]*")
#: What a setext underline below does not make a heading of.
_NO_TEXT = re.compile(r" {0,3}(?:[-*+][ \t]|[0-9]{1,9}[.)][ \t]|>|#{1,6}(?:[ \t]|$)|<|\|)| {4}|\t")
_ANCHOR = re.compile(r" {0,3}<a\b[^>]*>(?:[ \t]*</a>)?[ \t]*", re.IGNORECASE)
#: Settings at the top of a file, which many site generators read.
_FRONT_MATTER = re.compile(r"(---|\+\+\+)[ \t]*(?:\r\n|\n|\r)(?:.*?(?:\r\n|\n|\r))??\1[ \t]*(?=[\r\n]|\Z)", re.DOTALL)


class Heading(NamedTuple):
    """A heading, from 1 to 6."""

    level: int
    text: str
    #: Where it begins, with the anchors that stand right before it.
    at: int


def text_lines(text: str) -> Iterator[tuple[int, str]]:
    """Yield where each line begins and what it says, without those of code fences, HTML comments and front matter.

    Such a line is told as a blank one, so that nothing joins over it.
    """
    ends = ""
    begin = 1 if text.startswith("\ufeff") else 0
    front = _FRONT_MATTER.match(text, begin)
    after = front.end() if front else begin
    for at, line in _lines(text, begin):
        if at < after or ends:
            yield at, ""
            ends = "" if _closes(ends, line) else ends
            continue
        ends = _opens(line)
        yield at, "" if ends or line.lstrip().startswith("<!--") else line


def headings(text: str) -> list[Heading]:
    """Return the headings of a text in their order, those with marks and those that are underlined."""
    found: list[Heading] = []
    #: The line before, where an underline could make a heading of it, and where a heading begins there.
    before, before_at = "", 0
    anchor = -1
    for at, whole in text_lines(text):
        line = whole[:_MAX_LINE]
        start = at if anchor < 0 else anchor
        atx, underline = _ATX.fullmatch(line), _UNDERLINE.fullmatch(line)
        if before and underline is not None:
            found.append(Heading(1 if underline[1][0] == "=" else 2, before.strip(), before_at))
        elif atx is not None:
            found.append(Heading(len(atx[1]), (atx[2] or "").strip(), start))
        elif line.strip() and not _ANCHOR.fullmatch(line):
            before, before_at = ("" if _NO_TEXT.match(line) else line), start
            anchor = -1
            continue
        before = ""
        if line.strip():
            anchor = start if _ANCHOR.fullmatch(line) else -1
    return found


def _lines(text: str, at: int) -> Iterator[tuple[int, str]]:
    """Yield where each line from a place on begins, and the line without its end."""
    while at < len(text):
        found = _LINE.match(text, at)
        assert found is not None  # noqa: S101 - the pattern matches anything
        yield at, found[1]
        at = found.end()


def _opens(line: str) -> str:
    """Return what ends the block that a line begins; empty where it begins none."""
    fence = _FENCE.fullmatch(line)
    if fence is not None and not (fence[1][0] == "`" and "`" in fence[2]):
        return fence[1]
    begins = line.rfind("<!--")
    return "-->" if begins >= 0 and "-->" not in line[begins:] else ""


def _closes(ends: str, line: str) -> bool:
    if ends in {"", "-->"}:
        return ends in line
    # A fence is closed by one that is at least as long, and by nothing else.
    shut = line.strip(" \t")
    return len(shut) >= len(ends) and not shut.strip(ends[0])
