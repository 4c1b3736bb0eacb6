"""Versions to ask a constraint about, so that what it accepts shows without knowing how it is read."""

from __future__ import annotations

import re

_NAMED = re.compile(r"[0-9]{1,18}(?:\.[0-9]+)*(?:[.+-]?[0-9A-Za-z]+)*")
_LAST_NUMBER = re.compile(r"[0-9]{1,18}(?=[^0-9]*\Z)")
_MAX_NAMED = 64


def witnesses(constraint: str) -> tuple[str, ...]:
    """Return versions among which one is accepted if any is, and the lowest of all that are, or one right above it.

    What a constraint accepts are intervals. Each begins at nothing, at a version that the text names, or right behind
    one: at the next version, patch, minor or major.
    """
    found = dict.fromkeys(["0.0.0"])
    for text in _NAMED.findall(constraint)[:_MAX_NAMED]:
        found.update(dict.fromkeys((text, _next(text), *_raised(text))))
    return tuple(found)


def _next(text: str) -> str:
    """Return the version with its last number raised: `1.2.3-rc.1` is followed by `1.2.3-rc.2`."""
    return _LAST_NUMBER.sub(lambda found: str(int(found[0]) + 1), text, count=1)


def _raised(text: str) -> list[str]:
    """Return the releases that a version's numbers say and border on, each with at least three numbers."""
    numbers = [int(part[:18]) for part in re.split(r"[^0-9.]", text, maxsplit=1)[0].split(".") if part]
    padded = [*numbers, 0, 0, 0][: max(len(numbers), 3)]
    borders = ([*padded[:index], padded[index] + 1, *(0 for _ in padded[index + 1 :])] for index in range(len(padded)))
    return [".".join(map(str, each)) for each in (padded, *borders)]
