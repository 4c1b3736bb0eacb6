"""Exit codes."""

from __future__ import annotations

import pytest

from releasepilot.cli.exits import Exit, ServersLost, of_error, of_outcome, of_rollback, of_view
from releasepilot.errors import CatalogError, FetchError, TrainUnknown, VoteRefused
from releasepilot.model.plan import Residue
from releasepilot.model.step import Undo
from releasepilot.model.train import Outcome, Record, TrainPhase, TrainView


@pytest.mark.parametrize(
    ("outcome", "code"),
    [
        (Outcome.RELEASED, 0),
        (Outcome.NOTHING, 0),
        (Outcome.FAILED, 1),
        (Outcome.PARTLY_RELEASED, 1),
        (Outcome.ROLLED_BACK, 3),
        (Outcome.REJECTED, 4),
        (Outcome.RESIDUE, 6),
    ],
)
def test_each_outcome_has_its_code(outcome: Outcome, code: int) -> None:
    """The documented numbers."""
    assert of_outcome(outcome) == code


def test_every_outcome_has_a_code() -> None:
    """No way for a train to end is without a code."""
    assert all(isinstance(of_outcome(outcome), Exit) for outcome in Outcome)


@pytest.mark.parametrize("phase", [phase for phase in TrainPhase if phase is not TrainPhase.ENDED])
def test_a_train_that_has_not_ended_is_5(phase: TrainPhase) -> None:
    """Until there is a record, the code says that something is still to come."""
    assert of_view(TrainView(train="t", phase=phase)) == 5


def test_a_train_that_has_ended_has_the_code_of_its_outcome() -> None:
    """The record decides."""
    record = Record(train="t", outcome=Outcome.RESIDUE)
    assert of_view(TrainView(train="t", phase=TrainPhase.ENDED, record=record)) == 6


def test_errors_are_1_and_a_train_that_does_not_exist_is_2() -> None:
    """A name that means nothing is wrong usage; everything else failed."""
    assert [of_error(error("x")) for error in (CatalogError, FetchError, VoteRefused, TrainUnknown)] == [1, 1, 1, 2]


def test_a_watch_whose_servers_went_away_is_5() -> None:
    """The train goes on without them being watched."""
    assert of_error(ServersLost("x")) == 5


def residue(component: str) -> Residue:
    """Something of a component that somebody must look at."""
    return Residue(component=component, step="npm", undo=Undo.NONE, what="app 1.1.0", unresolved=True)


@pytest.mark.parametrize(
    ("record", "code"),
    [
        (Record(train="t", outcome=Outcome.PARTLY_RELEASED, undone=("app", "api"), released={"lib": "1"}), 0),
        (Record(train="t", outcome=Outcome.ROLLED_BACK, undone=("app", "api", "lib")), 0),
        (Record(train="t", outcome=Outcome.RESIDUE, undone=("app", "api"), residue=(residue("lib"),)), 0),
        (Record(train="t", outcome=Outcome.RESIDUE, undone=("api",), residue=(residue("app"),)), 6),
        (Record(train="t", outcome=Outcome.PARTLY_RELEASED, undone=("app",), released={"lib": "1"}), 1),
        (Record(train="t", outcome=Outcome.RELEASED, released={"lib": "1", "api": "1", "app": "1"}), 1),
    ],
)
def test_a_rollback_of_a_component_looks_at_that_component(record: Record, code: int) -> None:
    """0 needs the component and its dependents undone; residue of others does not count, whatever the outcome."""
    released = ("lib", "api", "app")
    assert of_rollback(record, ("api",), affected=("api", "app"), released=released) == code


def test_a_component_that_was_not_released_before_is_rolled_back() -> None:
    """There was nothing of it to undo."""
    record = Record(train="t", outcome=Outcome.PARTLY_RELEASED, released={"lib": "1"})
    assert of_rollback(record, ("api",), affected=("api",), released=("lib",)) == 0


@pytest.mark.parametrize(("outcome", "code"), [(Outcome.ROLLED_BACK, 0), (Outcome.RESIDUE, 6), (Outcome.RELEASED, 1)])
def test_a_rollback_of_all_is_done_when_all_is_undone(outcome: Outcome, code: int) -> None:
    """Everything else that a train can end with is not what was asked for."""
    assert of_rollback(Record(train="t", outcome=outcome), ()) == code
