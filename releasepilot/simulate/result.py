"""What a simulation found: how each case ended, and the table that people read."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from pydantic import Field

from releasepilot.governance.estimates import estimates_of
from releasepilot.graph.timeline import forecast
from releasepilot.model.plan import Plan, Residue
from releasepilot.model.train import Outcome
from releasepilot.model.value import Value
from releasepilot.model.window import Opening
from releasepilot.simulate.faults import Case, FaultKind


class CaseResult(Value):
    """How one simulated train ended."""

    case: Case
    #: None where it did not end.
    outcome: Outcome | None
    residue: tuple[Residue, ...] = ()
    #: Whether the fault in undoing struck in a rollback of a train that had ended.
    taken_back: bool = False
    #: What breaks the promise, in words; empty where it was kept.
    violations: tuple[str, ...] = ()
    #: Steps that nobody can look at, and that were therefore done more than once.
    repeated: tuple[str, ...] = ()
    #: Seconds on the train's own clock, in which steps take no time: retries and lost workers.
    waited: int = 0


class Row(Value):
    """Cases of one kind of fault that ended in the same way."""

    #: None where nothing goes wrong.
    kind: FaultKind | None
    outcome: Outcome | None
    cases: int
    #: The names of the steps that it struck, without their components.
    steps: tuple[str, ...]
    #: The most that one of them left, and the most of that which somebody must look at.
    listed: int
    unresolved: int


class Simulation(Value):
    """All cases of one plan."""

    train: str
    plan_digest: str
    #: `single`, `pairs`, or `random:N`.
    faults: str
    #: What random cases were drawn with.
    seed: int
    cases: int
    #: Seconds that the train takes by the estimates of its steps, where nothing goes wrong.
    expected: int
    #: The most seconds that a fault added by waiting and trying again.
    delay: int
    rows: tuple[Row, ...]
    #: What would stay if everything were done and then undone, by the plan.
    worst_residue: tuple[Residue, ...]
    #: The case that left most.
    worst: CaseResult | None = None
    #: Steps that may be done twice: nobody can look at their effect.
    repeated: tuple[str, ...] = ()
    #: The cases that ended outside of the promise; empty where it was always kept.
    broken: tuple[CaseResult, ...] = Field(default=())

    @property
    def kept(self) -> bool:
        """Whether the promise was kept in every case."""
        return not self.broken


def summed_up(plan: Plan, results: Sequence[CaseResult], *, faults: str, seed: int, expected: int) -> Simulation:
    """Sum up how the cases of a plan ended."""
    smooth = min((one.waited for one in results), default=0)
    worst = max(results, key=_weight, default=None)
    repeated = dict.fromkeys(step for one in results for step in one.repeated)
    return Simulation(
        train=plan.train,
        plan_digest=plan.digest,
        faults=faults,
        seed=seed,
        cases=len(results),
        expected=expected,
        delay=max((one.waited - smooth for one in results), default=0),
        rows=_rows(results),
        worst_residue=plan.worst_residue,
        worst=worst if worst and worst.residue else None,
        repeated=tuple(repeated),
        broken=tuple(one for one in results if one.violations),
    )


def expected_seconds(plan: Plan) -> int:
    """Return how long the train of a plan takes by the estimates of its steps, where nothing holds it back."""
    begin = datetime(2026, 1, 1, tzinfo=UTC)
    found = forecast(plan, estimates_of(plan.steps), [Opening(begin=begin, end=None)], begin, ledger=False)
    return round((found.ends - found.starts).total_seconds()) if found else 0


def _weight(result: CaseResult) -> tuple[int, int]:
    return sum(item.unresolved for item in result.residue), len(result.residue)


def _rows(results: Sequence[CaseResult]) -> tuple[Row, ...]:
    """Group cases by each kind of fault in them and by their end, in the order of the kinds."""
    groups: dict[tuple[FaultKind | None, Outcome | None], list[CaseResult]] = {}
    for result in results:
        for kind in dict.fromkeys(fault.kind for fault in result.case.faults) if result.case.faults else (None,):
            groups.setdefault((kind, result.outcome), []).append(result)
    order: list[FaultKind | None] = [None, *FaultKind]
    ends: list[Outcome | None] = [*Outcome, None]
    return tuple(
        _row(kind, outcome, groups[kind, outcome]) for kind in order for outcome in ends if (kind, outcome) in groups
    )


def _row(kind: FaultKind | None, outcome: Outcome | None, group: Sequence[CaseResult]) -> Row:
    struck = (fault.step for one in group for fault in one.case.faults if fault.kind is kind)
    return Row(
        kind=kind,
        outcome=outcome,
        cases=len(group),
        steps=tuple(dict.fromkeys(step.partition("/")[2] for step in struck)),
        listed=max(len(one.residue) for one in group),
        unresolved=max(sum(item.unresolved for item in one.residue) for one in group),
    )


__all__ = ["CaseResult", "Row", "Simulation", "expected_seconds", "summed_up"]
