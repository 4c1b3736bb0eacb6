"""Cases in which a train once ended outside of the promise, each as small as it could be made."""

from __future__ import annotations

from support.rehearsals import case, command, planned

from releasepilot.model.train import Outcome
from releasepilot.simulate.faults import FaultKind
from releasepilot.simulate.rehearsal import Rehearsal


async def test_what_somebody_else_holds_is_not_listed_as_ours(rehearsed: Rehearsal) -> None:
    """A step without undo whose name was taken has had no effect, so nothing of it stays."""
    plan, request = planned({"lib": [command("announce", **{"class": "retriable", "undo": "none"})]})
    result = await rehearsed.run(plan, request, case(("lib/announce", FaultKind.TAKEN)))
    assert result.outcome is Outcome.ROLLED_BACK
    assert [item.step for item in result.residue] == ["push"]
    assert not result.violations
