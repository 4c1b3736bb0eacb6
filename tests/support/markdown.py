"""What a Markdown renderer makes of a text: more than any forge would, with raw HTML and with links in plain text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from markdown_it import MarkdownIt
from markdown_it.token import Token

_RENDERER = MarkdownIt("commonmark", {"html": True, "linkify": True}).enable(["table", "strikethrough", "linkify"])
assert _RENDERER.linkify is not None
# Names such as `setup.py` and `example.com` are no links on any forge.
_RENDERER.linkify.set({"fuzzy_link": False, "fuzzy_email": True, "fuzzy_ip": False})

#: What neither structures a text nor leads anywhere.
_PLAIN = {"text", "text_special", "softbreak", "inline", "code_inline"}


def structure(text: str) -> Counter[str]:
    """Count what a renderer sees, plain text and code inside of lines left out."""
    return Counter(
        f"h{token.tag[1:]}" if token.type == "heading_open" else token.type.removesuffix("_open")
        for token in _tokens(text)
        if token.type not in _PLAIN and not token.type.endswith("_close")
    )


def targets(text: str) -> list[str]:
    """Return where the links lead."""
    return [str(token.attrs["href"]) for token in _tokens(text) if token.type == "link_open"]


def shown(text: str) -> str:
    """Return what a reader sees, paragraphs and items one a line."""
    return "\n".join(
        "".join(" " if one.type == "softbreak" else one.content for one in token.children)
        for token in _RENDERER.parse(text)
        if token.children is not None
    )


def loose(text: str) -> list[str]:
    """Return the texts outside of code and links, where a forge looks for names and addresses."""
    found: list[str] = []
    inside = 0
    for token in _tokens(text):
        inside += (token.type == "link_open") - (token.type == "link_close")
        if token.type == "text" and not inside:
            found.append(token.content)
    return found


def _tokens(text: str) -> Iterator[Token]:
    for token in _RENDERER.parse(text):
        yield token
        yield from token.children or ()
