"""RubyGems' requirements: comparisons that all must hold, such as `~> 1.2, >= 1.2.3`."""

from __future__ import annotations

import re
from functools import lru_cache

from releasepilot.errors import PlanError
from releasepilot.versioning.bounds import above, numbers_of, with_precision
from releasepilot.versioning.interval import CLOSED, Interval, Span, holds, joined
from releasepilot.versioning.ordering import Scheme, Version, parse
from releasepilot.versioning.orders import after, below

_CLAUSE = re.compile(r"\s*(=|!=|~>|>=|<=|>|<|)(\s*)([0-9][0-9A-Za-z.-]*)\s*")


def admits(text: str, version: Version) -> bool:
    """Tell whether a requirement accepts a version; prereleases only where it names one itself.

    PlanError where the text cannot be read.
    """
    return holds(_read(text.strip()), version)


def move(text: str, version: Version) -> str:
    """Rewrite a requirement so that it accepts a version; unchanged where it does already."""
    if admits(text, version):
        return text
    clauses = [_clause(part, version) for part in text.split(",")] if text.strip() else []
    restyled = ",".join(clauses)
    kept = ",".join(clause for clause in clauses if "!=" not in clause).strip()
    for candidate in (restyled, kept, f">= {version.text}"):
        if candidate and admits(candidate, version):
            return candidate
    return f"= {version.text}"


@lru_cache(maxsize=1 << 14)
def _read(text: str) -> tuple[Interval, ...]:
    spans: list[Span] = []
    holes: list[Span] = []
    opened = False
    for part in text.split(",") if text else ():
        operator, version = _parsed(part, text)
        opened = opened or version.prerelease
        (holes if operator == "!=" else spans).append(_span(operator, version))
    return (joined(spans, None if opened else CLOSED, holes),)


def _parsed(part: str, text: str) -> tuple[str, Version]:
    found = _CLAUSE.fullmatch(part)
    version = parse(found[3], Scheme.RUBY) if found else None
    if found is None or version is None:
        raise PlanError(
            f"the gem requirement {text[:100]!r} cannot be read",
            hint="Write it as comparisons such as ~> 1.2, >= 1.2.3 or a version.",
        )
    return found[1], version


def _span(operator: str, version: Version) -> Span:
    """Return what one comparison accepts; of `!=` what it refuses."""
    key = version.order
    if operator == "~>":
        numbers = version.release[:-1] or version.release
        return Span(key, below((*numbers[:-1], numbers[-1] + 1)))
    if operator in (">=", ">"):
        return Span(key if operator == ">=" else after(key))
    if operator in ("<=", "<"):
        return Span((), key if operator == "<" else after(key))
    return Span(key, after(key))


def _clause(part: str, version: Version) -> str:
    """Rewrite one comparison: bounds move, everything else keeps its precision."""
    found = _CLAUSE.fullmatch(part)
    if found is None or found[1] == "!=":
        return part
    operator, old = found[1], found[3]
    bound = parse(old, Scheme.RUBY)
    if operator in ("<", "<=") and bound is not None and bound.order > version.order:
        return part
    new = version.text
    if operator == ">":
        operator = ">="
    elif operator == "<":
        new = above(old, version)
    elif operator == "~>" and not version.prerelease:
        new = with_precision(version, len(numbers_of(old)))
    head, tail = part[: found.start(1)], part[found.end(3) :]
    return f"{head}{operator}{found[2]}{new}{tail}"
