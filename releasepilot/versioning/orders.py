"""The keys that order versions: one form for all schemes, so that intervals need not know whose versions they hold.

A key is (epoch, numbers, stage, suffix). Trailing zeros of the numbers do not count: 1.0 equals 1.0.0 everywhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TypeAlias

from packaging.version import Version as Pep440

Suffix: TypeAlias = tuple[object, ...]
Order: TypeAlias = tuple[int, tuple[int, ...], int, Suffix]
#: What an order is compared with.
Bound: TypeAlias = tuple[object, ...]

#: Where a version stands among those of equal numbers.
BELOW, DEV, PRE, FINAL, POST = range(5)

#: Maven's qualifiers before a release, and those that mean one.
_BEFORE = {"alpha": 0, "beta": 1, "milestone": 2, "rc": 3, "cr": 3, "snapshot": 4}
_RELEASE = frozenset({"", "ga", "final", "release"})
_SHORT = {"a": "alpha", "b": "beta", "m": "milestone"}
_MAVEN_ITEM = re.compile(r"([.-]?)(?:([0-9]+)|([^0-9.-]+)|(?=[.-]|\Z))")
#: Kinds of items behind Maven's numbers, in their order: words before a release, the end, further words, numbers.
_EARLY, _ENDED, _LATE, _DASHED, _DOTTED = range(5)
#: Kind, number or rank, word.
_Item: TypeAlias = tuple[int, int, str]
_RUBY_ITEM = re.compile(r"[0-9]+|[A-Za-z]+")


def order(release: tuple[int, ...], epoch: int = 0, stage: int = FINAL, suffix: Suffix = ()) -> Order:
    """Build a key; without a stage that of the release itself."""
    if release and release[-1]:
        return (epoch, release, stage, suffix)
    end = len(release)
    while end and release[end - 1] == 0:
        end -= 1
    return (epoch, release[:end], stage, suffix)


def below(release: tuple[int, ...], epoch: int = 0) -> Order:
    """Return a key that stands before everything of these numbers, prereleases too."""
    return order(release, epoch, BELOW)


def after(key: Order) -> Bound:
    """Return a key that stands right behind another: nothing lies between."""
    return (*key, 0)


def semver_order(release: tuple[int, ...], prerelease: str) -> Order:
    """Order a SemVer prerelease: numeric identifiers come before alphanumeric ones, fewer before more (item 11)."""
    identifiers = tuple((0, int(part), "") if part.isdecimal() else (1, 0, part) for part in prerelease.split("."))
    return order(release, stage=PRE, suffix=identifiers)


def pep440_order(version: Pep440) -> Order:
    """Order by PEP 440: dev releases, prereleases, the final one, post-releases; local versions behind each."""
    dev = (0, 0, "") if version.dev is None else (-1, version.dev, "")
    stage = FINAL
    suffix: Suffix = ()
    if version.pre is not None:
        post = -1 if version.post is None else version.post
        stage, suffix = PRE, ((1, 0, version.pre[0]), (0, version.pre[1], ""), (0, post, ""), dev)
    elif version.post is not None:
        stage, suffix = POST, ((0, version.post, ""), dev)
    elif version.dev is not None:
        stage, suffix = DEV, (dev,)
    if version.local is not None:
        parts = version.local.split(".")
        suffix += tuple((1, int(part), "") if part.isdecimal() else (0, 0, part) for part in parts)
    return order(version.release, version.epoch, stage, suffix)


def maven_order(text: str) -> Order:
    """Order as Maven 3's ComparableVersion.

    `.` and `-` divide items, and so does the change between digits and letters; a word counts as if it stood behind
    `-`, as Maven's documentation has it. Known words come before the release or equal it, others after it, then
    numbers behind `-`. Maven itself differs where a word stands between two dots (`1.x.2`), and is not transitive
    there: 1.sp-a < 1-cr < 1 < 1.sp-a.
    """
    kept: list[_Item] = []
    for item in _maven_items(text.lower()):
        if item[0] != _DOTTED:
            _drop_zeros(kept)
        kept.append(item)
    _drop_zeros(kept)
    count = next((index for index, item in enumerate(kept) if item[0] != _DOTTED), len(kept))
    release = tuple(number for _, number, _ in kept[:count])
    if count == len(kept):
        return order(release)
    stage = PRE if kept[count][0] < _ENDED else POST
    return order(release, stage=stage, suffix=(*kept[count:], (_ENDED, 0, "")))


def _maven_items(text: str) -> Iterator[_Item]:
    """Divide a version: numbers behind `.` and `-`, and words; those that mean a release count as 0 behind `-`."""
    lettered = False
    for found in _MAVEN_ITEM.finditer(text):
        separator, number, word = found[1], found[2], found[3]
        if not found[0]:
            continue
        if word is not None:
            yield _qualifier(word, short=text[found.end() : found.end() + 1].isdecimal())
        else:
            dashed = separator == "-" or (lettered and not separator)
            yield (_DASHED if dashed else _DOTTED, int(number or 0), "")
        lettered = word is not None


def _qualifier(word: str, *, short: bool) -> _Item:
    """Rank a word; before a digit `a`, `b` and `m` are short for others."""
    word = _SHORT.get(word, word) if short else word
    if word in _RELEASE:
        return (_DASHED, 0, "")
    if word in _BEFORE:
        return (_EARLY, _BEFORE[word], "")
    return (_LATE, 0, "") if word == "sp" else (_LATE, 1, word)


def _drop_zeros(items: list[_Item]) -> None:
    """Drop what says nothing at the end of a group."""
    while items and items[-1] in ((_DASHED, 0, ""), (_DOTTED, 0, "")):
        items.pop()


def ruby_order(text: str) -> Order:
    """Order as Gem::Version: every letter makes a prerelease, words come before numbers, `-` is read as `.pre.`."""
    parts = _RUBY_ITEM.findall(text.replace("-", ".pre."))
    count = next((index for index, part in enumerate(parts) if not part.isdecimal()), len(parts))
    release = tuple(int(part) for part in parts[:count])
    if count == len(parts):
        return order(release)
    return order(release, stage=PRE, suffix=_ruby_suffix(parts[count:]))


def _ruby_suffix(parts: list[str]) -> Suffix:
    """Order words and numbers as if endless zeros followed: words before the end, numbers after it."""
    items: list[tuple[int, int, object]] = []
    zeros = 0
    for part in parts:
        if part.isdecimal() and not int(part):
            zeros += 1
            continue
        items.append((2, -zeros, int(part)) if part.isdecimal() else (0, zeros, part))
        zeros = 0
    return (*items, (1, 0, 0))
