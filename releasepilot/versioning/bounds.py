"""Write version numbers in the style of those that they replace: same precision, same kind of boundary."""

from __future__ import annotations

import re

from releasepilot.versioning.ordering import Version

_NUMBERS = re.compile(r"[0-9]+(?:\.[0-9]+)*")


def numbers_of(text: str) -> tuple[int, ...]:
    """Return the leading numbers of a version as it is written in a range; empty where it begins with none."""
    found = _NUMBERS.match(text)
    return tuple(int(part) for part in found[0].split(".")) if found else ()


def with_precision(version: Version, count: int) -> str:
    """Return the first `count` numbers of a version, filled up with zeros."""
    numbers = (*version.release, *(0 for _ in range(count)))
    return ".".join(str(number) for number in numbers[:count])


def above(bound: str, version: Version) -> str:
    """Return the exclusive upper bound above a version, of the kind that `bound` is.

    A bound of `2`, `2.0` or `2.0.0` closes a major version, `1.5` or `1.5.0` a minor one, `1.5.3` a single patch.
    """
    old = numbers_of(bound) or (1,)
    closes = max((index for index, number in enumerate(old) if number), default=0)
    numbers = [*version.release, *(0 for _ in old)][: closes + 1]
    numbers[closes] += 1
    return ".".join(str(number) for number in (*numbers, *(0 for _ in old[closes + 1 :])))
