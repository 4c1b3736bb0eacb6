"""The promise, held against one ended train: released everywhere, undone everywhere, or a residue that is listed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from releasepilot.model.plan import Plan, Residue
from releasepilot.model.step import Step, StepStatus, Undo
from releasepilot.model.train import Outcome, Record
from releasepilot.simulate.far_side import FarSide, Standing

#: Statuses of steps that nobody has undone, and of which nobody knows whether they had their effect.
_OPEN = (StepStatus.FAILED, StepStatus.CANCELLED)
_LEAVES_NOTHING = (Undo.FULL, Undo.REVERT, Undo.WINDOW)


@dataclass(frozen=True, kw_only=True)
class Ending:
    """How a train ended, by everybody who was asked."""

    plan: Plan
    record: Record
    #: The record and the steps' statuses by the ledger.
    recorded: Record | None
    statuses: Mapping[str, StepStatus]
    far: FarSide
    #: Step to what its far side shows now.
    shown: Mapping[str, Standing]
    #: Steps that nobody can look at.
    blind: frozenset[str] = frozenset()


def violations(ending: Ending) -> tuple[str, ...]:
    """Say in words what breaks the promise; empty where it was kept."""
    listed = {f"{item.component}/{item.step}": item for item in ending.record.residue}
    said = [*ending.far.complaints, *_of_record(ending)]
    for step in ending.plan.steps:
        said += _of_step(_Look(ending, step, listed.get(step.id)))
    return tuple(said)


@dataclass(frozen=True)
class _Look:
    """One step, and everything that is said of it."""

    ending: Ending
    step: Step
    listed: Residue | None

    @property
    def shown(self) -> Standing:
        return self.ending.shown[self.step.id]

    @property
    def status(self) -> StepStatus | None:
        return self.ending.statuses.get(self.step.id)

    @property
    def there(self) -> bool:
        """Whether the effect is in the world as it was brought about."""
        return self.shown is Standing.PRESENT

    @property
    def holds(self) -> bool:
        """Whether what the step was for is in the world, be it as a part of another step's effect."""
        heir = self.ending.far.passed_on.get(self.step.id)
        return self.there or (heir is not None and self.ending.shown[heir] is Standing.PRESENT)


def _of_record(ending: Ending) -> Iterator[str]:
    """Yield what does not fit together in the record itself."""
    record = ending.record
    if record != ending.recorded:
        yield "the ledger holds another record than the train ended with"
    unresolved = any(item.unresolved for item in record.residue)
    whole = len(record.released) == len(ending.plan.releases)
    if (record.outcome is Outcome.RELEASED) is not whole:
        yield f"it ended {record.outcome} with {len(record.released)} of {len(ending.plan.releases)} released"
    if record.outcome in (Outcome.ROLLED_BACK, Outcome.PARTLY_RELEASED, Outcome.RELEASED) and unresolved:
        yield f"it ended {record.outcome}, and something stays that somebody must look at"
    if record.outcome is Outcome.ROLLED_BACK and record.released:
        yield "it was rolled back, and something is released"
    for (component, step), times in Counter((item.component, item.step) for item in record.residue).items():
        if times > 1:
            yield f"{component}/{step} is listed {times} times"


def _of_step(look: _Look) -> Iterator[str]:
    """Yield what breaks the promise at one step."""
    name, far = look.step.id, look.ending.far
    if look.status in (None, StepStatus.RUNNING):
        yield f"{name} is {look.status or 'unknown'} in the ledger, and the train has ended"
    if look.status in (StepStatus.PENDING, StepStatus.BLOCKED) and far.applied[name]:
        yield f"{name} is {look.status} in the ledger, and was done"
    if far.doubled[name] and name not in look.ending.blind:
        yield f"{name} was done {far.applied[name]} times, while its effect was there"
    if far.taken_by_others(name) and look.shown is not Standing.FOREIGN:
        yield f"{name} overwrote what somebody else had put there"
    if look.step.effect:
        yield from _of_effect(look)


def _of_effect(look: _Look) -> Iterator[str]:
    """Yield where the far side, the record and the ledger disagree about an effect."""
    name, undo = look.step.id, look.step.undo
    released = look.step.component in look.ending.record.released
    if released and (not look.holds or look.status is not StepStatus.DONE):
        yield f"{name} is released by the record, and {look.shown} on the far side, {look.status} in the ledger"
    if look.status is StepStatus.DONE and not look.holds:
        yield f"{name} is done by the ledger, and {look.shown} on the far side"
    if look.status is StepStatus.UNDONE and look.there and undo in _LEAVES_NOTHING:
        yield f"{name} is undone by the ledger, and its effect is there"
    if look.status is StepStatus.UNDO_FAILED and not (look.listed and look.listed.unresolved):
        yield f"{name} could not be undone, and nobody is told to look at it"
    if not released:
        yield from _of_residue(look)


def _of_residue(look: _Look) -> Iterator[str]:
    """Yield where the list is not what is there."""
    name, far, listed = look.step.id, look.ending.far, look.listed
    stays = look.there or look.shown is Standing.MARKED
    if listed is None:
        if stays or name in far.traces:
            yield f"{name} has left something that is neither released nor listed"
        return
    uncertain = look.status in _OPEN or name in look.ending.blind
    if not stays and not look.holds and name not in far.traces and not uncertain:
        yield f"{name} is listed ({listed.what}), and nothing of it is there"
    if look.there and not listed.unresolved:
        yield f"{name} is there as if nothing had been undone, and nobody is told to look at it"
    foreseen = any(f"{item.component}/{item.step}" == name for item in look.ending.plan.worst_residue)
    if not listed.unresolved and not foreseen:
        yield f"{name} has left something that the plan did not foresee: {listed.what}"


__all__ = ["Ending", "violations"]
