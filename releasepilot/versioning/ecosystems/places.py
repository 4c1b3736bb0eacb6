"""Versions in files that no ecosystem knows, found by the regular expressions of the catalog's `places`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import regex

from releasepilot.errors import ManifestError
from releasepilot.model.dependency import Place
from releasepilot.model.plan import Splice

#: The largest file that an expression is matched in, in characters. Matching can cost more than the file is long.
LIMIT = 1024 * 1024
#: What may be replaced by a version: what begins like one, and has no blank or quote in it.
_VERSION = regex.compile(r"[vV]?[0-9][^\s\"'`<>]{0,255}")
#: Seconds that one expression may take.
_PATIENCE = 5.0


class Match(NamedTuple):
    """A version that a place found."""

    place: Place
    text: str
    start: int
    end: int


def matches(places: Sequence[Place], texts: Mapping[str, str]) -> Iterator[Match]:
    """Yield every match of every place, given the files by their path.

    ManifestError where a file is missing or longer than `LIMIT`, and where an expression matches nothing.
    """
    for place in places:
        text = _text(place, texts)
        found = _found(place, text)
        if not found:
            raise ManifestError(
                f"{place.path}: nothing in it matches the place {place.pattern[:200]!r}",
                hint="correct the expression or the path of the place in the catalog, or take the place out",
            )
        for each in found:
            if _VERSION.fullmatch(each["version"]) is None:
                line = text.count("\n", 0, each.start("version")) + 1
                raise ManifestError(
                    f"{place.path}:{line}: the place {place.pattern[:200]!r} matches {each['version'][:100]!r}, "
                    "which is no version and would be replaced by one",
                    hint="let the group `version` of the expression match the version and nothing more",
                )
            yield Match(place, each["version"], each.start("version"), each.end("version"))


def _found(place: Place, text: str) -> list[regex.Match[str]]:
    """Match an expression, for a bounded time: one such as `(a+)+b` can take longer than anybody waits."""
    try:
        found = regex.finditer(place.pattern, text, regex.MULTILINE, timeout=_PATIENCE)
        return [each for each in found if each["version"]]
    except TimeoutError:
        raise ManifestError(
            f"{place.path}: matching the place {place.pattern[:200]!r} takes more than {_PATIENCE:g} seconds",
            hint="write an expression without repetitions inside of repetitions",
        ) from None


def edits(
    component: str, places: Sequence[Place], texts: Mapping[str, str], versions: Mapping[str, str]
) -> Mapping[str, tuple[Splice, ...]]:
    """Return what to change in each file, so that the places hold the new versions, given by component."""
    found: dict[str, list[Splice]] = {}
    for match in matches(places, texts):
        new = versions.get(match.place.of or component)
        if new is not None:
            found.setdefault(match.place.path, []).append(Splice(start=match.start, end=match.end, text=new))
    return {path: tuple(splices) for path, splices in found.items()}


def _text(place: Place, texts: Mapping[str, str]) -> str:
    """Return the file of a place."""
    text = texts.get(place.path)
    if text is None:
        raise ManifestError(
            f"there is no file {place.path}, which a place names",
            hint="write the path from the component's folder, or take the place out of the catalog",
        )
    if len(text) > LIMIT:
        raise ManifestError(
            f"{place.path} has {len(text)} characters: expressions are matched in files of at most 1 MiB ({LIMIT})",
            hint="keep the version in a smaller file, or take the place out of the catalog",
        )
    return text
