"""What breaks the promise is said, each thing by itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from support.rehearsals import case, foreseeing
from support.world import plan_of, step

from releasepilot.model.plan import Residue
from releasepilot.model.step import Phase, SagaClass, StepStatus, Undo
from releasepilot.model.train import Outcome, Record
from releasepilot.simulate.far_side import FarSide, Standing
from releasepilot.simulate.faults import FaultKind
from releasepilot.simulate.promise import Ending, violations

PUSH, UPLOAD = "lib/push", "lib/upload"
PLAN = foreseeing(
    plan_of(
        "demo",
        [
            step("lib", "push", undo=Undo.REVERT),
            step("lib", "upload", PUSH, phase=Phase.PIVOT, saga_class=SagaClass.PIVOT, undo=Undo.YANK),
        ],
        {"lib": ()},
    )
)
MADE = "lib 1.0.0"


def left(name: str, *, unresolved: bool = False) -> Residue:
    """List a step."""
    return Residue(component="lib", step=name, undo=Undo.REVERT, what="stays", unresolved=unresolved)


def an_ending(record: Record, statuses: tuple[StepStatus, StepStatus], far: FarSide) -> Ending:
    """Let everybody agree on an end."""
    return Ending(
        plan=PLAN,
        record=record,
        recorded=record,
        statuses=dict(zip((PUSH, UPLOAD), statuses, strict=True)),
        far=far,
        shown={name: far.standing(name, MADE) for name in (PUSH, UPLOAD)},
    )


def released() -> Ending:
    """Release both steps."""
    far = FarSide(case=case())
    far.put(PUSH, MADE)
    far.put(UPLOAD, MADE)
    record = Record(train="t", outcome=Outcome.RELEASED, released={"lib": "1.0.0"})
    return an_ending(record, (StepStatus.DONE, StepStatus.DONE), far)


def undone() -> Ending:
    """Release both and take them back."""
    far = released().far
    far.take_back(UPLOAD, MADE, Undo.YANK)
    far.take_back(PUSH, MADE, Undo.REVERT)
    record = Record(train="t", outcome=Outcome.ROLLED_BACK, undone=("lib",), residue=(left("upload"), left("push")))
    return an_ending(record, (StepStatus.UNDONE, StepStatus.UNDONE), far)


def recorded(ending: Ending, **changes: object) -> Ending:
    """Let record and ledger say something else."""
    record = ending.record.model_copy(update=changes)
    return replace(ending, record=record, recorded=record)


def ledger(ending: Ending, step_id: str, status: StepStatus) -> Ending:
    """Let the ledger say something else of a step."""
    return replace(ending, statuses={**ending.statuses, step_id: status})


def shown(ending: Ending, step_id: str, there: Standing) -> Ending:
    """Let the far side show something else."""
    return replace(ending, shown={**ending.shown, step_id: there})


def doubled() -> Ending:
    """Bring an effect about that is there."""
    ending = released()
    ending.far.put(PUSH, MADE)
    return ending


def overwritten() -> Ending:
    """Put something where somebody else's was."""
    far = FarSide(case=case((PUSH, FaultKind.TAKEN)))
    far.put(PUSH, MADE)
    far.put(UPLOAD, MADE)
    return replace(released(), far=far)


@pytest.mark.parametrize("ending", [released, undone])
def test_an_end_on_which_all_agree_keeps_the_promise(ending: Callable[[], Ending]) -> None:
    """Released is there and done; undone leaves what the plan foresaw, and lists it."""
    assert violations(ending()) == ()


@pytest.mark.parametrize(
    ("ending", "said"),
    [
        (replace(released(), recorded=None), "the ledger holds another record than the train ended with"),
        (recorded(released(), released={}), "it ended released with 0 of 1 released"),
        (
            recorded(undone(), residue=(left("upload"), left("push", unresolved=True))),
            "it ended rolled_back, and something stays that somebody must look at",
        ),
        (recorded(undone(), residue=(left("push"), left("push"), left("upload"))), "lib/push is listed 2 times"),
        (ledger(released(), PUSH, StepStatus.RUNNING), "lib/push is running in the ledger, and the train has ended"),
        (ledger(undone(), PUSH, StepStatus.PENDING), "lib/push is pending in the ledger, and was done"),
        (shown(released(), PUSH, Standing.ABSENT), "lib/push is done by the ledger, and absent on the far side"),
        (shown(undone(), PUSH, Standing.PRESENT), "lib/push is undone by the ledger, and its effect is there"),
        (
            ledger(undone(), PUSH, StepStatus.UNDO_FAILED),
            "lib/push could not be undone, and nobody is told to look at it",
        ),
        (
            recorded(undone(), residue=(left("upload"),)),
            "lib/push has left something that is neither released nor listed",
        ),
        (
            shown(undone(), UPLOAD, Standing.ABSENT),
            "lib/upload is listed (stays), and nothing of it is there",
        ),
        (
            shown(undone(), UPLOAD, Standing.PRESENT),
            "lib/upload is there as if nothing had been undone, and nobody is told to look at it",
        ),
        (
            replace(undone(), plan=PLAN.model_copy(update={"worst_residue": ()})),
            "lib/push has left something that the plan did not foresee: stays",
        ),
        (doubled(), "lib/push was done 2 times, while its effect was there"),
        (overwritten(), "lib/push overwrote what somebody else had put there"),
    ],
)
def test_what_breaks_it_is_said(ending: Ending, said: str) -> None:
    """One thing that is not as it should be is one sentence, among others that follow from it."""
    assert said in violations(ending)
