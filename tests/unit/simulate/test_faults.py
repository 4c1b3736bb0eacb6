"""Which faults a plan is simulated with."""

from __future__ import annotations

from itertools import combinations

from support.rehearsals import small
from support.world import step

from releasepilot.model.step import Undo
from releasepilot.simulate.faults import OF_UNDOING, STRIKES, FaultKind, cases_of, count_of, faults_of

PLAN, _ = small()


def test_each_kind_of_fault_strikes_or_is_there_before() -> None:
    """A kind that is in neither list would make a case in which nothing happens."""
    assert {*STRIKES, FaultKind.TAKEN} == set(FaultKind)


def test_a_step_without_undo_has_no_faults_in_undoing() -> None:
    """It is not reverted, so none could strike."""
    kinds = {fault.kind for fault in faults_of(step("lib", "mail", undo=Undo.NONE))}
    assert kinds == set(FaultKind) - set(OF_UNDOING)


def test_a_check_has_no_effect_that_could_be_lost() -> None:
    """Nothing goes wrong after its effect, and nobody takes its name."""
    check = step("lib", "health").model_copy(update={"effect": False})
    assert {fault.kind for fault in faults_of(check)} == {
        FaultKind.FAILS_BEFORE,
        FaultKind.KILLED_BEFORE,
        FaultKind.ABORTED_BEFORE,
        FaultKind.REFUSED,
    }


def test_single_faults_are_all_of_them_and_none() -> None:
    """One train each, and one in which nothing goes wrong."""
    cases = cases_of(PLAN, "single", 0)
    assert len(set(cases)) == count_of(PLAN, "single") == 1 + sum(len(faults_of(one)) for one in PLAN.steps)


def test_pairs_are_all_that_can_meet() -> None:
    """Two faults of one step at one moment cannot both strike; all other two are there."""
    cases = {frozenset(case.faults) for case in cases_of(PLAN, "pairs", 0)}
    every = [fault for one in PLAN.steps for fault in faults_of(one)]
    left_out = [pair for pair in combinations(every, 2) if frozenset(pair) not in cases]
    assert len(cases) + len(left_out) == count_of(PLAN, "pairs")
    assert all(one.step == other.step for one, other in left_out)


def test_the_same_seed_draws_the_same() -> None:
    """So that a case that was found can be found again."""
    assert cases_of(PLAN, "random:20", 7) == cases_of(PLAN, "random:20", 7)
    assert cases_of(PLAN, "random:20", 7) != cases_of(PLAN, "random:20", 8)
    assert len(cases_of(PLAN, "random:20", 7)) == count_of(PLAN, "random:20") == 20
