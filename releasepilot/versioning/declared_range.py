"""The ranges of needs that the catalog declares: between ecosystems, so no tool reads them but this one.

They are written as npm writes ranges, with the version as its own ecosystem writes it: `^1.2.3`, `~2024.10.1`,
`^2.0rc1`, `1.0.0.Final`. What is empty accepts everything.
"""

from __future__ import annotations

import re
from functools import lru_cache

from releasepilot.errors import PlanError
from releasepilot.model.catalog import Ecosystem
from releasepilot.model.dependency import ConstraintKind
from releasepilot.versioning.interval import ANYTHING, CLOSED, Interval, holds
from releasepilot.versioning.ordering import Version, read
from releasepilot.versioning.orders import after, below

_OPERATORS = {ConstraintKind.COMPATIBLE: "^", ConstraintKind.MINOR: "~", ConstraintKind.EXACT: ""}
_RANGE = re.compile(r"([\^~]?)([0-9].*)")


def range_for(ecosystem: Ecosystem, kind: ConstraintKind, version: str) -> str:
    """Return the range of a need whose component, of that ecosystem, was last released as this version.

    PlanError where the text is no version.
    """
    if kind is ConstraintKind.ANY:
        return ""
    return f"{_OPERATORS[kind]}{read(ecosystem, version).text}"


def meets(ecosystem: Ecosystem, declared: str, version: str) -> bool:
    """Tell whether a version of a component of that ecosystem is in a range that `range_for` wrote.

    A prerelease is only where the range begins at a prerelease of the same numbers. PlanError where a text cannot be
    read.
    """
    return holds(_interval(ecosystem, declared), read(ecosystem, version))


@lru_cache(maxsize=1 << 14)
def _interval(ecosystem: Ecosystem, declared: str) -> tuple[Interval, ...]:
    if not declared:
        return ANYTHING
    found = _RANGE.fullmatch(declared)
    if found is None:
        raise PlanError(
            f"the range {declared[:100]!r} of a declared need cannot be read",
            hint="Write it as ^1.2.3, ~1.2.3, 1.2.3 or nothing.",
        )
    base = read(ecosystem, found[2])
    opened = frozenset({base.triple}) if base.prerelease else CLOSED
    upper = _end(base, found[1]) if found[1] else after(base.order)
    return (Interval(base.order, upper, opened),)


def _end(base: Version, operator: str) -> tuple[object, ...]:
    """Return where a caret ends, at the first number that is not 0, or a tilde, at the minor version."""
    triple = base.triple
    closes = 1 if operator == "~" else next((index for index, number in enumerate(triple) if number), 2)
    return below((*triple[:closes], triple[closes] + 1), base.epoch)
