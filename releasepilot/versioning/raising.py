"""Raise version numbers: by SemVer's three numbers, or in PEP 440's release segment of any length."""

from __future__ import annotations

from releasepilot.errors import PlanError
from releasepilot.model.version import Bump
from releasepilot.versioning.ordering import Scheme, Version, parse

#: Which number of a version a bump raises, from the left.
_PLACE = {Bump.MAJOR: 0, Bump.MINOR: 1, Bump.PATCH: 2}


def version_of(text: str, scheme: Scheme | None = None) -> Version:
    """Read a version, by PEP 440 also one of a single number; PlanError where it is not one."""
    version = parse(text, scheme) or (parse(text, Scheme.PEP440) if scheme is None else None)
    if version is None:
        raise PlanError(f"{text[:100]!r} is not a version", hint="Write it as 1.2.3, or as PEP 440 says.")
    return version


def raised(version: Version, bump: Bump, scheme: Scheme = Scheme.SEMVER) -> str:
    """Raise one number of a version and reset those below it.

    A prerelease becomes its release where that is enough, as node-semver's `inc` does. In SemVer the result has three
    numbers, in PEP 440 as many as before; an epoch is kept, and what follows the numbers (`.post1`, `.dev2`, `+local`)
    is dropped. The result is always higher.
    """
    at = _PLACE[bump]
    count = 3 if scheme is Scheme.SEMVER else max(len(version.release), at + 1)
    numbers = (*version.release, 0, 0, 0)[:count] if count > len(version.release) else version.release[:count]
    if version.prerelease and not any(version.release[at + 1 :]):
        promoted = spelled(version.epoch, numbers)
        if version_of(promoted, version.scheme if version.epoch else None).order > version.order:
            return promoted
    below = (0,) * (count - at - 1)
    return spelled(version.epoch, (*numbers[:at], numbers[at] + 1, *below))


def spelled(epoch: int, numbers: tuple[int, ...]) -> str:
    """Write numbers as a version, with PEP 440's epoch where there is one."""
    return (f"{epoch}!" if epoch else "") + ".".join(str(number) for number in numbers)
