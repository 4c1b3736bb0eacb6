"""How each release tool reads a commit message: they agree on the common case and differ at the edges.

A dialect turns one message into the changes that the tool sees in it, in order; `bodies` has the dialects that read
further commits in the body of one. Sources: conventional-changelog's presets and parser (semantic-release 25),
commitizen 4.19 and cocogitto 6, each read in its source.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from releasepilot.versioning.conventional import Revert, footer_begins, parse, revert_of, subject

#: The types of the Angular convention, which tools with a closed list of types know.
KNOWN = ("feat", "fix", "docs", "style", "refactor", "perf", "test", "build", "ci", "chore", "revert")

#: Characters of a first line that are looked at.
_MAX_HEADER = 10_000
_ANGULAR = re.compile(r"([A-Za-z0-9_]*)(?:\((.*)\))?(): (.*)")
_CONVENTIONAL = re.compile(r"([A-Za-z0-9_]*)(?:\((.*)\))?(!?): (.*)")
_NOTE = re.compile(r"^[ \t|*]*BREAKING CHANGE[: \t\f\v]+", re.MULTILINE | re.IGNORECASE)
_NOTE_OR_DASH = re.compile(r"^[ \t|*]*BREAKING[ -]CHANGE[: \t\f\v]+", re.MULTILINE | re.IGNORECASE)
_SKIP = re.compile(r"\[skip\s+release\]|\[release\s+skip\]", re.IGNORECASE)
_REVERTED = re.compile(r"revert(?:\s|:\s)", re.IGNORECASE)
_COUNTED = re.compile(
    r"^(?:(BREAKING[- ]CHANGE)|(feat|fix|refactor|perf)?\w*)(?:\((.+)\))?(!?):[ \t]*(.*)$", re.MULTILINE
)


class Change(NamedTuple):
    """One change that a tool sees in a message. Every text in it is untrusted data."""

    #: The first line of the message, or of the commit inside it.
    subject: str
    #: As the tool compares it: in lower case where it is case-insensitive, empty where there is none.
    type: str = ""
    #: What stands in parentheses after the type; empty where nothing does.
    scope: str = ""
    #: What follows the colon; empty where the subject is not of that form.
    description: str = ""
    #: It is incompatible, as far as the tool can tell.
    breaking: bool = False
    #: What breaks, in words: the texts of the notes, or the description where `!` alone says so.
    notes: tuple[str, ...] = ()
    #: What it takes back; None where it is no revert that the tool knows.
    reverts: Revert | None = None
    #: The version that a `Release-As` footer demands.
    release_as: str = ""


#: Message in, changes out.
Dialect = Callable[[str], tuple[Change, ...]]


def specification(message: str) -> tuple[Change, ...]:
    """Read what Conventional Commits 1.0.0 says, and nothing else but reverts."""
    commit = parse(message)
    reverts = revert_of(message)
    if commit is None:
        return (Change(subject(message), reverts=reverts),)
    return (
        Change(
            subject(message),
            commit.kind,
            commit.scope,
            commit.description,
            commit.breaking,
            commit.notes if commit.breaking else (),
            reverts,
        ),
    )


def known_types(message: str) -> tuple[Change, ...]:
    """Read as cocogitto does: by the specification, and a type outside of the usual ones is no commit at all."""
    return tuple(change for change in specification(message) if change.type in KNOWN)


def angular(message: str) -> tuple[Change, ...]:
    """Read as semantic-release does by default.

    `!` is no part of the header, so `feat!: x` has no type; a BREAKING CHANGE line counts under any header and in any
    case; types are case-sensitive; `[skip release]` hides the commit.
    """
    return _preset(message, _ANGULAR, _NOTE)


def conventional_preset(message: str) -> tuple[Change, ...]:
    """Read as semantic-release does with the `conventionalcommits` preset: `!` breaks, and BREAKING-CHANGE counts."""
    return _preset(message, _CONVENTIONAL, _NOTE_OR_DASH)


def _preset(message: str, pattern: re.Pattern[str], note: re.Pattern[str]) -> tuple[Change, ...]:
    """Read a header by the preset's pattern, and the notes below it."""
    text = message.strip()
    if not text or ("[" in text and _SKIP.search(text)):
        return ()
    line, _, rest = text.partition("\n")
    header = line[:_MAX_HEADER].rstrip()
    found = pattern.fullmatch(header)
    notes = _notes(rest, note) if "breaking" in rest.lower() else ()
    # Looking at the first letter spares the expression for nearly every message.
    reverts = _reverted(text) if header[0] in "rR" and rest else None
    if found is None:
        return (Change(header, breaking=bool(notes), notes=notes, reverts=reverts),)
    kind, scope, bang, description = found.groups()
    if bang and not notes:
        notes = (description,)
    return (Change(header, kind, scope or "", description, bool(notes), notes, reverts),)


def _notes(text: str, note: re.Pattern[str]) -> tuple[str, ...]:
    """Return the text of each note: what follows it, to the next one or to a footer."""
    found = list(note.finditer(text))
    ends = [*(one.start() for one in found[1:]), len(text)][: len(found)]
    return tuple(
        text[one.end() : footer_begins(text, one.end(), end)].replace("\r\n", "\n").strip()
        for one, end in zip(found, ends, strict=True)
    )


def _reverted(text: str) -> Revert | None:
    """Read a revert, which is none to the presets without the commit that it reverts."""
    return revert_of(text) if _REVERTED.match(text) and "his reverts commit " in text else None


def lines(message: str) -> tuple[Change, ...]:
    """Read as commitizen does: every line counts that begins like a header, wherever it stands.

    Types are known by how they begin (`feature` is a `feat`), the blank after the colon may be missing, and a
    BREAKING CHANGE line counts for itself.
    """
    changes: list[Change] = []
    for found in _COUNTED.finditer(message):
        note, kind, scope, bang, description = found.groups()
        breaking = bool(note or bang)
        if breaking or kind:
            told = description.strip()
            notes = (told,) if breaking and told else ()
            changes.append(Change(found[0].strip(), kind or "", scope or "", told, breaking, notes))
    return tuple(changes)
