"""The elements of an XML document, and where the texts in them stand."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import escape, unescape
from xml.parsers import expat

from releasepilot.errors import ManifestError
from releasepilot.model.plan import Splice
from releasepilot.versioning.ecosystems.manifest import Write

_TOKEN = re.compile(
    r"<!--(?:[^-]|-(?!->))*-->"
    r"|<\?(?:[^?]|\?(?!>))*\?>"
    r"|<!\[CDATA\[(?P<cdata>(?:[^\]]|\](?!\]>))*)\]\]>"
    r"|</[^>]*>"
    r"|<(?P<name>[^\s/>]+)(?:[^>\"']|\"[^\"]*\"|'[^']*')*>"
    r"|(?P<text>[^<]+)"
)


@dataclass(slots=True)
class Element:
    """An element without its attributes."""

    #: Without a namespace prefix.
    name: str
    children: list[Element] = field(default_factory=list)
    #: Its own texts that are more than white space, each with the place of what is not.
    texts: list[tuple[str, int, int]] = field(default_factory=list)

    def all(self, *path: str) -> Iterator[Element]:
        """Yield the elements at a path of names below this one."""
        if not path:
            yield self
            return
        for child in self.children:
            if child.name == path[0]:
                yield from child.all(*path[1:])

    def find(self, *path: str) -> Element | None:
        """Return the first element at a path, None where there is none."""
        return next(self.all(*path), None)

    def text(self, *path: str) -> str:
        """Return the text of the first element at a path without white space around it; empty where there is none."""
        found = self.find(*path)
        return "".join(text for text, _, _ in found.texts).strip() if found else ""

    def writer(self) -> Write | None:
        """Return what replaces the text; None where it stands in several pieces, or nowhere."""
        if len(self.texts) != 1:
            return None
        _, start, end = self.texts[0]
        return lambda new: (Splice(start=start, end=end, text=escape(new, quote=False)),)


def parse(name: str, text: str) -> Element:
    """Read a document and return its root.

    ManifestError with file, line and cause where it is not well-formed, and where it has a document type: that could
    define entities, which nobody needs in a manifest and which can grow without bounds.
    """
    _refuse(name, text)
    root = Element("")
    way = [root]
    for found in _TOKEN.finditer(text):
        if found["name"] is not None:
            element = Element(found["name"].rpartition(":")[2])
            way[-1].children.append(element)
            if not found[0].endswith("/>"):
                way.append(element)
        elif found[0].startswith("</"):
            way.pop()
        else:
            _add_text(way[-1], found)
    return root.children[0]


def _add_text(element: Element, found: re.Match[str]) -> None:
    """Keep a text or a CDATA section that is more than white space."""
    for group in ("text", "cdata"):
        raw = found[group] or ""
        if raw.strip():
            start = found.start(group) + len(raw) - len(raw.lstrip())
            end = found.start(group) + len(raw.rstrip())
            element.texts.append((unescape(raw) if group == "text" else raw, start, end))


def _refuse(name: str, text: str) -> None:
    """Raise ManifestError unless the document is well-formed and defines nothing."""
    parser = expat.ParserCreate("utf-8")

    def refuse(*_: object) -> None:
        raise ManifestError(
            f"{name}:{parser.CurrentLineNumber}: it has a document type, which is not read",
            hint="Remove the <!DOCTYPE ...> from the file.",
        )

    parser.StartDoctypeDeclHandler = refuse
    try:
        parser.Parse(text.encode(), True)
    except expat.ExpatError as error:
        cause = expat.errors.messages.get(error.code, "not XML")
        raise ManifestError(
            f"{name}:{error.lineno}: {cause}", hint="Correct the file so that it is well-formed XML."
        ) from error
