"""Look at the refs of a remote and move them: all or none, and only from where they are expected to be."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from releasepilot.errors import StepError, StepRefused
from releasepilot.repositories.command import CommandFailed, Git, redact

_LOST_RACE = re.compile(r"stale info|fetch first|non-fast-forward|already exists|remote ref updated since checkout")
_MOVED_MEANWHILE = re.compile(r"but expected|incorrect old value provided|reference already exists")


@dataclass(frozen=True, slots=True, kw_only=True)
class RefUpdate:
    """A move of one remote ref."""

    #: The full name, such as `refs/heads/main`.
    ref: str
    #: Where it must be now; None where it must not exist.
    expected: str | None
    #: Where it shall be; None deletes it.
    to: str | None


def list_remote(git: Git, repo: str, *refs: str) -> dict[str, str]:
    """Ask the remote where these full ref names are, in one round trip; those that do not exist are left out."""
    try:
        listing = git.run("ls-remote", "--quiet", "--", repo, *refs)
    except CommandFailed as failure:
        raise remote_error(failure, repo) from failure
    found: dict[str, str] = {}
    for line in listing.decode("utf-8", "surrogateescape").splitlines():
        oid, _, name = line.partition("\t")
        # Git matches the ends of names, so more than what was asked for may come back.
        if name in refs:
            found[name] = oid
    return found


def push(git: Git, repo: str, updates: Sequence[RefUpdate]) -> bool:
    """Move all these refs together, or none; False where one of them is no longer where it was expected.

    Raises `StepRefused` with the server's own words where it says no, and `StepError` where it cannot be reached.
    """
    leases = [f"--force-with-lease={update.ref}:{update.expected or ''}" for update in updates]
    refspecs = [f"{update.to or ''}:{update.ref}" for update in updates]
    try:
        git.run("push", "--porcelain", "--atomic", "--no-verify", *leases, "--", repo, *refspecs)
    except CommandFailed as failure:
        return _push_failed(failure, repo)
    return True


def _push_failed(failure: CommandFailed, repo: str) -> bool:
    """Tell a lost race (False) from a refusal and from a broken connection."""
    answers = [line.split("\t") for line in failure.stdout.splitlines() if line.startswith("!\t")]
    reasons = [answer[-1] for answer in answers]
    if any(_LOST_RACE.search(reason) for reason in reasons) or _MOVED_MEANWHILE.search(failure.stderr):
        return False
    refused = [reason for reason in reasons if "remote rejected" in reason and "failed to update ref" not in reason]
    if refused or "does not support --atomic" in failure.stderr:
        said = failure.server_said or "; ".join(dict.fromkeys(refused)) or failure.reason
        raise StepRefused(
            f"{redact(repo)} refused the push: {said}",
            hint="let this account push to the branch and its tags (a protected branch needs an exception), "
            "or have the branch rule changed",
        )
    raise remote_error(failure, repo) from failure


def remote_error(failure: CommandFailed, repo: str) -> StepError:
    """Say in our terms why a remote could not be read or written."""
    if failure.cannot_write:
        return StepError(f"the mirror cache cannot be written: {failure.reason}", hint="free space in the cache folder")
    return StepError(
        f"{redact(repo)} could not be reached: {failure.reason}",
        hint="look whether the repository is still there and this account may read and write it",
    )
