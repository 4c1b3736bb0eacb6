"""A commit as git recorded it."""

from __future__ import annotations

from releasepilot.model.value import Value


class Commit(Value):
    """One commit. Every text in it is untrusted data."""

    sha: str
    #: The whole message, decoded as git says and with undecodable bytes replaced.
    message: str
    #: Committer time, seconds since the epoch.
    committed_at: int = 0
    author_name: str = ""
    author_email: str = ""
    #: It has more than one parent.
    merge: bool = False

    @property
    def subject(self) -> str:
        """The first line."""
        return self.message.lstrip().partition("\n")[0].rstrip()
