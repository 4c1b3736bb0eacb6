"""People as a catalog knows them: which accounts and addresses are one person, and who votes for whom."""

from __future__ import annotations

import re
from typing import Self

from pydantic import AwareDatetime, ConfigDict, Field, model_validator

from releasepilot.model.value import Value

#: The addresses that GitHub and GitLab give to those who hide theirs: `123+anna@users.noreply.github.com`.
HIDDEN = re.compile(r"(?:\d+[+-])?(?P<account>[^@+]+)@users\.noreply\.\S+")


def mailbox(address: str) -> str:
    """Fold what makes no other mailbox: case, and what follows a plus sign; a forge's own addresses keep theirs."""
    folded = address.strip().casefold()
    if HIDDEN.fullmatch(folded):
        return folded
    box, at, host = folded.partition("@")
    return f"{box.partition('+')[0]}{at}{host}"


class Person(Value):
    """One person, or one machine, under the account that the catalog names them by."""

    #: Further accounts of the same person.
    accounts: tuple[str, ...] = ()
    #: Addresses that their commits carry.
    addresses: tuple[str, ...] = ()
    #: Groups that they belong to, such as a team.
    groups: tuple[str, ...] = ()
    #: An account of a program. It never votes, and its commits count as those of whoever asked for the train.
    machine: bool = False


class Delegation(Value):
    """Somebody votes in the place of somebody else for a time. It goes no further than one step."""

    model_config = ConfigDict(serialize_by_alias=True)

    #: Whose vote it is.
    giver: str = Field(alias="from")
    #: Who casts it.
    taker: str = Field(alias="to")
    #: The gates that it is for; all where there are none.
    gates: tuple[str, ...] = ()
    not_before: AwareDatetime
    #: It no longer holds at this moment.
    not_after: AwareDatetime
    #: Why; shown with the vote.
    reason: str = Field(default="", max_length=400)

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        """Refuse what could never be used."""
        if self.giver == self.taker:
            raise ValueError(f"{self.giver!r} delegates to themselves")
        if self.not_before >= self.not_after:
            raise ValueError(f"the delegation of {self.giver!r} ends before it begins")
        return self


class Contributor(Value):
    """Somebody who made a commit of a release, by the name and address in it."""

    name: str
    address: str
    #: They are named as the committer alone, as who merges or rebases is.
    committed_only: bool = False
