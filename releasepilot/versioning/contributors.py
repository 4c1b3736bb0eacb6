"""Who made the commits of a release: their authors, those whom they name as co-authors, and who committed them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from releasepilot.model.commit import Commit
from releasepilot.model.people import Contributor

#: GitHub's trailer (docs.github.com, "Creating a commit with multiple authors"), in whatever case.
_CO_AUTHOR = re.compile(
    r"^co-authored-by:[ \t]*([^<\n]{0,200})<([^<>\s]{1,254})>[ \t\r]*$", re.MULTILINE | re.IGNORECASE
)


def contributors_of(commits: Iterable[Commit]) -> tuple[Contributor, ...]:
    """Return each address once, in order of the address; who wrote anything is not listed as who only committed."""
    authors: dict[str, str] = {}
    committers: dict[str, str] = {}
    for commit in commits:
        for name, address in _authors(commit):
            authors.setdefault(address.casefold(), name)
        committers.setdefault(commit.committer_email.casefold(), commit.committer_email)
    only = {address: name for address, name in committers.items() if address and address not in authors}
    found = [Contributor(name=name, address=address) for address, name in authors.items() if address]
    found += [Contributor(name=name, address=address, committed_only=True) for address, name in only.items()]
    return tuple(sorted(found, key=lambda one: one.address))


def _authors(commit: Commit) -> Iterator[tuple[str, str]]:
    yield commit.author_name, commit.author_email
    # Most messages have none, and to look for the word is quicker than the expression.
    if "-authored-by" in commit.message.lower():
        for found in _CO_AUTHOR.finditer(commit.message):
            yield found[1].strip(), found[2]
