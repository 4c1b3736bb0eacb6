"""Put a release into a changelog that people write in too: nothing of theirs is moved or changed."""

from __future__ import annotations

import re

from releasepilot.model.plan import Splice
from releasepilot.versioning.changelog.full import TITLE
from releasepilot.versioning.changelog.lines import Heading, headings, text_lines

_VERSION = re.compile(r"(?<![\w.])v?([0-9]+\.[0-9]+(?:\.[0-9]+)*(?:[-+.]?[0-9A-Za-z][0-9A-Za-z.+-]*)?)")
#: A package before its version, as tags write it: `@acme/web@1.2.3`, `web-v1.2.3`, `web/1.2.3`.
_TAGGED = re.compile(r"(?:@?[\w.-]+(?:/[\w.-]+)*)(?:@|-v|-|/v?|_v?)(?=[0-9]+\.[0-9])")
_MARKUP = re.compile(r"<[^>]*>|\]\([^)]*\)|[\[\]*_`]|:[a-z_]+:")
_WORD = re.compile(r"[^\W\d_][\w'/-]*")
#: Words that stand before a version without making another thing of the heading.
_RELEASE_WORDS = frozenset({"release", "released", "version", "ver", "v"})
#: Words before the version of a release's heading: its component's name, at most two.
_MAX_WORDS = 2
_MAX_LEVEL = 3
_TITLE_WORD = re.compile(r"change|history|news|notes|\blog\b|releases", re.IGNORECASE)
_DEFINITION = re.compile(r" {0,3}\[[^\]]+\]:[ \t]*\S")
_UNRELEASED = re.compile(r"( {0,3}\[unreleased\]:[ \t]*)(\S+)", re.IGNORECASE)


def insert(text: str | None, new: str, *, unreleased: str = "") -> tuple[Splice, ...]:
    """Put a section into a changelog: before the newest release, after title, intro and unreleased entries.

    The file's own line endings are used. `text` is None where there is no changelog yet. With `unreleased` an address,
    a reference `[Unreleased]: ...` of the file leads there. A file that has a release of the same version already is
    left as it is, so that a second run changes nothing.
    """
    if text is None or not text.strip("\ufeff \t\r\n"):
        start = 1 if text and text[0] == "\ufeff" else 0
        return (Splice(start=start, end=len(text or ""), text=f"{TITLE}\n\n{new.rstrip()}\n"),)
    releases = _releases(text)
    version = next((_version(one) for one in _releases(new)), "")
    if version and any(_version(one) == version for one in releases):
        return ()
    newline = _newline(text)
    body = newline.join(new.rstrip().splitlines())
    at = releases[0].at if releases else _end(text)
    place = _before(text, at, body, newline) if at < len(text) else _behind(text, body, newline)
    return tuple(sorted((place, *_led_on(text, unreleased)), key=lambda splice: splice.start))


def _before(text: str, at: int, body: str, newline: str) -> Splice:
    """Put it before what stands at a place, with one blank line around it."""
    ahead = text[:at].removeprefix("\ufeff")
    gap = 0 if not ahead.strip() or ahead.endswith(newline * 2) else 1 if ahead.endswith(newline) else 2
    return Splice(start=at, end=at, text=f"{newline * gap}{body}{newline * 2}")


def _behind(text: str, body: str, newline: str) -> Splice:
    """Put it at the end, whether or not the last line has an end."""
    end = len(text.rstrip())
    return Splice(start=end, end=len(text), text=f"{newline * 2}{body}{newline}")


def _newline(text: str) -> str:
    if "\r\n" in text:
        return "\r\n"
    return "\n" if "\n" in text or "\r" not in text else "\r"


def _releases(text: str) -> list[Heading]:
    """Return the headings of releases; where none is of a usual form, those that name a version at all."""
    named = [one for one in headings(text) if one.level <= _MAX_LEVEL and _VERSION.search(_plain(one))]
    if named and named[0].level == 1 and _TITLE_WORD.search(_ahead(named[0])):
        # `# Changelog of the 2.0 series` is the title.
        named = named[1:]
    usual = [one for one in named if len(_words(one)) <= _MAX_WORDS]
    return usual or named


def _plain(heading: Heading) -> str:
    """Return the text of a heading without its markup and without a package that is written up to the version."""
    return _TAGGED.sub("", _MARKUP.sub(" ", heading.text))


def _ahead(heading: Heading) -> str:
    """Return what stands before the version."""
    text = _plain(heading)
    found = _VERSION.search(text)
    return text[: found.start()] if found else text


def _words(heading: Heading) -> list[str]:
    return [word for word in _WORD.findall(_ahead(heading)) if word.lower() not in _RELEASE_WORDS]


def _version(heading: Heading) -> str:
    """Return the version of a release's heading, with its component where it names one."""
    found = _VERSION.search(_plain(heading))
    return " ".join([*_words(heading), found[1]]) if found else ""


def _end(text: str) -> int:
    """Return where a first release goes: at the end, but before the references that close a file."""
    at = len(text)
    for begins, line in reversed(list(text_lines(text))):
        if _DEFINITION.match(line):
            at = begins
        elif line.strip():
            break
    return at


def _led_on(text: str, address: str) -> tuple[Splice, ...]:
    """Let the reference to what is unreleased begin at this release, where the file has one."""
    if not address:
        return ()
    for at, line in text_lines(text):
        found = _UNRELEASED.match(line)
        if found is not None:
            return (Splice(start=at + found.start(2), end=at + found.end(2), text=address),)
    return ()
