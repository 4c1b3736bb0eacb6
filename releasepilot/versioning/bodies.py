"""Messages that hold several commits: how release-please and python-semantic-release read what a squash left behind.

Sources: release-please 17 with @conventional-commits/parser 0.4, and python-semantic-release 10, each read in its
source and compared with over real messages.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from textwrap import dedent

from releasepilot.versioning.conventional import subject
from releasepilot.versioning.dialect import KNOWN, Change

_TYPES = "|".join(KNOWN)
_MAX_HEADER = 10_000

# release-please
_HEADER = re.compile(r"([^\s():!]+)(?:\(([^()\r\n]+)\))?(!|BREAKING[ -]CHANGE)?(?::| #)[ \t\f\v\xa0\ufeff]*([^\r\n]*)")
_NEXT_COMMIT = re.compile(rf"\r?\n\r?\n(?=(?:{_TYPES})(?:\([^\n]*?\))?: )")
_TOKEN = re.compile(r"(?:BREAKING[ -]CHANGE|[^\s():!]+(?:\([^()\r\n]+\))?(?:!|BREAKING[ -]CHANGE)?)(?::| #)")
#: A line that looks like a call of a function whose parentheses do not close: the grammar gives up on the message.
_UNREADABLE = re.compile(r"^[^\s():!]+\([^()\r\n]*(?:\(|\r?$)", re.MULTILINE)
#: The footers that matter: those that are commits themselves. Others are issues and people.
_FOOTER_COMMIT = re.compile(
    rf"^(?:(?:{_TYPES}|feature|deps)(?:\([^()\r\n]+\))?!?|[a-z]+(?:\([^()\r\n]+\))?!):[^\r\n]*", re.MULTILINE
)
_BREAKING = re.compile(r"^BREAKING[ -]CHANGE:[ \t]*(?=\S)|BREAKING-CHANGE:\s*(?=\S)", re.MULTILINE)
_RELEASE_AS = re.compile(r"^release-as: *v?(\d+)\.(\d+)(\.\d+)?(-[0-9a-z.-]+)?", re.MULTILINE | re.IGNORECASE)
#: The default title of a release pull request; its merge is what makes release-please release.
_MERGED_RELEASE = re.compile(r"release (?:[\w@./-]+ )?v?\d+\.\d+\.\d+", re.IGNORECASE)
#: Stands for a type that no header can have.
RELEASE_PULL_REQUEST = "release pull request"

# python-semantic-release
_ALLOWED = "|".join(kind for kind in KNOWN if kind != "revert")
_SUBJECT = re.compile(rf"({_ALLOWED})(?:\(([^\n]+)\))?(!)?:\s+([^\n]+)")
_PREFIX = re.compile(rf"^(?:[\t ]*[*-][\t ]+|[\t ]+)?(?=(?:{_ALLOWED})\b)", re.MULTILINE)
_GIT_LINE = re.compile(
    r"^[\t ]*(?:commit [0-9a-f]+|Author: .+|Date: .+|Squashed commit of the following:.*)$\n?", re.MULTILINE
)
_BREAKS = re.compile(r"^ *BREAKING[ -]CHANGE:\s?(?=\S)", re.MULTILINE)
_TRAILER = re.compile(r" {0,2}[\w-]*: .+")

# The opt-in for every other dialect
_INNER = re.compile(
    rf"^[ \t]*(?:[*-][ \t]+)?(?=(?:{_TYPES})(?:\([^)\n]*\))?!?: +\S+ +\S)", re.MULTILINE | re.IGNORECASE
)


def nested(message: str) -> tuple[Change, ...]:
    """Read as release-please does: a squash body may hold further commits, types are case-sensitive.

    Further commits stand between BEGIN_NESTED_COMMIT and END_NESTED_COMMIT, after a blank line, or among the footers.
    The grammar asks for no space after the colon, takes `fix #12` for a header, and does not read a message with a
    line such as `call(a(b))`, so that it counts for nothing. The merge of a release pull request is of a type of its
    own: with it a release is made, whatever the messages list. The version in its title is not read.
    """
    if "_NESTED_COMMIT" in message:
        parts = _nested_blocks(message)
    elif "\n\n" in message or "\r\n\r\n" in message:
        parts = _NEXT_COMMIT.split(message)
    else:
        parts = [message]
    if len(parts) == 1:
        return _grammar(message)
    return tuple(change for part in parts for change in _grammar(part))


def _nested_blocks(message: str) -> list[str]:
    """Take the nested blocks out, and divide what is left at the commits that open a paragraph."""
    head, *blocks = message.split("BEGIN_NESTED_COMMIT")
    inner: list[str] = []
    for block in blocks:
        inside, _, after = block.partition("END_NESTED_COMMIT")
        inner.append(inside)
        head += after
    return [*_NEXT_COMMIT.split(head), *inner]


def _grammar(message: str) -> tuple[Change, ...]:
    """Read one commit and those that stand among its footers."""
    text = message.strip()
    line, _, rest = text.partition("\n")
    header = line[:_MAX_HEADER].rstrip()
    found = _HEADER.match(header)
    if found is None or ("(" in rest and _UNREADABLE.search(rest)):
        return ()
    kind, scope, bang, description = found.groups()
    breaking = bool(bang and description)
    if kind == "chore" and _MERGED_RELEASE.match(description):
        kind = RELEASE_PULL_REQUEST
    main = Change(header, kind, scope or "", description, breaking, (description,) if breaking else ())
    if not rest:
        return (main,)
    return (_with_footers(main, rest), *_footer_commits(rest))


def _with_footers(change: Change, rest: str) -> Change:
    """Add what stands below the header: notes, and the version that is asked for."""
    if "BREAKING" in rest:
        notes = tuple(_line_from(rest, found.end()) for found in _BREAKING.finditer(rest))
        if notes:
            change = change._replace(breaking=True, notes=notes)
    if "elease-" in rest or "ELEASE-" in rest:
        forced = _RELEASE_AS.search(rest)
        if forced is not None:
            wanted = f"{forced[1]}.{forced[2]}{forced[3] or '.0'}{forced[4] or ''}"
            change = change._replace(release_as=wanted)
    return change


def _line_from(text: str, at: int) -> str:
    end = text.find("\n", at)
    return text[at : end if end >= 0 else len(text)].strip()


def _footer_commits(rest: str) -> Iterator[Change]:
    """Yield the footers that are commits themselves. Footers are lines of tokens that reach to the message's end."""
    found = _FOOTER_COMMIT.search(rest)
    if found is None:
        return
    begin = _footers_begin(rest)
    for one in _FOOTER_COMMIT.finditer(rest, max(begin, found.start())):
        header = _HEADER.match(one[0])
        if header is not None:
            kind, scope, bang, description = header.groups()
            notes = (description,) if bang and description else ()
            yield Change(one[0].strip(), kind, scope or "", description, bool(notes), notes)


