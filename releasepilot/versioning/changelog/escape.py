"""Turn untrusted text into Markdown that shows it as it is. Ordinary text passes by one look."""

from __future__ import annotations

import re

from releasepilot.versioning.changelog.links import Links

#: Characters of a line that are shown; the rest is cut.
MAX_LINE = 500
#: Lines of a note that are shown.
_MAX_LINES = 50

_INVISIBLE_CLASS = "\x00-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e"
_INVISIBLE_CLASS += "\u2060-\u206f\u3164\ufeff\ufff9-\ufffb\U000e0000-\U000e0fff"
#: Controls, characters that take no room, and those that turn the direction of a line.
_INVISIBLE = re.compile(f"[{_INVISIBLE_CLASS}]")
#: What may need work: markup, what a forge reacts to, and white space that is not one blank between two words.
_SUSPECT = re.compile(rf"[\\`*\[\]<>|~&$@_#!{{{_INVISIBLE_CLASS}]|[^\S ]|  ")
#: What Markdown reads as markup anywhere in a line: an underscore inside a word is none. Two braces are no markup, but
#: site generators fill in what stands between them.
_MARKUP = re.compile(r"[\\`*\[\]<>|~&$]|(?<![^\W_])_|_(?![^\W_])|(?<=\{)[{%#]")
#: What is read as markup at the beginning of a line: lists, headings, underlines, tables, and a forge's commands.
_OPENING = re.compile(r"[-+#=:/]|[0-9]{1,9}(?=[.)](?:\s|$))")
#: What a forge or a browser makes a link of, or notifies somebody for.
_LIVE = re.compile(
    r"@|://|www\.|(?<![a-z0-9])(?:mailto|xmpp|tel|sms|magnet|bitcoin|file|data|javascript):(?=\S)", re.IGNORECASE
)


def escape(text: str, links: Links | None = None) -> str:
    """Return text that Markdown shows as it is, as a line of its own or inside of one.

    Markup characters are escaped. Words that a forge would link or notify (addresses, @names) become code, which no
    forge interprets. Invisible and direction-changing characters are dropped, and what is too long is cut. With
    `links` issues that the text names are linked; nothing else ever is.
    """
    line = inline(text, links)
    opening = _OPENING.match(line)
    if opening is None:
        return line
    at = opening.end() if opening[0].isdigit() else 0
    return f"{line[:at]}\\{line[at:]}"


def inline(text: str, links: Links | None = None) -> str:
    """Do the same for text that never begins a line."""
    if len(text) > MAX_LINE:
        text = text[:MAX_LINE] + "…"
    if _SUSPECT.search(text) is None and ":" not in text and "www." not in text.lower():
        return (text if links is None or "GH-" not in text else links.referring(text, _plain)).strip()
    words = _INVISIBLE.sub(" ", text).split()
    if _LIVE.search(text) is None:
        return _told(" ".join(words), links)
    return _told_by_word(words, links)


def paragraphs(text: str, links: Links | None = None) -> list[list[str]]:
    """Escape a text of several lines: paragraphs of lines, each of which may begin a line. Long texts are cut."""
    found: list[list[str]] = [[]]
    for line in text.splitlines()[:_MAX_LINES]:
        escaped = escape(line, links)
        if escaped:
            found[-1].append(escaped)
        elif found[-1]:
            found.append([])
    return [lines for lines in found if lines]


def code(text: str) -> str:
    """Show a text as code, which nothing interprets."""
    word = " ".join(_INVISIBLE.sub(" ", text[:MAX_LINE]).replace("`", "").split())
    while "{{" in word or "{%" in word or "{#" in word:
        word = word.replace("{{", "{ {").replace("{%", "{ %").replace("{#", "{ #")
    return f"`{word or ' '}`"


def _told_by_word(words: list[str], links: Links | None) -> str:
    """Escape words, and make code of those that are live; what stands between them is told as one piece."""
    parts: list[str] = []
    plain: list[str] = []
    for word in words:
        if _LIVE.search(word) is None:
            plain.append(word)
            continue
        if plain:
            parts.append(_told(" ".join(plain), links))
            plain = []
        parts.append(code(word))
    if plain:
        parts.append(_told(" ".join(plain), links))
    return " ".join(parts)


def _told(text: str, links: Links | None) -> str:
    return _plain(text) if links is None else links.referring(text, _plain)


def _plain(text: str) -> str:
    return _MARKUP.sub(r"\\\g<0>", text)
