"""Go's requirements: the lowest version that a module needs of another."""

from __future__ import annotations

from functools import lru_cache

from releasepilot.errors import PlanError
from releasepilot.versioning.ordering import Scheme, Version, parse

_INCOMPATIBLE = "+incompatible"


def admits(text: str, version: Version) -> bool:
    """Apply minimal version selection: any later version of the same module path, prereleases too.

    Versions 0 and 1 share a path, later major versions have their own (go.dev/ref/mod#major-version-suffixes), except
    those from before modules, which are marked `+incompatible` and stay at the path of 0 and 1. PlanError where the
    text is no version.
    """
    minimum = _minimum(text)
    if minimum is None:
        return True
    if version.order < minimum.order:
        return False
    return minimum.release[0] == version.release[0] or (_unsuffixed(minimum) and _reaches(minimum, version))


def move(text: str, version: Version) -> str:
    """Require a version, where it is not accepted already; the path of another major version is the manifest's."""
    if admits(text, version):
        return text
    incompatible = text.strip().endswith(_INCOMPATIBLE) and version.release[0] > 1
    mark = _INCOMPATIBLE if incompatible and not version.text.endswith(_INCOMPATIBLE) else ""
    return f"v{version.text}{mark}"


@lru_cache(maxsize=1 << 14)
def _minimum(text: str) -> Version | None:
    """Read a requirement; None where nothing is said."""
    stripped = text.strip()
    minimum = parse(stripped.removeprefix("v"), Scheme.SEMVER) if stripped else None
    if stripped and minimum is None:
        raise PlanError(f"the Go version {stripped[:100]!r} cannot be read", hint="Write it as v1.2.3.")
    return minimum


def _unsuffixed(version: Version) -> bool:
    """Tell whether a version's path ends without a major version."""
    return version.release[0] <= 1 or version.text.endswith(_INCOMPATIBLE)


def _reaches(minimum: Version, version: Version) -> bool:
    """Tell whether both are at one path; a release of a component at a marked path needs no mark to be known."""
    return _unsuffixed(version) or minimum.text.endswith(_INCOMPATIBLE)