def _footers_begin(text: str) -> int:
    """Return where the footers begin: from there on each line is a token, its continuation, or blank."""
    at = begin = len(text)
    while at > 0:
        start = text.rfind("\n", 0, at - 1) + 1 if at > 1 else 0
        line = text[start:at]
        if _TOKEN.match(line):
            begin = start
        elif line.strip() and not line[:1].isspace():
            break
        at = start
    return begin


def paragraphs(message: str) -> tuple[Change, ...]:
    """Read as python-semantic-release does: paragraphs that begin like a commit are commits of their own.

    Types outside of its list are no commits, a list item counts with a blank line before it, and a BREAKING CHANGE
    must open a paragraph or follow another footer. Merge commits count for nothing.
    """
    if message.startswith("Merge "):
        return ()
    if "\n" not in message:
        return tuple(_paragraph_commit([message.strip()]))
    text = message.replace("\r", "").strip()
    commits: list[list[str]] = []
    for paragraph in text.split("\n\n"):
        clean = _PREFIX.sub("", _GIT_LINE.sub("", paragraph))
        if not clean.strip():
            continue
        found = _SUBJECT.match(clean)
        if not commits or (found is not None and " " in found[4].strip()):
            commits.append([clean])
        else:
            commits[-1].append(dedent(clean))
    return tuple(change for commit in commits for change in _paragraph_commit(commit))


def _paragraph_commit(parts: list[str]) -> Iterator[Change]:
    """Read a commit whose first paragraph is its header, where nothing follows on the next line."""
    found = _SUBJECT.match(parts[0])
    if found is None:
        return
    kind, scope, bang, description = found.groups()
    body = parts[1:] if found.end() == len(parts[0]) else []
    notes = tuple(note for part in body if "BREAKING" in part for note in _breaks(part))
    if bang and not notes:
        notes = (description.strip(),)
    yield Change(found[0], kind, scope or "", description.strip(), bool(notes), notes)


def _breaks(paragraph: str) -> Iterator[str]:
    """Yield what breaks by a paragraph: one that opens with the words, or has them below another footer."""
    found = list(_BREAKS.finditer(paragraph))
    ends = [*(one.start() for one in found[1:]), len(paragraph)][: len(found)]
    for one, end in zip(found, ends, strict=True):
        start = one.start()
        before = paragraph[paragraph.rfind("\n", 0, max(start - 1, 0)) + 1 : max(start - 1, 0)]
        if start == 0 or _TRAILER.fullmatch(before):
            yield " ".join(paragraph[one.end() : end].split())


def unsquashed(message: str) -> Iterable[str]:
    """Give the further commits in the body of a squashed one: list items and lines that begin like a commit.

    Their description must have two words, so that `fix: #12` stays a footer. Each reaches to the next.
    """
    text = message.strip()
    header = subject(text)
    begins = [found for found in _INNER.finditer(text) if found.start() >= len(header)]
    ends = [*(found.start() for found in begins[1:]), len(text)][: len(begins)]
    return [text[found.end() : end].strip() for found, end in zip(begins, ends, strict=True)]
