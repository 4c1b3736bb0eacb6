"""Read and order version numbers by the rules of each ecosystem, and the versions that a repository's tags name."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum
from functools import lru_cache
from types import MappingProxyType
from typing import NamedTuple

import semver
from packaging.version import InvalidVersion
from packaging.version import Version as Pep440

from releasepilot.errors import PlanError
from releasepilot.model.catalog import Ecosystem
from releasepilot.versioning.orders import FINAL, PRE, Order, maven_order, order, pep440_order, ruby_order, semver_order

#: Three numbers and nothing else: a version, and of one meaning, in every scheme.
NUMBERS = r"(0|[1-9][0-9]{0,17})\.(0|[1-9][0-9]{0,17})\.(0|[1-9][0-9]{0,17})"
_plain = re.compile(NUMBERS).fullmatch
_MAVEN = re.compile(r"[0-9][0-9A-Za-z._+-]*")
_RUBY = re.compile(r"[0-9]+(?:\.[0-9A-Za-z]+)*(?:-[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?")
_LEADING = re.compile(r"[0-9]+(?:\.[0-9]+)*")

#: node-semver's limit; what is longer is no version.
_MAX_LENGTH = 256


class Scheme(StrEnum):
    """The rules that a version number follows."""

    #: SemVer 2.0.0: npm, Cargo, Go modules, Helm.
    SEMVER = "semver"
    PEP440 = "pep440"
    #: Maven 3's ComparableVersion.
    MAVEN = "maven"
    #: RubyGems' Gem::Version.
    RUBY = "ruby"


class Version(NamedTuple):
    """A version that was understood. Versions are compared by their `order`, never as they are."""

    text: str
    scheme: Scheme
    #: The numbers before any suffix: exactly three in SemVer.
    release: tuple[int, ...]
    #: Orders versions, also across schemes; build metadata does not count.
    order: Order
    prerelease: bool = False
    #: PEP 440's epoch; 0 elsewhere.
    epoch: int = 0

    @property
    def triple(self) -> tuple[int, int, int]:
        """Major, minor, patch; 0 where the version does not say."""
        major, minor, patch = (*self.release, 0, 0)[:3]
        return major, minor, patch

    @property
    def plain(self) -> bool:
        """Whether there is nothing but numbers: no suffix, no epoch, no build."""
        return self.order[2] == FINAL and not self.epoch and "+" not in self.text


_SCHEMES: Mapping[Ecosystem, Scheme] = MappingProxyType(
    {Ecosystem.PYTHON: Scheme.PEP440, Ecosystem.MAVEN: Scheme.MAVEN, Ecosystem.RUBY: Scheme.RUBY}
)


def scheme_of(ecosystem: Ecosystem) -> Scheme:
    """Return the rules of an ecosystem's versions."""
    return _SCHEMES.get(ecosystem, Scheme.SEMVER)


@lru_cache(maxsize=1 << 16)
def parse(text: str, scheme: Scheme | None = None) -> Version | None:
    """Read a version; None where it is not one.

    Without a scheme SemVer is tried first, then PEP 440 with at least two numbers: a tag such as `v4` that moves with
    every release is not a version.
    """
    found = _plain(text)
    if found is not None:
        major, minor, patch = found.groups()
        release = (int(major), int(minor), int(patch))
        return Version(text, scheme or Scheme.SEMVER, release, order(release))
    if not text[:1].isdecimal() or not text.isascii() or len(text) > _MAX_LENGTH:
        return None
    if scheme is not None:
        return _READERS[scheme](text)
    version = _semver(text) or _pep440(text)
    return None if version is not None and len(version.release) == 1 else version


def read(ecosystem: Ecosystem, text: str) -> Version:
    """Read the version that a component is released as; PlanError where it is none.

    Components may number their releases by other rules than their ecosystem's.
    """
    version = parse(text, scheme_of(ecosystem)) or parse(text)
    if version is None:
        raise PlanError(f"{text[:100]!r} is not a version", hint="Write it as 1.2.3, or as PEP 440 says.")
    return version


def compare(left: str, right: str, scheme: Scheme | None = None) -> int:
    """Return -1, 0 or 1; ValueError where one of the two is not a version."""
    first, second = parse(left, scheme), parse(right, scheme)
    if first is None or second is None:
        raise ValueError(f"not a version: {left if first is None else right!r}")
    return (first.order > second.order) - (first.order < second.order)


def newest_of(versions: Iterable[str]) -> str:
    """Return the newest of some versions; what is none is older than every version."""
    return max(versions, key=lambda text: found.order if (found := parse(text)) else ())


