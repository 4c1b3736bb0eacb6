"""Exit codes."""

from __future__ import annotations

import pytest

from releasepilot.cli.exits import Exit, of_error, of_outcome, of_view
from releasepilot.errors import CatalogError, FetchError, TrainUnknown, VoteRefused
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
