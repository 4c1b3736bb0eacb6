"""CODEOWNERS as GitHub, GitLab and Gitea read it: the last rule that matches a file names its owners."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress

from pathspec import GitIgnoreSpec
from pathspec.patterns.gitignore import GitIgnorePatternError

from releasepilot.errors import ManifestError

#: Where forges look for the file, in this order.
PLACES = (".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS", ".gitlab/CODEOWNERS")

#: A rule: the files that it is for, and who owns them; nobody where a rule takes them from everybody.
_Rule = tuple[GitIgnoreSpec, tuple[str, ...]]

#: GitHub reads no larger file.
MAX_BYTES = 3 << 20

#: GitLab's sections, whose owners are those of their rules that name none: `^[Name][2] @owner`.
_SECTION = re.compile(r"\^?\[[^\]]*\](?:\[\d*\])?(?=\s|$)(?P<owners>.*)")
#: A blank in a pattern is escaped.
_BLANK = re.compile(r"(?<!\\)\s+")

#: Stars of one part of a pattern, and parts that are two stars: with more of them matching could take for ever.
_MOST_STARS = 3


def owners_of(text: str, paths: Iterable[str]) -> tuple[str, ...]:
    """Return the owners of files (`@account`, `@group/team` or an address), each once, in the order of their names.

    What is no rule is passed over, as forges do. Sections of GitLab are read as their rules. ManifestError where a
    pattern has more stars than can be matched in a bounded time: to pass over it would give a file to somebody else.
    """
    rules = list(_rules(text))
    found = {owner for path in paths for owner in _last(rules, path)}
    return tuple(sorted(found))


def _last(rules: Sequence[_Rule], path: str) -> tuple[str, ...]:
    return next((owners for spec, owners in reversed(rules) if spec.match_file(path)), ())


def _rules(text: str) -> Iterator[_Rule]:
    default: tuple[str, ...] = ()
    for line in text.splitlines():
        section = _SECTION.match(line)
        if section is not None:
            default = _owners(section["owners"].split())
            continue
        words = _BLANK.split(line.partition(" #")[0].strip())
        # Neither comments nor negations, which owners have none of.
        if words[0] and words[0][0] not in "#!":
            owners = _owners(words[1:]) or default
            _refuse_stars(words[0])
            with suppress(GitIgnorePatternError):
                yield GitIgnoreSpec.from_lines([words[0]]), owners


def _owners(words: Iterable[str]) -> tuple[str, ...]:
    return tuple(word for word in words if "@" in word)


def _refuse_stars(pattern: str) -> None:
    parts = pattern.split("/")
    if parts.count("**") > _MOST_STARS or any(part.count("*") > _MOST_STARS for part in parts):
        raise ManifestError(
            f"the pattern {pattern[:100]!r} of CODEOWNERS has too many stars", hint="write it with fewer of them"
        )
