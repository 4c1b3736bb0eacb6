"""What can go wrong with a step: which faults there are, and which cases are made of them."""

from __future__ import annotations

import random
from collections.abc import Sequence
from enum import StrEnum
from itertools import combinations
from typing import Final, NamedTuple

from releasepilot.model.plan import Plan
from releasepilot.model.step import Step, Undo
from releasepilot.model.value import Value


class FaultKind(StrEnum):
    """One way in which a step goes wrong."""

    #: Every attempt fails before it has had its effect.
    FAILS_BEFORE = "fails_before"
    #: The effect is there, and then the step fails for good.
    FAILS_AFTER = "fails_after"
    #: The effect is there, and the answer never comes.
    UNKNOWN = "unknown"
    KILLED_BEFORE = "killed_before"
    KILLED_AFTER = "killed_after"
    #: Somebody aborts the train while the step runs.
    ABORTED_BEFORE = "aborted_before"
    ABORTED_AFTER = "aborted_after"
    #: The far side says no, for good.
    REFUSED = "refused"
    #: Something of somebody else is there under the same name.
    TAKEN = "taken"
    #: The first attempt to undo it fails.
    UNDO_FAILS = "undo_fails"
    #: It is undone, and the answer never comes.
    UNDO_UNKNOWN = "undo_unknown"
    UNDO_KILLED = "undo_killed"
    #: The far side does not let it be undone.
    UNDO_REFUSED = "undo_refused"


class Moment(StrEnum):
    """When a fault strikes."""

    BEFORE_APPLY = "before_apply"
    AFTER_APPLY = "after_apply"
    BEFORE_REVERT = "before_revert"
    AFTER_REVERT = "after_revert"


class Blow(StrEnum):
    """What a fault does when it strikes."""

    #: An error that is tried again.
    FAIL = "fail"
    #: An error that is final.
    REFUSE = "refuse"
    #: The worker vanishes.
    VANISH = "vanish"
    #: The train is aborted.
    ABORT = "abort"


class Strike(NamedTuple):
    """When a kind of fault strikes, what it does, and how often; 0 is each time."""

    moment: Moment
    blow: Blow
    times: int = 1


#: `TAKEN` is not here: it is there before the train begins.
STRIKES: Final[dict[FaultKind, Strike]] = {
    FaultKind.FAILS_BEFORE: Strike(Moment.BEFORE_APPLY, Blow.FAIL, 0),
    FaultKind.FAILS_AFTER: Strike(Moment.AFTER_APPLY, Blow.REFUSE),
    FaultKind.UNKNOWN: Strike(Moment.AFTER_APPLY, Blow.FAIL),
    FaultKind.KILLED_BEFORE: Strike(Moment.BEFORE_APPLY, Blow.VANISH),
    FaultKind.KILLED_AFTER: Strike(Moment.AFTER_APPLY, Blow.VANISH),
    FaultKind.ABORTED_BEFORE: Strike(Moment.BEFORE_APPLY, Blow.ABORT),
    FaultKind.ABORTED_AFTER: Strike(Moment.AFTER_APPLY, Blow.ABORT),
    FaultKind.REFUSED: Strike(Moment.BEFORE_APPLY, Blow.REFUSE, 0),
    FaultKind.UNDO_FAILS: Strike(Moment.BEFORE_REVERT, Blow.FAIL),
    FaultKind.UNDO_UNKNOWN: Strike(Moment.AFTER_REVERT, Blow.FAIL),
    FaultKind.UNDO_KILLED: Strike(Moment.AFTER_REVERT, Blow.VANISH),
    FaultKind.UNDO_REFUSED: Strike(Moment.BEFORE_REVERT, Blow.REFUSE, 0),
}
#: What happens to a step that only looks.
_OF_CHECKS = (
    FaultKind.FAILS_BEFORE,
    FaultKind.KILLED_BEFORE,
    FaultKind.ABORTED_BEFORE,
    FaultKind.REFUSED,
)
#: What happens on the way back. A step without undo is not reverted.
OF_UNDOING = (FaultKind.UNDO_FAILS, FaultKind.UNDO_UNKNOWN, FaultKind.UNDO_KILLED, FaultKind.UNDO_REFUSED)


class Fault(Value):
    """Something goes wrong with a step."""

    #: `<component>/<name>`.
    step: str
    kind: FaultKind


class Case(Value):
    """What goes wrong in one train; nothing where there are no faults."""

    faults: tuple[Fault, ...] = ()

    @property
    def taken_back(self) -> bool:
        """Whether the train is rolled back when it has ended: else a fault in undoing might never strike."""
        return any(fault.kind in OF_UNDOING for fault in self.faults)


def faults_of(step: Step) -> tuple[Fault, ...]:
    """Return everything that can go wrong with a step."""
    kinds: Sequence[FaultKind] = tuple(FaultKind) if step.effect else _OF_CHECKS
    if step.undo is Undo.NONE:
        kinds = [kind for kind in kinds if kind not in OF_UNDOING]
    return tuple(Fault(step=step.id, kind=kind) for kind in kinds)


def cases_of(plan: Plan, faults: str, seed: int) -> tuple[Case, ...]:
    """Return the cases of `single`, `pairs` or `random:N`; of the last, the same for the same seed."""
    if faults == "pairs":
        return pairs(plan)
    if faults == "single":
        return single(plan)
    return drawn(plan, int(faults.partition(":")[2]), seed)


def count_of(plan: Plan, faults: str) -> int:
    """Return at most how many cases these are, without making them."""
    every = sum(len(faults_of(step)) for step in plan.steps)
    if faults == "pairs":
        return every * (every - 1) // 2
    return every + 1 if faults == "single" else int(faults.partition(":")[2])


def single(plan: Plan) -> tuple[Case, ...]:
    """Return the train in which nothing goes wrong, and one for each fault of each step."""
    return (Case(), *(Case(faults=(fault,)) for step in plan.steps for fault in faults_of(step)))


def pairs(plan: Plan) -> tuple[Case, ...]:
    """Return one train for each two faults; of one step only where they are not at odds with each other."""
    every = [fault for step in plan.steps for fault in faults_of(step)]
    return tuple(Case(faults=pair) for pair in combinations(every, 2) if not _at_odds(*pair))


def drawn(plan: Plan, number: int, seed: int) -> tuple[Case, ...]:
    """Draw cases of one to three faults; the same seed draws the same."""
    dice = random.Random(seed)  # noqa: S311 - it has to be repeatable, not secret
    every = [fault for step in plan.steps for fault in faults_of(step)]
    cases: list[Case] = []
    while len(cases) < number:
        chosen = tuple(dice.sample(every, min(dice.choice((1, 2, 2, 3)), len(every))))
        if not any(_at_odds(*pair) for pair in combinations(chosen, 2)):
            cases.append(Case(faults=chosen))
    return tuple(cases)


def _at_odds(one: Fault, other: Fault) -> bool:
    """Whether two faults of one step strike at the same moment, or the name is taken and the step cannot run."""
    if one.step != other.step:
        return False
    if FaultKind.TAKEN in (one.kind, other.kind):
        return True
    return STRIKES[one.kind].moment is STRIKES[other.kind].moment


__all__ = [
    "OF_UNDOING",
    "STRIKES",
    "Blow",
    "Case",
    "Fault",
    "FaultKind",
    "Moment",
    "drawn",
    "faults_of",
    "pairs",
    "single",
]
