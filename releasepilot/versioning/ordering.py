"""Read and order version numbers: SemVer 2.0.0 and PEP 440, and the versions that a repository's tags name."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

import semver
from packaging.version import InvalidVersion
from packaging.version import Version as Pep440

from releasepilot.model.catalog import Ecosystem

_PLAIN = re.compile(r"(0|[1-9][0-9]{0,17})\.(0|[1-9][0-9]{0,17})\.(0|[1-9][0-9]{0,17})")


#: node-semver's limit; what is longer is no version.
_MAX_LENGTH = 256


class Scheme(StrEnum):
    """The rules that a version number follows."""

    SEMVER = "semver"
    PEP440 = "pep440"


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """A version that was understood."""

    text: str
    scheme: Scheme
    #: PEP 440's epoch; 0 in SemVer.
    epoch: int = 0
    #: The numbers before any suffix: exactly three in SemVer.
    release: tuple[int, ...]
    prerelease: bool = False
    #: Orders versions, also across the two schemes; build metadata does not count.
    order: tuple[object, ...]

    @property
    def triple(self) -> tuple[int, int, int]:
        """Major, minor, patch; 0 where the version does not say."""
        major, minor, patch = (*self.release, 0, 0)[:3]
        return major, minor, patch


def scheme_of(ecosystem: Ecosystem) -> Scheme:
    """Return the rules of an ecosystem's versions."""
    return Scheme.PEP440 if ecosystem is Ecosystem.PYTHON else Scheme.SEMVER


def parse(text: str, scheme: Scheme | None = None) -> Version | None:
    """Read a version; None where it is not one.

    Without a scheme SemVer is tried first, then PEP 440 with at least two numbers: a tag such as `v4` that moves with
    every release is not a version.
    """
    plain = _PLAIN.fullmatch(text)
    if plain is not None:
        release = (int(plain[1]), int(plain[2]), int(plain[3]))
        return Version(text=text, scheme=scheme or Scheme.SEMVER, release=release, order=_order(release))
    if not text[:1].isdecimal() or not text.isascii() or len(text) > _MAX_LENGTH:
        return None
    found = _semver(text) if scheme is not Scheme.PEP440 else None
    if found is None and scheme is not Scheme.SEMVER:
        found = _pep440(text)
        if found is not None and scheme is None and len(found.release) == 1:
            return None
    return found


def compare(left: str, right: str, scheme: Scheme | None = None) -> int:
    """Return -1, 0 or 1; ValueError where one of the two is not a version."""
    first, second = parse(left, scheme), parse(right, scheme)
    if first is None or second is None:
        raise ValueError(f"not a version: {left if first is None else right!r}")
    return (first.order > second.order) - (first.order < second.order)


def released(
    tags: Iterable[str], template: str, scheme: Scheme | None = None, *, prereleases: bool = False
) -> list[tuple[str, str]]:
    """Return (tag, version) of the tags that follow the template, newest version first.

    Prereleases are left out unless asked for: on a release branch semantic-release does not see them either. Tags of
    one precedence, which differ in build metadata, are ordered by name: the input's order never decides.
    """
    prefix, _, suffix = template.partition("{version}")
    found: list[tuple[tuple[object, ...], str, str]] = []
    for tag in set(tags):
        if len(tag) <= len(prefix) + len(suffix) or not (tag.startswith(prefix) and tag.endswith(suffix)):
            continue
        version = parse(tag[len(prefix) : len(tag) - len(suffix)], scheme)
        if version is not None and (prereleases or not version.prerelease):
            found.append((version.order, tag, version.text))
    found.sort(reverse=True)
    return [(tag, text) for _, tag, text in found]


def newest(
    tags: Iterable[str], template: str, scheme: Scheme | None = None, *, prereleases: bool = False
) -> tuple[str, str] | None:
    """Return the first of `released`, or None where no tag follows the template."""
    candidates = released(tags, template, scheme, prereleases=prereleases)
    return candidates[0] if candidates else None


#: Where a version stands among those of equal numbers.
_DEV, _PRE, _FINAL, _POST = range(4)


def _order(
    release: tuple[int, ...], epoch: int = 0, stage: int = _FINAL, suffix: tuple[object, ...] = ()
) -> tuple[object, ...]:
    """Build the key: trailing zeros do not count, as PEP 440 has 1.0 == 1.0.0."""
    end = len(release)
    while end and release[end - 1] == 0:
        end -= 1
    return (epoch, release[:end], stage, suffix)


def _semver(text: str) -> Version | None:
    """Read SemVer 2.0.0: numeric identifiers come before alphanumeric ones, fewer before more."""
    try:
        found = semver.Version.parse(text)
    except (ValueError, TypeError):
        return None
    release = (found.major, found.minor, found.patch)
    if found.prerelease is None:
        return Version(text=text, scheme=Scheme.SEMVER, release=release, order=_order(release))
    identifiers = tuple(
        (0, int(part), "") if part.isdecimal() else (1, 0, part) for part in found.prerelease.split(".")
    )
    order = _order(release, stage=_PRE, suffix=identifiers)
    return Version(text=text, scheme=Scheme.SEMVER, release=release, prerelease=True, order=order)


def _pep440(text: str) -> Version | None:
    """Read PEP 440: dev releases, then pre-releases, the final one, then post-releases."""
    try:
        found = Pep440(text)
    except InvalidVersion:
        return None
    dev = (0, 0, "") if found.dev is None else (-1, found.dev, "")
    stage = _FINAL
    suffix: tuple[object, ...] = ()
    if found.pre is not None:
        post = -1 if found.post is None else found.post
        stage, suffix = _PRE, ((1, 0, found.pre[0]), (0, found.pre[1], ""), (0, post, ""), dev)
    elif found.post is not None:
        stage, suffix = _POST, ((0, found.post, ""), dev)
    elif found.dev is not None:
        stage, suffix = _DEV, (dev,)
    order = _order(found.release, found.epoch, stage, suffix)
    return Version(
        text=text,
        scheme=Scheme.PEP440,
        epoch=found.epoch,
        release=found.release,
        prerelease=found.is_prerelease,
        order=order,
    )
