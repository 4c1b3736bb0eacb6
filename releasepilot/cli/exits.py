"""Exit codes: what a script may rely on."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from enum import IntEnum

from releasepilot.errors import ReleasePilotError, RuleDenied, StackError, TrainUnknown
from releasepilot.model.train import Outcome, Record, TrainView


class Exit(IntEnum):
    """How a command ends. The numbers are documented and do not change."""

    OK = 0
    FAILED = 1
    #: Wrong options or arguments, also a train that does not exist, or a question nobody is there to answer.
    USAGE = 2
    #: Nothing stays released; what the undo kinds foresee may stay visible.
    ROLLED_BACK = 3
    REJECTED = 4
    #: Blocked, waiting, or still running when the command ended.
    WAITING = 5
    #: Something stays that somebody must look at.
    RESIDUE = 6


class ServersLost(StackError):
    """The servers went away while a train was watched; it goes on when they run again."""


_BY_OUTCOME: dict[Outcome, Exit] = {
    Outcome.RELEASED: Exit.OK,
    Outcome.NOTHING: Exit.OK,
    Outcome.ROLLED_BACK: Exit.ROLLED_BACK,
    # Not 3: some of it is released, and the one that was wanted is not.
    Outcome.PARTLY_RELEASED: Exit.FAILED,
    Outcome.REJECTED: Exit.REJECTED,
    Outcome.FAILED: Exit.FAILED,
    Outcome.RESIDUE: Exit.RESIDUE,
}


def of_outcome(outcome: Outcome) -> Exit:
    """Return the exit code of a train that has ended."""
    return _BY_OUTCOME[outcome]


def of_view(view: TrainView) -> Exit:
    """Return the exit code for a train as it stands: 5 until it has ended, and where a rule blocked it."""
    if view.record is None or view.record.code == RuleDenied.code:
        return Exit.WAITING
    return of_outcome(view.record.outcome)


def of_rollback(
    record: Record, chosen: Sequence[str], *, affected: Collection[str] = (), released: Collection[str] = ()
) -> Exit:
    """Return the exit code of a rollback: 0 where what was asked for is undone.

    `chosen` are the components that were asked for, none for all; `affected` are these and their dependents, and
    `released` is what was released before. Residue of other components is not the business of this rollback.
    """
    if not chosen:
        # A train that was released before it could be told is not what was asked for.
        return Exit.OK if record.outcome is Outcome.ROLLED_BACK else of_outcome(record.outcome) or Exit.FAILED
    concerned = {*chosen, *affected}
    if any(item.unresolved and item.component in concerned for item in record.residue):
        return Exit.RESIDUE
    gone = all(name in record.undone or name not in released for name in chosen)
    return Exit.OK if gone and not concerned.intersection(record.released) else Exit.FAILED


def of_error(error: ReleasePilotError) -> Exit:
    """Return the exit code of an error: 2 where an argument names nothing, 5 where a rule denies or a train goes on."""
    if isinstance(error, ServersLost | RuleDenied):
        return Exit.WAITING
    return Exit.USAGE if isinstance(error, TrainUnknown) else Exit.FAILED
