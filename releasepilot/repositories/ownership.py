"""Who owns what a release changes, by the CODEOWNERS of its repository at the pinned commit."""

from __future__ import annotations

from releasepilot.repositories.command import Git
from releasepilot.repositories.objects import read_objects
from releasepilot.versioning.code_owners import MAX_BYTES, PLACES, owners_of

_MAGIC = {"GIT_LITERAL_PATHSPECS": "0"}


def read_owners(git: Git, head: str, base: str | None, pathspecs: tuple[str, ...]) -> tuple[str, ...]:
    """Return the owners of the files that differ between two commits, of all files where there was none before.

    Nobody where the repository has no CODEOWNERS that a forge would read.
    """
    found = [one for one in read_objects(git, [f"{head}:{place}" for place in PLACES]) if one is not None]
    rules = next((one.data for one in found if one.kind == "blob" and len(one.data) <= MAX_BYTES), None)
    if rules is None:
        return ()
    words = (
        ("diff-tree", "-r", "--name-only", "-z", base, head) if base else ("ls-tree", "-r", "--name-only", "-z", head)
    )
    listing = git.run(*words, "--", *_paths(base, pathspecs), env=_MAGIC).decode("utf-8", "replace")
    return owners_of(rules.decode("utf-8", "replace"), filter(None, listing.split("\0")))


def _paths(base: str | None, pathspecs: tuple[str, ...]) -> tuple[str, ...]:
    """Leave out what `ls-tree` has no words for: of a first release everything that the component's folder holds."""
    return pathspecs if base else tuple(one.partition(")")[2] for one in pathspecs if one.startswith(":(top,literal)"))
