"""Who is new to a repository: authors of what is released who made no commit before the last release."""

from __future__ import annotations

from collections.abc import Iterable

from releasepilot.model.commit import Commit
from releasepilot.repositories.command import Git


def count_newcomers(git: Git, base: str, commits: Iterable[Commit]) -> int:
    """Return how many addresses of authors are in no commit up to `base`. It reads the whole history before."""
    authors = {commit.author_email.casefold() for commit in commits}
    if not authors:
        return 0
    earlier = git.run("log", "--format=%ae", base, "--").decode("utf-8", "replace")
    return len(authors - set(earlier.casefold().splitlines()))
