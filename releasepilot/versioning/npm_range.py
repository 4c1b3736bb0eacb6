"""npm's ranges, and the dialects of them that Cargo, Helm and Poetry write."""

from __future__ import annotations

import re
from functools import lru_cache

from releasepilot.versioning.bounds import above, numbers_of, with_precision
from releasepilot.versioning.interval import ANYTHING, Interval, holds
from releasepilot.versioning.ordering import Scheme, Version
from releasepilot.versioning.semver_range import Dialect, as_semver, intervals

_PREFIX = re.compile(r"(?:workspace:(?:(?:@[^/@\s]+/)?[^@\s]+@)?|npm:(?:@[^/@\s]+/)?[^@\s]+@)")
_OPERATORS = {"*": "", "^": "^", "~": "~"}
_NOT_A_RANGE = re.compile(r".*[:/].*|(?![vV][0-9]|[xX](?:\.|\Z))[A-Za-z][A-Za-z0-9._-]*", re.DOTALL)
_HYPHEN = re.compile(r"(\S+)\s+-\s+(\S+)")
_COMPARATOR = re.compile(r"(\^|~=|~>?|>=|=>|<=|=<|>|<|!=|==?)?(\s*v?)([0-9xX*][^\s,|]*)")
_WILD = re.compile(r"(?:^|\.)[xX*]")


def admits(text: str, version: Version, dialect: Dialect = Dialect.NPM) -> bool:
    """Tell whether a range accepts a version, by its tool's rule for prereleases.

    What names no range to npm (a dist-tag, a URL, a path, `workspace:^`) accepts everything: there is nothing to
    move. PlanError where the text is a range that cannot be read.
    """
    if version.scheme is not Scheme.SEMVER and not version.plain and dialect is not Dialect.POETRY:
        version = as_semver(version)
    return holds(_read(text, dialect), version)


def move(text: str, version: Version, dialect: Dialect = Dialect.NPM) -> str:
    """Rewrite a range so that it accepts a version; unchanged where it does already."""
    if admits(text, version, dialect):
        return text
    prefix, bare = _parts(text)
    full = _full(version, dialect)
    for candidate in (_restyled(bare, version, dialect), f"^{full}", f">={full}"):
        if admits(prefix + candidate, version, dialect):
            return prefix + candidate
    return f"{prefix}={full}"


def published(text: str, version: Version) -> str | None:
    """Return the range that `workspace:*`, `workspace:^` or `workspace:~` becomes when the dependent is published.

    `version` is that of the dependency then. None for every other text, which is published as it is.
    """
    prefix, bare = _parts(text)
    operator = _OPERATORS.get(bare) if prefix.startswith("workspace:") else None
    return None if operator is None else operator + _full(version, Dialect.NPM)


@lru_cache(maxsize=1 << 14)
def _read(text: str, dialect: Dialect) -> tuple[Interval, ...]:
    prefix, bare = _parts(text)
    kept = bare in _OPERATORS and (bare != "*" or prefix.startswith("workspace:"))
    if dialect is Dialect.NPM and (kept or _NOT_A_RANGE.fullmatch(bare) is not None):
        return ANYTHING
    return intervals(bare, dialect)


def _parts(text: str) -> tuple[str, str]:
    """Divide a constraint into npm's protocol prefix and the range."""
    stripped = text.strip()
    found = _PREFIX.match(stripped)
    return (found[0], stripped[found.end() :]) if found else ("", stripped)


def _full(version: Version, dialect: Dialect) -> str:
    """Return a version as it is written in a range, without build metadata."""
    return version.text.partition("+")[0] if dialect is Dialect.POETRY else as_semver(version).text


def _restyled(text: str, version: Version, dialect: Dialect) -> str:
    """Rewrite each part of a range in its own style."""
    alternatives = text.split("||")
    if len(alternatives) > 1:
        return f"{text.rstrip()} || {_restyled(alternatives[-1].strip(), version, dialect)}"
    hyphen = _HYPHEN.fullmatch(text)
    if hyphen is not None:
        return f"{hyphen[1]} - {_full(version, dialect)}"
    return _COMPARATOR.sub(lambda found: _comparator(found, version, dialect), text)


def _comparator(found: re.Match[str], version: Version, dialect: Dialect) -> str:
    """Rewrite one comparator: bounds move, everything else keeps its precision."""
    operator, gap, old = found[1] or "", found[2], found[3]
    full = _full(version, dialect)
    if operator == "!=":
        return found[0]
    if operator in {">=", "=>", ">"}:
        return f">={gap}{full}"
    if operator in {"<=", "=<"}:
        return f"<={gap}{full}"
    if operator == "<":
        beyond = numbers_of(old) > version.triple
        return found[0] if beyond else f"<{gap}{above(old, version)}"
    wild = _WILD.search(old)
    if wild is not None:
        count = len(numbers_of(old))
        return f"{operator}{gap}{with_precision(version, count)}{old[wild.start() :]}" if count else found[0]
    precision = len(numbers_of(old))
    pinned = dialect is Dialect.POETRY and operator not in ("^", "~", "~=")
    exact = pinned or version.prerelease or precision >= len(version.triple)
    return f"{operator}{gap}{full if exact else with_precision(version, precision)}"
