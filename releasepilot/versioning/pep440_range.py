"""Python's version specifiers (PEP 440), and the caret and tilde ranges that Poetry writes beside them."""

from __future__ import annotations

import re
from functools import lru_cache

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from releasepilot.errors import PlanError
from releasepilot.versioning import npm_range
from releasepilot.versioning.bounds import above, numbers_of, with_precision
from releasepilot.versioning.interval import Interval, Span, holds, joined
from releasepilot.versioning.ordering import Version
from releasepilot.versioning.orders import after, order
from releasepilot.versioning.semver_range import Dialect, intervals

#: A clause of numbers alone, which means the same to every version of numbers alone as it does to `packaging`.
_ORDINARY = re.compile(r"\s*(~=|==|!=|<=|>=|<|>)\s*([0-9]{1,18}(?:\.[0-9]{1,18})*)(\.\*)?\s*")
#: No version is as long as this, and Python refuses to read numbers that are much longer.
_TOO_LONG = re.compile(r"[^\s,|]{300}")
_CLAUSE = re.compile(r"(~=|===?|!=|<=|>=|<|>)(\s*)([^\s,;]+)")


def admits(text: str, version: Version) -> bool:
    """Tell whether a specifier accepts a version; a prerelease only where the specifier itself names one.

    A direct reference (`@ https://...`) accepts everything. PlanError where the text cannot be read.
    """
    if version.plain:
        interval = _ordinary(text)
        if interval is not None:
            return holds(interval, version)
    if text.lstrip().startswith("@"):
        return True
    specifiers = _specifiers(text)
    if specifiers is None:
        return npm_range.admits(text, version, Dialect.POETRY)
    return specifiers.contains(version.text, prereleases=bool(specifiers.prereleases))


def move(text: str, version: Version) -> str:
    """Rewrite a specifier so that it accepts a version; unchanged where it does already."""
    if admits(text, version):
        return text
    if _specifiers(text) is None:
        return npm_range.move(text, version, Dialect.POETRY)
    public = version.text.partition("+")[0]
    restyled = _CLAUSE.sub(lambda found: _clause(found, version), text)
    for candidate in (restyled, _without_exclusion(restyled, version), f">={public}"):
        if candidate and admits(candidate, version):
            return candidate
    return f"=={public}"


@lru_cache(maxsize=1 << 14)
def _ordinary(text: str) -> tuple[Interval] | None:
    """Return what a specifier accepts of plain versions; None where it says more than numbers can."""
    spans: list[Span] = []
    holes: list[Span] = []
    for part in text.split(",") if text.strip() else ():
        found = _ORDINARY.fullmatch(part)
        span = _span(found[1], tuple(map(int, found[2].split("."))), wild=bool(found[3])) if found else None
        if found is None or span is None:
            return None
        (holes if found[1] == "!=" else spans).append(span)
    return (joined(spans, None, holes),)


def _span(operator: str, numbers: tuple[int, ...], *, wild: bool) -> Span | None:
    """Return what one clause accepts, of `!=` what it refuses; None where `packaging` has to say."""
    key = order(numbers)
    if wild:
        return Span(key, order((*numbers[:-1], numbers[-1] + 1))) if operator in ("==", "!=") else None
    if operator == "~=":
        return Span(key, order((*numbers[:-2], numbers[-2] + 1))) if len(numbers) > 1 else None
    ends = {"==": (key, after(key)), ">=": (key, None), ">": (after(key), None), "<": ((), key)}
    lower, upper = ends.get("==" if operator == "!=" else operator, ((), after(key)))
    return Span(lower, upper)


@lru_cache(maxsize=1 << 12)
def _specifiers(text: str) -> SpecifierSet | None:
    """Read what PEP 440 knows; None for what Poetry writes beside it, PlanError where it is neither."""
    if _TOO_LONG.search(text):
        raise _unreadable(text)
    try:
        return SpecifierSet(text)
    except InvalidSpecifier:
        try:
            intervals(text, Dialect.POETRY)
        except PlanError:
            raise _unreadable(text) from None
        return None


def _unreadable(text: str) -> PlanError:
    return PlanError(
        f"the version specifier {text[:100]!r} cannot be read",
        hint="Write it as PEP 440 says, such as >=1.2,<2 or ~=1.4.",
    )


def _clause(found: re.Match[str], version: Version) -> str:
    """Rewrite one clause: bounds move, everything else keeps its precision."""
    operator, gap, old = found[1], found[2], found[3]
    public = version.text.partition("+")[0]
    if operator == "!=" or (operator in {"<", "<="} and numbers_of(old) > version.release):
        return found[0]
    if operator in {">=", ">", "<="}:
        return f"{'<=' if operator == '<=' else '>='}{gap}{public}"
    if operator == "<":
        return f"<{gap}{above(old, version)}"
    count = len(numbers_of(old))
    if old.endswith(".*"):
        return f"{operator}{gap}{with_precision(version, count)}.*"
    if operator == "~=" and not version.prerelease:
        return f"{operator}{gap}{with_precision(version, max(count, 2))}"
    return f"{operator}{gap}{public}"


def _without_exclusion(text: str, version: Version) -> str:
    """Drop the `!=` clauses that exclude the version."""
    clauses = (clause.strip() for clause in text.split(","))
    return ",".join(clause for clause in clauses if not clause.startswith("!=") or admits(clause, version))