def released(
    tags: Iterable[str], template: str, scheme: Scheme | None = None, *, prereleases: bool = False
) -> list[tuple[str, str]]:
    """Return (tag, version) of the tags that follow the template, newest version first.

    Prereleases are left out unless asked for: on a release branch semantic-release does not see them either. Tags of
    one precedence, which differ in build metadata, are ordered by name: the input's order never decides.
    """
    prefix, _, suffix = template.partition("{version}")
    plain = re.compile(f"{re.escape(prefix)}{NUMBERS}{re.escape(suffix)}").fullmatch
    start, end = len(prefix), -len(suffix) or None
    #: Repositories have thousands of tags, nearly all of them plain, and those need no more than their numbers.
    numbered: list[tuple[int, int, int, str]] = []
    others: list[tuple[Order, str, str]] = []
    for tag in set(tags):
        found = plain(tag)
        if found is not None:
            major, minor, patch = found.groups()
            numbered.append((int(major), int(minor), int(patch), tag))
        elif len(tag) > len(prefix) + len(suffix) and tag.startswith(prefix) and tag.endswith(suffix):
            version = parse(tag[start:end], scheme)
            if version is not None and (prereleases or not version.prerelease):
                others.append((version.order, tag, version.text))
    if not others:
        numbered.sort(reverse=True)
        return [(each[3], each[3][start:end]) for each in numbered]
    others += [(order(each[:3]), each[3], each[3][start:end]) for each in numbered]
    others.sort(reverse=True)
    return [(tag, text) for _, tag, text in others]


def newest(listing: str, template: str, *, behind: str = "") -> tuple[str, str] | None:
    """Return the first of `released`, stable ones alone, over the tags that stand behind `behind` at ends of lines.

    None where no tag follows the template. Nothing is made of the thousands that are not the newest.
    """
    prefix, _, suffix = template.partition("{version}")
    start, end = re.escape(behind + prefix), re.escape(suffix) + "$"
    left = re.findall(rf"{start}{NUMBERS}{end}", listing, re.MULTILINE)
    # Git's listings have a second line for each annotated tag, with ^{} behind the name.
    if len(left) + listing.count("^{}\n") < listing.count(behind or "\n") and _has_other(listing, start, end):
        tags = re.findall(rf"{re.escape(behind)}({re.escape(prefix)}[^\n^]*{end})", listing, re.MULTILINE)
        return next(iter(released(tags, template)), None)
    if not left:
        return None
    numbers: list[str] = []
    for place in range(3):
        highest = max({found[place] for found in left}, key=int)
        numbers.append(highest)
        left = [found for found in left if found[place] == highest]
    version = ".".join(numbers)
    return f"{prefix}{version}{suffix}", version


def _has_other(listing: str, start: str, end: str) -> bool:
    """Tell whether a tag begins like a version and is no plain one."""
    return re.search(rf"{start}(?!{NUMBERS}{end})[0-9][^\n^]*{end}", listing, re.MULTILINE) is not None


def _semver(text: str) -> Version | None:
    try:
        found = semver.Version.parse(text)
    except (ValueError, TypeError):
        return None
    release = (found.major, found.minor, found.patch)
    key = order(release) if found.prerelease is None else semver_order(release, found.prerelease)
    return Version(text, Scheme.SEMVER, release, key, prerelease=found.prerelease is not None)


def _pep440(text: str) -> Version | None:
    try:
        found = Pep440(text)
    except InvalidVersion:
        return None
    return Version(text, Scheme.PEP440, found.release, pep440_order(found), found.is_prerelease, found.epoch)


def _maven(text: str) -> Version | None:
    """Read what begins with a number: Maven itself takes any text."""
    if _MAVEN.fullmatch(text) is None:
        return None
    key = maven_order(text)
    return Version(text, Scheme.MAVEN, _numbers(text), key, prerelease=key[2] == PRE)


def _ruby(text: str) -> Version | None:
    if _RUBY.fullmatch(text) is None:
        return None
    key = ruby_order(text)
    return Version(text, Scheme.RUBY, _numbers(text), key, prerelease=key[2] == PRE)


def _numbers(text: str) -> tuple[int, ...]:
    """Return the numbers that a version begins with."""
    found = _LEADING.match(text)
    return tuple(int(part) for part in found[0].split(".")) if found else ()


_READERS: Mapping[Scheme, Callable[[str], Version | None]] = MappingProxyType(
    {Scheme.SEMVER: _semver, Scheme.PEP440: _pep440, Scheme.MAVEN: _maven, Scheme.RUBY: _ruby}
)
