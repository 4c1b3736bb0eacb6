"""Dependency constraints of each ecosystem: does one accept a version, and what it must become to accept it."""

from __future__ import annotations

from releasepilot.errors import PlanError
from releasepilot.model.catalog import Ecosystem
from releasepilot.versioning import npm_range, pep440_range
from releasepilot.versioning.ordering import Version, parse, scheme_of


def admits(ecosystem: Ecosystem, constraint: str, version: str) -> bool:
    """Tell whether a constraint accepts a version.

    An empty constraint accepts every release. Prereleases follow the ecosystem: npm's `^5.0.0` does not accept
    `5.1.0-next.0`. What a catalog's place found is one version exactly. PlanError where either text cannot be read.
    """
    if ecosystem is Ecosystem.REGEX:
        return constraint in {"", version}
    target = _version(ecosystem, version)
    if ecosystem is Ecosystem.PYTHON:
        return pep440_range.admits(constraint, target)
    if ecosystem is Ecosystem.GO:
        return _go_admits(constraint, target)
    return npm_range.admits(constraint, target, bare_is_caret=ecosystem is Ecosystem.CARGO)


def move(ecosystem: Ecosystem, constraint: str, version: str) -> str:
    """Rewrite a constraint so that it accepts a version, keeping its style and precision.

    It is returned unchanged where it accepts the version already. The result always accepts it: where the style
    cannot express that (a prerelease in a wildcard), a plainer one is taken. PlanError as `admits`.
    """
    if ecosystem is Ecosystem.REGEX:
        return constraint and version
    target = _version(ecosystem, version)
    if ecosystem is Ecosystem.PYTHON:
        return pep440_range.move(constraint, target)
    if ecosystem is Ecosystem.GO:
        return constraint if _go_admits(constraint, target) else f"v{target.text}"
    return npm_range.move(constraint, target, bare_is_caret=ecosystem is Ecosystem.CARGO)


def _version(ecosystem: Ecosystem, text: str) -> Version:
    """Read the version that a component is released as."""
    version = parse(text, scheme_of(ecosystem)) or parse(text)
    if version is None:
        raise PlanError(f"{text[:100]!r} is not a version", hint="Write it as 1.2.3, or as PEP 440 says.")
    return version


def _go_admits(constraint: str, version: Version) -> bool:
    """Apply minimal version selection: any later version of the same module path.

    Versions 0 and 1 share a path, later major versions have their own (go.dev/ref/mod#major-version-suffixes).
    """
    text = constraint.strip()
    if not text:
        return True
    minimum = parse(text.removeprefix("v"))
    if minimum is None:
        raise PlanError(f"the Go version {text[:100]!r} cannot be read", hint="Write it as v1.2.3.")
    same_path = max(minimum.release[0], 1) == max(version.release[0], 1) or text.endswith("+incompatible")
    return same_path and version.order >= minimum.order
