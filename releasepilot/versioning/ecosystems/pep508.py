"""One requirement as PEP 508 writes it: its name, and where its specifier stands."""

from __future__ import annotations

import re
from typing import NamedTuple

from packaging.requirements import InvalidRequirement
from packaging.requirements import Requirement as Pep508

_NAME = re.compile(r"\s*([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)\s*(?:\[[^\]]*\])?")


class Requirement(NamedTuple):
    """A requirement that was understood."""

    name: str
    #: The specifier, or the direct reference behind `@`; empty where there is none.
    specifier: str
    #: Where the specifier stands in the text; where it would begin if there is none.
    part: tuple[int, int]


def parse(text: str) -> Requirement | None:
    """Read a requirement; None where it is not one."""
    found = _NAME.match(text)
    try:
        requirement = Pep508(text)
    except (InvalidRequirement, RecursionError):
        return None
    if found is None:
        return None
    start, end = _specifier(text, found, direct=requirement.url is not None)
    return Requirement(name=found[1], specifier=text[start:end], part=(start, end))


def _specifier(text: str, name: re.Match[str], *, direct: bool) -> tuple[int, int]:
    """Return where the specifier stands, without parentheses and white space."""
    start = name.end()
    marker = -1 if direct else text.find(";", start)
    end = len(text) if marker < 0 else marker
    while start < end and text[start] in " \t(":
        start += 1
    while end > start and text[end - 1] in " \t)":
        end -= 1
    if start < end:
        return start, end
    bare = len(name[0].rstrip())
    return bare, bare
