"""Estimates: the step's own history, else what the catalog declares, else a stated default."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pydantic import TypeAdapter

from releasepilot.model.estimate import Estimate, EstimateSource, Measured
from releasepilot.model.step import Step
from releasepilot.model.value import Seconds

#: Seconds that a step is taken to need of which nobody knows anything, unless its time-out is shorter.
DEFAULT = 60

#: The actuator whose configuration says how long it takes.
_WAIT = "wait"
_SECONDS: TypeAdapter[int] = TypeAdapter(Seconds)


def estimates_of(steps: Iterable[Step], measured: Iterable[Measured] = ()) -> Mapping[str, Estimate]:
    """Return the estimate of each step by its id."""
    known = {(one.step, one.uses): one.seconds for one in measured}
    return {step.id: _estimate(step, known.get((step.id, step.uses))) for step in steps}


def _estimate(step: Step, measured: int | None) -> Estimate:
    if step.uses == _WAIT:
        # A soak takes what it says, also where it said something else in earlier trains.
        return Estimate(seconds=max(1, _soak(step)), source=EstimateSource.DECLARED)
    if measured is not None and not step.patient:
        return Estimate(seconds=max(1, measured), source=EstimateSource.HISTORY)
    if step.estimate is not None:
        return Estimate(seconds=step.estimate, source=EstimateSource.DECLARED)
    return Estimate(seconds=min(DEFAULT, step.timeout), source=EstimateSource.DEFAULT)


def _soak(step: Step) -> int:
    return _SECONDS.validate_python(step.config.get("for", 0))


__all__ = ["DEFAULT", "estimates_of"]
