"""Read the ranges of npm and their dialects: what node-semver, Cargo, Masterminds/semver (Helm) and Poetry accept.

They share operators and differ in what a bare version means, in what divides comparators, and in prereleases.
"""

from __future__ import annotations

import re
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

from releasepilot.errors import PlanError
from releasepilot.versioning.interval import CLOSED, EVERYWHERE, NOWHERE, Interval, Span, joined
from releasepilot.versioning.ordering import NUMBERS, Scheme, Version, parse
from releasepilot.versioning.orders import Order, after, below, order


class Dialect(StrEnum):
    """Whose ranges are read."""

    NPM = "npm"
    #: A bare version is a caret one; commas divide, and there is no "or".
    CARGO = "cargo"
    #: `!=` is there, and one prerelease opens all that it is combined with.
    HELM = "helm"
    #: A bare version is that version, and suffixes are PEP 440's.
    POETRY = "poetry"


class Comparator(NamedTuple):
    """One comparator as it is written."""

    operator: str
    #: The numbers before a wildcard or the end.
    numbers: tuple[int, ...]
    #: The version that it names, its missing numbers 0.
    base: Order
    prerelease: bool

    @property
    def whole(self) -> bool:
        """Whether major, minor and patch are said."""
        return len(self.numbers) >= _WHOLE


_WHOLE = 3
_GROWING = ("^", "~", "~=")
_MAX_LENGTH = 2000
_GAP = re.compile(r"(\^|~[>=]?|[<>]=?|=[<>]|!=|==?)\s+")
_HYPHEN = re.compile(r"(\S+)\s+-\s+(\S+)")
_COMPARATOR = re.compile(
    r"(\^|~=|~>?|>=|=>|<=|=<|>|<|!=|==?|)=?[vV]?"
    r"((?:[0-9]{1,18}|[xX*])(?:\.(?:[0-9]{1,18}|[xX*]))*)(\.?[A-Za-z+-][0-9A-Za-z.+-]*)?"
)
_CARGO = re.compile(r"(?:\^|~|[<>]=?|=)?[0-9*xX].*", re.DOTALL)
_ZERO = order((0, 0, 0))
_RELEASES = Interval(opened=CLOSED)
_ORDINARY = re.compile(rf"(\^|~|>=|=|){NUMBERS}").fullmatch
_SAME = {"=>": ">=", "=<": "<=", "~>": "~", "==": "="}


@lru_cache(maxsize=1 << 14)
def intervals(text: str, dialect: Dialect) -> tuple[Interval, ...]:
    """Return what a range accepts; PlanError where it cannot be read."""
    if len(text) > _MAX_LENGTH:
        raise _unreadable(text)
    ordinary = _ORDINARY(text)
    # 0.0.0 has rules of its own, in more than one dialect.
    if ordinary is not None and not ordinary[0].endswith("0.0.0"):
        return (_ordinary(ordinary, dialect),)
    groups = [text] if dialect is Dialect.CARGO else text.split("||")
    found = tuple(_interval(group, dialect, text) for group in groups)
    # node-semver forgets the other alternatives, and with them the prereleases that they open.
    return (_RELEASES,) if dialect is Dialect.NPM and _RELEASES in found else found


def _ordinary(found: re.Match[str], dialect: Dialect) -> Interval:
    """Return what one comparator over three plain numbers accepts: most ranges are that, and graphs have thousands."""
    operator = found[1] or ("^" if dialect is Dialect.CARGO else "=")
    numbers = (int(found[2]), int(found[3]), int(found[4]))
    base = order(numbers)
    if operator == ">=":
        return Interval(base, None, CLOSED)
    if operator == "=":
        return Interval(base, after(base), CLOSED)
    closes = 1 if operator == "~" else next((index for index, number in enumerate(numbers) if number), 2)
    return Interval(base, below((*numbers[:closes], numbers[closes] + 1)), CLOSED)


def _interval(group: str, dialect: Dialect, text: str) -> Interval:
    """Return where all comparators of a group meet, and which prereleases they open."""
    comparators = [_read(part, dialect, text) for part in _parts(group, dialect)]
    named = [each for each in comparators if each.prerelease]
    opened = None if named and dialect is Dialect.HELM else frozenset(_triple(each) for each in named)
    spans = [_span(each, dialect) for each in comparators if each.operator != "!="]
    if dialect is Dialect.NPM:
        # node-semver takes >=0.0.0 for everything.
        spans = [span._replace(lower=()) if span.lower == _ZERO else span for span in spans]
    holes = [_equal(each) for each in comparators if each.operator == "!="]
    return joined(spans, opened, holes)


def _parts(group: str, dialect: Dialect) -> list[str]:
    """Divide a group into comparators, each without spaces."""
    tight = _GAP.sub(r"\1", group.strip())
    if dialect is Dialect.CARGO:
        return [part.strip() for part in tight.split(",")] if tight else []
    return _HYPHEN.sub(r">=\1 <=\2", tight).replace(",", " ").split()


