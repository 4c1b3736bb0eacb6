"""Commits and releases for tests of changelogs."""

from __future__ import annotations

from typing import Any

from releasepilot.model.catalog import Ecosystem
from releasepilot.model.commit import Commit
from releasepilot.model.notes import ChangelogEntry
from releasepilot.model.versioning import PolicyEntry
from releasepilot.versioning.changelog import Look, Read, ReleaseNotes, look_of
from releasepilot.versioning.policy import policy_of

SHA = "0123456789abcdef0123456789abcdef01234567"
GITHUB = "https://github.com/acme/web.git"


def commit(message: str, sha: str = SHA, author: str = "") -> Commit:
    """Make a commit."""
    return Commit(sha=sha, message=message, author_name=author, author_email="ann@example.org")


def read(*commits: Commit, policy: str = "conventionalcommits") -> list[Read]:
    """Read commits, newest first, as a policy does."""
    return [(one, policy_of(policy).dialect(one.message)) for one in commits]


def look(repo: str = "../web.git", policy: str | PolicyEntry = "conventionalcommits", **entry: Any) -> Look:
    """Make a look of what a catalog says."""
    return look_of(ChangelogEntry(**entry), repo=repo, policy=policy, ecosystem=Ecosystem.PYTHON)


def notes(*commits: Commit, policy: str = "conventionalcommits", **said: Any) -> ReleaseNotes:
    """Make a release of these commits."""
    values = {"version": "2.0.0", "date": "2026-01-31", "tag": "v2.0.0", "from_tag": "v1.0.0"}
    return ReleaseNotes(changes=read(*commits, policy=policy), **(values | said))
