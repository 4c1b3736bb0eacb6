"""Read commit messages by Conventional Commits 1.0.0 (conventionalcommits.org), and recognise reverts.

Every function is linear in the length of the message, whatever it contains.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NamedTuple

_HEADER = re.compile(r"([^\s():!]+)(?:\(([^()\n]+)\))?(!)?: +(\S.*)")
_FOOTER = re.compile(
    r"^(?:(BREAKING[ -]CHANGE):(?: +|(?=\n|\Z))|([A-Za-z0-9][A-Za-z0-9-]*)(?:: +|[ ]\#)(?=\S))", re.MULTILINE
)
#: The footers that tell of an incompatible change.
BREAKING = ("BREAKING CHANGE", "BREAKING-CHANGE")
_REVERTS = "this reverts commit "
_SHA = re.compile(r"[0-9A-Fa-f]{7,64}")
#: Characters of a first line that are looked at.
_MAX_HEADER = 10_000
#: Characters of a message that are searched for reverted commits.
_MAX_SEARCHED = 100_000


class ConventionalCommit(NamedTuple):
    """A message that follows the specification."""

    #: As written; compare it with `kind`.
    type: str
    scope: str = ""
    description: str = ""
    body: str = ""
    #: Token and value in the order of the message. A value may have several lines.
    footers: tuple[tuple[str, str], ...] = ()
    #: It changes an interface incompatibly: `!`, or a BREAKING CHANGE footer.
    breaking: bool = False
    #: What breaks: the footer's value, or the description where there is only `!`; empty where nothing does.
    breaking_change: str = ""

    @property
    def kind(self) -> str:
        """The type in lower case: types are case-insensitive."""
        return self.type.lower()

    @property
    def notes(self) -> tuple[str, ...]:
        """What breaks, one text for each footer that says so; the description where there is only `!`."""
        told = tuple(value for token, value in self.footers if token in BREAKING and value)
        return told or ((self.breaking_change,) if self.breaking_change else ())


@dataclass(frozen=True, slots=True, kw_only=True)
class Revert:
    """What a message says that it takes back."""

    #: The first line of the reverted message, empty where only commits are named.
    header: str
    #: Commit ids, full or shortened, in lower case.
    shas: tuple[str, ...]


def parse_header(message: str) -> ConventionalCommit | None:
    """Read the first line alone; None where it is not `<type>[(scope)][!]: <description>`.

    White space around the message is ignored, as git does. Merge commits and git's own reverts have no type, so
    they are None.
    """
    return _read(subject(message), "")


def parse(message: str) -> ConventionalCommit | None:
    """Read a whole message; None as in `parse_header`."""
    header, _, rest = message.strip().partition("\n")
    return _read(header[:_MAX_HEADER].rstrip(), rest)


def _read(header: str, rest: str) -> ConventionalCommit | None:
    """Read a first line, and what follows it."""
    found = _HEADER.fullmatch(header)
    if found is None:
        return None
    kind, scope, bang, description = found.groups()
    body, footers = _split(rest.replace("\r\n", "\n")) if rest else ("", ())
    notes = [value for token, value in footers if token in BREAKING]
    breaking = bang is not None or bool(notes)
    return ConventionalCommit(
        kind,
        scope.strip() if scope else "",
        description,
        body,
        footers,
        breaking,
        ("\n".join(filter(None, notes)) or description) if breaking else "",
    )


def _split(text: str) -> tuple[str, tuple[tuple[str, str], ...]]:
    """Divide what follows the header into body and footers.

    Footers begin at the first token that opens a paragraph. A breaking change counts wherever a line begins with it:
    the specification's own grammar reads it in the body too.
    """
    begins: list[re.Match[str]] = []
    for found in _FOOTER.finditer(text):
        if begins or found[1] or _opens_paragraph(text, found.start()):
            begins.append(found)
    if not begins:
        return text.strip(), ()
    ends = [found.start() for found in begins[1:]] + [len(text)]
    footers = tuple(
        (found[1] or found[2], text[found.end() : end].strip()) for found, end in zip(begins, ends, strict=True)
    )
    return text[: begins[0].start()].strip(), footers


def _opens_paragraph(text: str, at: int) -> bool:
    """Tell whether the line before is blank; the text begins after the header's line."""
    if at == 0:
        return False
    previous = text.rfind("\n", 0, at - 1) + 1
    return not text[previous:at].strip()


def footer_begins(text: str, start: int, end: int) -> int:
    """Return where the first footer between two places begins; the latter where there is none."""
    found = _FOOTER.search(text, start, end)
    return found.start() if found else end


def subject(message: str) -> str:
    """Return the first line that is not blank, at most 10,000 characters of it."""
    return message.lstrip().partition("\n")[0][:_MAX_HEADER].rstrip()


def revert_of(message: str) -> Revert | None:
    """Read what a message reverts; None where it is no revert.

    Understood are git's and GitHub's `Revert "..."` (and `Reapply "..."`) with `This reverts commit <sha>`, and the
    `revert:` type, whose commits stand in a `Refs` footer.
    """
    # Nearly every message is none, so the rest is not looked at for those.
    if message[:1] not in "rR" and not message[:1].isspace():
        return None
    text = message.strip()
    first = text[:8].lower()
    if not first.startswith(("revert", "reapply ")):
        return None
    header = subject(text)
    shas = _named_commits(text)
    if first.startswith("revert ") or (first == "reapply " and shas):
        return Revert(header=_unquoted(header.partition(" ")[2]), shas=shas)
    commit = parse(text)
    if commit is None or commit.kind != "revert":
        return None
    refs = (sha for token, value in commit.footers if token.lower() == "refs" for sha in _SHA.findall(value))
    return Revert(header=_unquoted(commit.description), shas=shas or tuple(sha.lower() for sha in refs))


def _named_commits(text: str) -> tuple[str, ...]:
    """Return the ids after each `This reverts commit`."""
    lowered = text[:_MAX_SEARCHED].lower()
    shas: list[str] = []
    at = lowered.find(_REVERTS)
    while at >= 0:
        at += len(_REVERTS)
        found = _SHA.match(lowered, at)
        if found is not None:
            shas.append(found[0])
        at = lowered.find(_REVERTS, at)
    return tuple(shas)


def _unquoted(text: str) -> str:
    """Take one pair of quotes away: the reverted message may itself begin with `Revert "`."""
    text = text.strip()
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] == '"' else text
