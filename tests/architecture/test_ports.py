"""Activities carry the names that workflows call, with the values that workflows send and expect."""

from __future__ import annotations

import inspect
import typing

from releasepilot.activities.claims import Claims
from releasepilot.activities.ledger import Ledger
from releasepilot.activities.planning import Planning
from releasepilot.activities.steps import Steps
from releasepilot.activities.windows import Windows
from releasepilot.model.claim import Claim
from releasepilot.model.receipt import Receipt, Undone
from releasepilot.model.train import Outline
from releasepilot.workflows.ports import (
    Activity,
    Batch,
    ClaimCall,
    PrepareCall,
    Standing,
    StandingCall,
    StepCall,
    WindowCall,
    WindowJudgement,
    Written,
)

EXPECTED: dict[Activity, tuple[object, type, type | None]] = {
    Activity.PREPARE: (Planning.prepare, PrepareCall, Outline),
    Activity.STANDING: (Ledger.standing, StandingCall, Standing),
    Activity.RECORD: (Ledger.record, Batch, Written),
    Activity.APPLY: (Steps.apply, StepCall, Receipt),
    Activity.REVERT: (Steps.revert, StepCall, Undone),
    Activity.CLAIM: (Claims.claim, ClaimCall, Claim),
    Activity.WINDOWS: (Windows.judge, WindowCall, WindowJudgement),
}


def test_every_port_is_implemented_under_its_name_and_types() -> None:
    """A name or a type that drifts would only show when a train runs."""
    assert set(EXPECTED) == set(Activity)
    for name, (method, given, returned) in EXPECTED.items():
        definition = getattr(method, "__temporal_activity_definition")
        assert definition.name == name
        hints = typing.get_type_hints(method)
        parameters = [one for one in inspect.signature(typing.cast("typing.Any", method)).parameters if one != "self"]
        assert [hints[one] for one in parameters] == [given]
        assert hints["return"] is (returned or type(None))
