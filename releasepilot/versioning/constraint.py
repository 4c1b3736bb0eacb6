"""Dependency constraints of each ecosystem: does one accept a version, and what it must become to accept it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from types import MappingProxyType
from typing import NamedTuple

from releasepilot.errors import PlanError
from releasepilot.model.catalog import Ecosystem
from releasepilot.versioning import go_range, maven_range, npm_range, pep440_range, ruby_range
from releasepilot.versioning.ordering import Version, parse, read, scheme_of
from releasepilot.versioning.semver_range import Dialect
from releasepilot.versioning.witness import witnesses


class _Ranges(NamedTuple):
    """How an ecosystem's constraints are read and rewritten."""

    admits: Callable[[str, Version], bool]
    move: Callable[[str, Version], str]


def _is(text: str, version: Version) -> bool:
    return text in ("", version.text)


def _become(text: str, version: Version) -> str:
    return version.text if text else text


_RANGES: Mapping[Ecosystem, _Ranges] = MappingProxyType(
    {
        Ecosystem.PYTHON: _Ranges(pep440_range.admits, pep440_range.move),
        Ecosystem.NPM: _Ranges(npm_range.admits, npm_range.move),
        Ecosystem.CARGO: _Ranges(
            partial(npm_range.admits, dialect=Dialect.CARGO), partial(npm_range.move, dialect=Dialect.CARGO)
        ),
        Ecosystem.GO: _Ranges(go_range.admits, go_range.move),
        Ecosystem.MAVEN: _Ranges(maven_range.admits, maven_range.move),
        Ecosystem.RUBY: _Ranges(ruby_range.admits, ruby_range.move),
        Ecosystem.HELM: _Ranges(
            partial(npm_range.admits, dialect=Dialect.HELM), partial(npm_range.move, dialect=Dialect.HELM)
        ),
        # A place in a file holds one version, and is written again with every release.
        Ecosystem.REGEX: _Ranges(_is, _become),
        Ecosystem.GENERIC: _Ranges(npm_range.admits, npm_range.move),
    }
)


def admits(ecosystem: Ecosystem, constraint: str, version: str) -> bool:
    """Tell whether a constraint accepts a version.

    An empty constraint accepts every release. Prereleases follow the ecosystem: npm's `^5.0.0` does not accept
    `5.1.0-next.0`. PlanError where either text cannot be read.
    """
    return _RANGES[ecosystem].admits(constraint, read(ecosystem, version))


def move(ecosystem: Ecosystem, constraint: str, version: str) -> str:
    """Rewrite a constraint so that it accepts a version, keeping its style and precision.

    It is returned unchanged where it accepts the version already. The result always accepts it: where the style
    cannot express that (a prerelease in a wildcard), a plainer one is taken. PlanError as `admits`, and where the
    ecosystem has no way to write a version that follows the rules of another: go.mod knows no `2.0rc1`.
    """
    bound = read(ecosystem, version)
    moved = _RANGES[ecosystem].move(constraint, bound)
    if moved != constraint:
        _refuse_foreign(ecosystem, moved, bound)
    return moved


def _refuse_foreign(ecosystem: Ecosystem, moved: str, version: Version) -> None:
    """Raise PlanError where a constraint that was written for a version cannot be read."""
    try:
        _RANGES[ecosystem].admits(moved, version)
    except PlanError as error:
        raise PlanError(
            f"the version {version.text!r} cannot be written into a constraint of {ecosystem.value} ({moved!r})",
            hint=f"Number that component's releases by the rules of {ecosystem.value} too, such as 1.2.3.",
        ) from error


def published(ecosystem: Ecosystem, constraint: str, version: str) -> str | None:
    """Return the range that a constraint stands for in a dependent published beside this version of its dependency.

    None where it is what it says: only npm's `workspace:*`, `workspace:^` and `workspace:~` are not. PlanError as
    `admits`.
    """
    return npm_range.published(constraint, read(ecosystem, version)) if ecosystem is Ecosystem.NPM else None


def lies_above(ecosystem: Ecosystem, constraint: str, version: str) -> bool:
    """Tell whether a constraint accepts newer versions than this one, and nothing else: moving would lower it.

    PlanError as `admits`.
    """
    bound = read(ecosystem, version)
    if admits(ecosystem, constraint, version):
        return False
    accepted = [each for each in _readable(ecosystem, witnesses(constraint)) if _accepts(ecosystem, constraint, each)]
    return bool(accepted) and all(each.order > bound.order for each in accepted)


def compatible(ecosystem: Ecosystem, first: str, second: str, candidates: Iterable[str] = ()) -> str | None:
    """Return a version that two constraints both accept; None where there is none, which is a conflict.

    The newest of the candidates is taken; where none fits, one that the constraints themselves imply, which need not
    have been released. A version that Maven is only recommended conflicts with nothing. PlanError as `admits`.
    """
    both = [
        text for text in (first, second) if not (ecosystem is Ecosystem.MAVEN and maven_range.is_recommendation(text))
    ]
    for texts in (candidates, (*witnesses(first), *witnesses(second))):
        fitting = [
            version
            for version in _readable(ecosystem, texts)
            if all(_accepts(ecosystem, constraint, version) for constraint in both)
        ]
        if fitting:
            return max(fitting, key=lambda version: (version.order, -len(version.text), version.text)).text
    return None


def _accepts(ecosystem: Ecosystem, constraint: str, version: Version) -> bool:
    return _RANGES[ecosystem].admits(constraint, version)


def _readable(ecosystem: Ecosystem, texts: Iterable[str]) -> list[Version]:
    """Return those texts that are versions."""
    scheme = scheme_of(ecosystem)
    return [version for text in texts if (version := parse(text, scheme) or parse(text)) is not None]
