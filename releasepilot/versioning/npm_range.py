"""npm's ranges, and the dialects of them that Cargo, Helm and Poetry write."""

from __future__ import annotations

import re

from semantic_version import NpmSpec  # type: ignore[import-untyped] # it ships no types
from semantic_version import Version as SemanticVersion

from releasepilot.errors import PlanError
from releasepilot.versioning.bounds import above, numbers_of, with_precision
from releasepilot.versioning.ordering import Version

_PREFIX = re.compile(r"(?:workspace:|npm:(?:@[^/@\s]+/)?[^@\s]+@)")
_KEPT = frozenset({"*", "^", "~", "workspace:*", "workspace:^", "workspace:~"})
_NOT_A_RANGE = re.compile(r".*[:/].*|(?![vV][0-9]|[xX](?:\.|\Z))[A-Za-z][A-Za-z0-9._-]*", re.DOTALL)
_SPACED = re.compile(r"(\^|~>?|[<>]=?|=|!=)\s+")
_HYPHEN = re.compile(r"(\S+)\s+-\s+(\S+)")
_COMPARATOR = re.compile(r"(\^|~>?|>=|<=|>|<|=)?(\s*v?)([0-9xX*][^\s,|]*)")
_WILD = re.compile(r"(?:^|\.)[xX*]")


def admits(text: str, version: Version, *, bare_is_caret: bool = False) -> bool:
    """Tell whether a range accepts a version, by node-semver's rule for prereleases.

    What names no range (a dist-tag, a URL, a path, `workspace:^`) accepts everything: there is nothing to move.
    PlanError where the text is a range that cannot be read.
    """
    _, bare = _parts(text)
    if _is_no_range(text, bare):
        return True
    return bool(_spec(bare, bare_is_caret=bare_is_caret).match(semantic(version)))


def move(text: str, version: Version, *, bare_is_caret: bool = False) -> str:
    """Rewrite a range so that it accepts a version; unchanged where it does already."""
    if admits(text, version, bare_is_caret=bare_is_caret):
        return text
    prefix, bare = _parts(text)
    full = str(semantic(version))
    for candidate in (_restyled(bare, version), f"^{full}", f">={full}"):
        if admits(prefix + candidate, version, bare_is_caret=bare_is_caret):
            return prefix + candidate
    return f"{prefix}={full}"


def semantic(version: Version) -> SemanticVersion:
    """Return a version as SemVer has it, without build metadata: `2.0rc1` is `2.0.0-rc1`."""
    numbers = with_precision(version, 3)
    _, _, suffix = version.text.partition("+")[0].partition("-")
    if version.prerelease and not suffix:
        suffix = re.sub(r"^[0-9!]*[0-9.]*\.?", "", version.text.partition("+")[0])
    return SemanticVersion(f"{numbers}-{suffix}" if version.prerelease else numbers)


def _parts(text: str) -> tuple[str, str]:
    """Divide a constraint into npm's protocol prefix and the range."""
    stripped = text.strip()
    found = _PREFIX.match(stripped)
    return (found[0], stripped[found.end() :]) if found else ("", stripped)


def _is_no_range(text: str, bare: str) -> bool:
    return (text.strip() in _KEPT and text.strip() != "*") or _NOT_A_RANGE.fullmatch(bare) is not None


def _spec(text: str, *, bare_is_caret: bool) -> NpmSpec:
    """Translate a dialect to npm's own grammar."""
    plain = _SPACED.sub(r"\1", text.replace("~>", "~"))
    if bare_is_caret:
        parts = (part.strip() for part in plain.split(","))
        plain = " ".join(f"^{part}" if part[:1].isdecimal() and "*" not in part else part for part in parts)
    try:
        return NpmSpec(" ".join(plain.replace(",", " ").split()))
    except ValueError:
        raise PlanError(
            f"the version range {text[:100]!r} cannot be read",
            hint="Write it as comparators such as ^1.2.0, ~1.2, >=1.2 <2 or an exact version.",
        ) from None


def _restyled(text: str, version: Version) -> str:
    """Rewrite each part of a range in its own style."""
    alternatives = text.split("||")
    if len(alternatives) > 1:
        return f"{text.rstrip()} || {_restyled(alternatives[-1].strip(), version)}"
    hyphen = _HYPHEN.fullmatch(text)
    if hyphen is not None:
        return f"{hyphen[1]} - {semantic(version)}"
    return _COMPARATOR.sub(lambda found: _comparator(found, version), text)


def _comparator(found: re.Match[str], version: Version) -> str:
    """Rewrite one comparator: bounds move, everything else keeps its precision."""
    operator, gap, old = found[1] or "", found[2], found[3]
    full = str(semantic(version))
    if operator in {">=", ">"}:
        return f">={gap}{full}"
    if operator == "<=":
        return f"<={gap}{full}"
    if operator == "<":
        closed = with_precision(version, 3) if version.prerelease else full
        beyond = numbers_of(old) > tuple(int(part) for part in closed.split("."))
        return found[0] if beyond else f"<{gap}{above(old, version)}"
    wild = _WILD.search(old)
    if wild is not None:
        count = len(numbers_of(old))
        return f"{operator}{gap}{with_precision(version, count)}{old[wild.start() :]}" if count else found[0]
    precision = len(numbers_of(old))
    exact = version.prerelease or precision >= len(version.triple)
    return f"{operator}{gap}{full if exact else with_precision(version, precision)}"
