"""How each release tool reads a commit message: they agree on the common case and differ at the edges.

A dialect turns one message into the changes that the tool sees in it, in order. Sources: conventional-changelog's
presets and parser (semantic-release), @conventional-commits/parser (release-please), and the parsers of
python-semantic-release, each as released in 2025.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from releasepilot.versioning.conventional import ConventionalCommit, Revert, parse, revert_of, subject

_ANGULAR = re.compile(r"([A-Za-z0-9_]*)(?:\((.*)\))?: (.*)")
_CONVENTIONAL = re.compile(r"([A-Za-z0-9_]*)(?:\((.*)\))?(!)?: (.*)")
_NOTE = re.compile(r"^[ \t|*]*BREAKING CHANGE(?=[:\s])", re.MULTILINE | re.IGNORECASE)
_NOTE_OR_DASH = re.compile(r"^[ \t|*]*BREAKING[ -]CHANGE(?=[:\s])", re.MULTILINE | re.IGNORECASE)
_SKIP = re.compile(r"\[skip\s+release\]|\[release\s+skip\]", re.IGNORECASE)
_REVERTED = re.compile(r"revert(?:\s|:\s)", re.IGNORECASE)

_KNOWN = "feat|fix|docs|style|refactor|perf|test|build|ci|chore|revert"
_NEXT_COMMIT = re.compile(rf"\r?\n\r?\n(?=(?:{_KNOWN})(?:\([^)\n]*\))?: )")
_FOOTER_COMMIT = re.compile(
    rf"^(?:(?:{_KNOWN}|feature|deps)(?:\([^()\n]+\))?!?|[a-z]+(?:\([^()\n]+\))?!): +\S.*$", re.MULTILINE
)
_RELEASE_AS = re.compile(r"^release-as: *v?(\d+)\.(\d+)(\.\d+)?(-[0-9a-z.-]+)?", re.MULTILINE | re.IGNORECASE)

_NO_SPACE = re.compile(r"\s*([^\s():!]+(?:\([^()\n]+\))?!?):(?=\S)")
_SQUASHED = re.compile(rf"^[ \t]*(?:[*-][ \t]+)?((?:{_KNOWN})(?:\([^)\n]*\))?!?: +\S+ +\S.*)$", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One change that a tool sees in a message."""

    subject: str
    #: As the tool compares it: in lower case where it is case-insensitive, empty where there is none.
    type: str = ""
    scope: str = ""
    #: What follows the colon; empty where the subject is not of that form.
    description: str = ""
    breaking: bool = False
    #: What breaks, in words: the texts of the notes, or the description where `!` alone says so.
    notes: tuple[str, ...] = ()
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
        return (Change(subject=subject(message), reverts=reverts),)
    return (Change(subject=subject(message), type=commit.kind, breaking=commit.breaking, reverts=reverts),)


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
    header, rest = subject(text), text.partition("\n")[2]
    found = pattern.fullmatch(header)
    breaking = bool(rest) and note.search(rest) is not None
    if found is not None and pattern is _CONVENTIONAL and found[3]:
        breaking = True
    reverts = revert_of(text) if rest and _REVERTED.match(header) and "his reverts commit " in rest else None
    return (Change(subject=header, type=found[1] if found else "", breaking=breaking, reverts=reverts),)


def nested(message: str) -> tuple[Change, ...]:
    """Read as release-please does: a squash body may hold further commits, types are case-sensitive.

    Further commits stand between BEGIN_NESTED_COMMIT and END_NESTED_COMMIT, after a blank line, or among the footers.
    """
    head, *blocks = message.split("BEGIN_NESTED_COMMIT")
    inner: list[str] = []
    for block in blocks:
        inside, _, after = block.partition("END_NESTED_COMMIT")
        inner.append(inside)
        head += after
    changes: list[Change] = []
    for part in (*_NEXT_COMMIT.split(head), *inner):
        changes += _with_footers(part)
    return tuple(changes)


def _with_footers(message: str) -> list[Change]:
    """Read one commit and those that stand among its footers; its grammar asks for no space after the colon."""
    spaced = _NO_SPACE.match(message)
    if spaced is not None:
        message = f"{spaced[1]}: {message[spaced.end() :]}"
    commit = parse(message)
    if commit is None:
        return []
    forced = _RELEASE_AS.search(message) if "elease-" in message or "ELEASE-" in message else None
    main = Change(
        subject=subject(message),
        type=commit.type,
        breaking=commit.breaking,
        release_as=f"{forced[1]}.{forced[2]}{forced[3] or '.0'}{forced[4] or ''}" if forced else "",
    )
    _, _, rest = message.strip().partition("\n")
    extra = (parse(found[0]) for found in _FOOTER_COMMIT.finditer(rest))
    return [main, *_inner(extra)]


def _inner(commits: Iterable[ConventionalCommit | None]) -> Iterator[Change]:
    """Turn the commits that stand inside a message into changes of their own."""
    for commit in commits:
        if commit is not None:
            header = f"{commit.type}: {commit.description}"
            yield Change(subject=header, type=commit.type, breaking=commit.breaking)


def squashed(message: str) -> tuple[Change, ...]:
    """Read as python-semantic-release does: paragraphs and list items that begin like a commit are commits."""
    commit = parse(message)
    main = specification(message)[0]
    if "\n" not in message or message.startswith("Merge "):
        return (main,) if commit is not None else ()
    _, _, rest = message.strip().partition("\n")
    extra = (parse(found[1]) for found in _SQUASHED.finditer(rest))
    return (*((main,) if commit is not None else ()), *_inner(extra))
