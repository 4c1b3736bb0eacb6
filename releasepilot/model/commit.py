"""A commit as git recorded it."""

from __future__ import annotations

from typing import NamedTuple

#: The trailers of our own commits: `<train>`, `<component>`, `<train>/<component>`.
TRAIN_TRAILER = "Release-Train"
COMPONENT_TRAILER = "Release-Component"
REVERT_TRAILER = "Reverts-Release"


class Commit(NamedTuple):
    """One commit. Every text in it is untrusted data.

    No pydantic model: a snapshot may hold a hundred thousand of them, and each would be three objects to the
    garbage collector.
    """

    sha: str
    #: The whole message, decoded as git says and with undecodable bytes replaced.
    message: str
    #: Committer time, seconds since the epoch.
    committed_at: int = 0
    author_name: str = ""
    author_email: str = ""
    #: It has more than one parent.
    merge: bool = False
    committer_email: str = ""

    @property
    def subject(self) -> str:
        """The first line."""
        return self.message.lstrip().partition("\n")[0].rstrip()

    @property
    def bookkeeping(self) -> bool:
        """Whether ReleasePilot made it: a release commit or its revert, which is no reason to release again."""
        if TRAIN_TRAILER not in self.message and REVERT_TRAILER not in self.message:
            return False
        last = self.message.rstrip().rpartition("\n\n")[2]
        return any(line.startswith((f"{TRAIN_TRAILER}: ", f"{REVERT_TRAILER}: ")) for line in last.splitlines())
