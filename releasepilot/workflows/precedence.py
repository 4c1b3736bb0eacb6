"""Who goes first where more is ready than workers take: Temporal's priority and fairness of one train.

What is on no scale of its own, such as the ledger, has those of its workflow.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from temporalio.common import Priority

from releasepilot.model.train import Request
from releasepilot.model.urgency import Urgency, team_of

#: Temporal takes 1 first and 5 last. What says nothing is a 3 to it, such as a train of before there were urgencies.
_EMERGENCY: Final = 1
_KEYS: Final = {Urgency.HOTFIX: 2, Urgency.NORMAL: 3, Urgency.LOW: 4}


@dataclass(frozen=True, kw_only=True)
class Precedence:
    """What a train's steps come before, and with whom they share workers by turns."""

    #: The team of all of it; empty for none. A key for each train's name costs Temporal half of its work again where
    #: hundreds of trains wait, so that what is of no team takes its turn in the order of asking.
    team: str = ""
    urgency: Urgency = Urgency.NORMAL
    #: Component to its team, of those that have one.
    teams: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, request: Request, teams: Mapping[str, str] | None = None) -> Precedence:
        """Return that of the train that a request asks for, and of its components' teams where they are known."""
        return cls(team=team_of(request.catalog), urgency=request.urgency, teams=teams or {})

    def train(self, *, emergency: bool = False) -> Priority:
        """Return the place of what concerns the whole train."""
        return self._place(self.team, emergency=emergency)

    def step(self, component: str, *, emergency: bool = False) -> Priority:
        """Return the place of a step of a component."""
        return self._place(self.teams.get(component, self.team), emergency=emergency)

    def undoing(self) -> Precedence:
        """Return that of the way back, which is as urgent as a hotfix: until its end readers see half of a release."""
        return Precedence(team=self.team, urgency=Urgency.HOTFIX, teams=self.teams)

    def _place(self, team: str, *, emergency: bool) -> Priority:
        return Priority(priority_key=_EMERGENCY if emergency else _KEYS[self.urgency], fairness_key=team or None)
