"""Write Markdown: headings, tables and the line that says where a page comes from."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

_LINE_END = re.compile(r"\s*\n\s*")
#: In a docstring, a name of code has single backticks already; what looks like HTML is not meant as such.
_TAG = re.compile(r"<(?=[A-Za-z/!])(?![^`]*`(?:[^`]*`[^`]*`)*[^`]*$)")


def document(title: str, source: str, parts: Iterable[str]) -> str:
    """Join the parts of a generated page below its title; `source` names what it is generated from."""
    notice = f"<!-- Generated from {source} by `python -m docs.generate`. Change the code, not this page. -->"
    return "\n\n".join([f"# {title}", notice, *(part.strip("\n") for part in parts if part.strip())]) + "\n"


def table(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Write a table; an empty text where it has no rows."""
    lines = [_row(row) for row in rows]
    if not lines:
        return ""
    return "\n".join([_row(titles), "|" + " --- |" * len(titles), *lines])


def _row(cells: Sequence[str]) -> str:
    written = (_LINE_END.sub(" ", cell.strip()).replace("|", "\\|") for cell in cells)
    return "| " + " | ".join(written) + " |"


def prose(text: str) -> str:
    """Return the paragraphs of a docstring; what looks like an HTML tag outside of code is escaped."""
    return _TAG.sub("&lt;", text.strip())


def code(text: str) -> str:
    """Set a text in code; an empty one stays empty."""
    return f"`{text}`" if text else ""


def anchor(title: str) -> str:
    """Return the anchor that GitHub gives to a heading."""
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")