def _read(part: str, dialect: Dialect, text: str) -> Comparator:
    found = _COMPARATOR.fullmatch(part)
    if found is None or (dialect is Dialect.CARGO and _CARGO.fullmatch(part) is None):
        raise _unreadable(text)
    pieces = found[2].split(".")
    count = next((index for index, piece in enumerate(pieces) if not piece.isdecimal()), len(pieces))
    numbers = tuple(int(piece) for piece in pieces[:count])
    wild = count < len(pieces)
    version = _named(numbers, found[3] or "", wild, dialect)
    if version is None or (len(pieces) > _WHOLE and dialect is not Dialect.POETRY):
        raise _unreadable(text)
    operator = _SAME.get(found[1], found[1])
    if operator == "~=":
        operator = _pep440_tilde(numbers, dialect, text)
    elif not operator:
        operator = "^" if dialect is Dialect.CARGO and not wild else "="
    elif operator == "!=" and dialect in (Dialect.NPM, Dialect.CARGO):
        raise _unreadable(text)
    return Comparator(operator, _precise(numbers, operator, wild, dialect), version.order, version.prerelease)


def _pep440_tilde(numbers: tuple[int, ...], dialect: Dialect, text: str) -> str:
    """Return the operator that `~=` is: PEP 440's needs two numbers, npm's is a tilde."""
    if dialect is not Dialect.POETRY:
        return "~"
    if len(numbers) == 1:
        raise _unreadable(text)
    return "~="


def _named(numbers: tuple[int, ...], suffix: str, wild: bool, dialect: Dialect) -> Version | None:
    """Return the version that a comparator names; None where it is none."""
    padded = (*numbers, 0, 0, 0)[: max(len(numbers), _WHOLE)]
    plain = ".".join(map(str, padded))
    if not suffix or (wild and dialect is not Dialect.HELM):
        return Version(plain, Scheme.SEMVER, padded, order(padded))
    if dialect is Dialect.POETRY:
        return parse(plain + suffix, Scheme.PEP440)
    partial = len(numbers) < _WHOLE and dialect is not Dialect.HELM
    return None if partial else parse(plain + suffix, Scheme.SEMVER)


def _precise(numbers: tuple[int, ...], operator: str, wild: bool, dialect: Dialect) -> tuple[int, ...]:
    """Fill up what Poetry takes for one version: `1.2` and `>1.2` mean 1.2.0 there."""
    if dialect is Dialect.POETRY and not wild and operator not in _GROWING:
        return (*numbers, 0, 0, 0)[: max(len(numbers), _WHOLE)]
    return numbers


def _span(comparator: Comparator, dialect: Dialect) -> Span:
    """Return what a comparator accepts, prereleases left aside."""
    if not comparator.numbers:
        nothing = comparator.operator in (">", "<") and not comparator.prerelease
        return NOWHERE if nothing else Span(comparator.base) if comparator.prerelease else EVERYWHERE
    if comparator.operator == "=":
        return _equal(comparator)
    if comparator.operator in _GROWING:
        return _compatible(comparator, dialect)
    return _bounded(comparator, helm=dialect is Dialect.HELM)


def _bounded(comparator: Comparator, *, helm: bool) -> Span:
    """Return what an inequality accepts: `<=1.2` all of 1.2, `>1.2` none of it."""
    operator, numbers, base = comparator.operator, comparator.numbers, comparator.base
    past = (*numbers[:-1], numbers[-1] + 1)
    if operator == ">=":
        return Span(base)
    if operator == ">":
        return Span(after(base) if comparator.whole else below(past) if helm else order(past))
    if operator == "<":
        return Span((), base if comparator.whole or helm else below(numbers))
    return Span((), after(base) if comparator.whole else below(past))


def _equal(comparator: Comparator) -> Span:
    """Return the version itself, or all that begin with the numbers that are said."""
    numbers = comparator.numbers
    if comparator.whole:
        return Span(comparator.base, after(comparator.base))
    return Span(comparator.base, below((*numbers[:-1], numbers[-1] + 1))) if numbers else EVERYWHERE


def _compatible(comparator: Comparator, dialect: Dialect) -> Span:
    """Return the span of a caret, up to the first number that is not 0, or of a tilde, up to the minor one.

    `~=` is PEP 440's: up to the last but one that is said.
    """
    numbers = comparator.numbers
    last = min(len(numbers), _WHOLE) - 1
    if comparator.operator == "~=":
        closes = len(numbers) - 2
    elif comparator.operator == "~":
        # Masterminds/semver reads ~0.0.0 as >=0.0.0.
        if dialect is Dialect.HELM and numbers == (0, 0, 0) and not comparator.prerelease:
            return Span(comparator.base)
        closes = min(last, 1)
    else:
        closes = next((index for index, number in enumerate(numbers[:_WHOLE]) if number), last)
    return Span(comparator.base, below((*numbers[:closes], numbers[closes] + 1)))


def _triple(comparator: Comparator) -> tuple[int, int, int]:
    major, minor, patch = (*comparator.numbers, 0, 0)[:3]
    return major, minor, patch


@lru_cache(maxsize=1 << 12)
def as_semver(version: Version) -> Version:
    """Return a version as SemVer has it, without build metadata: `2.0rc1` is `2.0.0-rc1`."""
    numbers = ".".join(map(str, version.triple))
    if not version.prerelease:
        return Version(numbers, Scheme.SEMVER, version.triple, order(version.triple))
    text = version.text.partition("+")[0]
    suffix = text.partition("-")[2] or re.sub(r"^[0-9!]*[0-9.]*\.?", "", text)
    found = parse(f"{numbers}-{suffix}", Scheme.SEMVER)
    return found or Version(numbers, Scheme.SEMVER, version.triple, version.order, prerelease=True)


def _unreadable(text: str) -> PlanError:
    return PlanError(
        f"the version range {text[:100]!r} cannot be read",
        hint="Write it as comparators such as ^1.2.0, ~1.2, >=1.2 <2 or an exact version.",
    )
