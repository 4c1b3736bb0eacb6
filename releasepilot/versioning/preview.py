"""Numbers of prereleases: `1.2.0-beta.1` as semantic-release writes them, `1.2.0b1` as PEP 440 does."""

from __future__ import annotations

import re

from releasepilot.errors import PlanError
from releasepilot.versioning.ordering import Scheme, parse
from releasepilot.versioning.policy import BumpPolicy
from releasepilot.versioning.raising import version_of

#: PEP 440's letters by the identifiers of prerelease branches.
_LETTERS = {"alpha": "a", "a": "a", "beta": "b", "b": "b", "rc": "rc", "c": "rc"}
_NUMBERS = re.compile(r"(?:[0-9]+!)?[0-9]+(?:\.[0-9]+)*")
_PEP440_PRE = re.compile(r"(?P<base>[0-9!.]+?)[-_.]?(?P<id>alpha|beta|preview|pre|rc|a|b|c)[-_.]?(?P<number>[0-9]*)")


def begun(base: str, name: str, rules: BumpPolicy) -> str:
    """Write the first prerelease of a version, as the policy's scheme has it."""
    if rules.scheme is not Scheme.PEP440:
        version = f"{base}-{name}.1"
        if parse(version) is None:
            raise PlanError(
                f"{version} is not a version",
                hint="Use the prerelease alpha, beta or rc, or a calendar format without leading zeros.",
            )
        return version
    letter = _LETTERS.get(name.lower())
    if letter is None:
        raise PlanError(
            f"PEP 440 has no prerelease {name!r}",
            hint="Let the branch have the prerelease alpha, beta or rc, or use another policy than pep440.",
        )
    return f"{base}{letter}1"


def continued(version: str) -> str:
    """Raise the number of a prerelease: the last one that it has (node-semver's `inc` by `prerelease`)."""
    base, dash, suffix = version.partition("+")[0].partition("-")
    if not dash:
        found = _PEP440_PRE.match(version)
        if found is None:
            raise PlanError(f"{version} is no prerelease", hint="Tag prereleases as 1.2.0b1 or 1.2.0-beta.1.")
        return f"{found['base']}{_LETTERS.get(found['id'], 'rc')}{int(found['number'] or 0) + 1}"
    parts = suffix.split(".")
    at = next((index for index in reversed(range(len(parts))) if parts[index].isdecimal()), None)
    if at is None:
        return f"{base}-{suffix}.0"
    parts[at] = str(int(parts[at]) + 1)
    return f"{base}-{'.'.join(parts)}"


def identifiers_of(version: str) -> tuple[str, ...]:
    """Return the identifiers of a prerelease; those of PEP 440 by every name that they have."""
    _, dash, suffix = version.partition("+")[0].partition("-")
    if dash:
        return tuple(suffix.split("."))
    found = _PEP440_PRE.match(version)
    letter = _LETTERS.get(found["id"], "rc") if found else ""
    return tuple(name for name, one in _LETTERS.items() if one == letter)


def final_of(version: str) -> str:
    """Return the version that a prerelease leads to; a version that is none is its own."""
    numbers = _NUMBERS.match(version)
    return numbers[0] if numbers and version_of(version).prerelease else version
