"""A forecast: when a plan could be carried out, over windows, durations and dependencies."""

from __future__ import annotations

from pydantic import AwareDatetime

from releasepilot.model.estimate import EstimateSource
from releasepilot.model.value import Value


class StepForecast(Value):
    """When one step would run."""

    #: `<component>/<name>`.
    step: str
    starts: AwareDatetime
    ends: AwareDatetime
    #: Whole seconds that it is expected to take.
    estimate: int
    #: Where the estimate comes from.
    source: EstimateSource
    #: Seconds that it may start later without the train ending later.
    slack: int


class Slot(Value):
    """From the first step to the end of the last."""

    starts: AwareDatetime
    ends: AwareDatetime


class Forecast(Value):
    """The earliest that a plan could be carried out. All moments are in UTC."""

    train: str
    plan_digest: str
    starts: AwareDatetime
    ends: AwareDatetime
    #: The latest start with which it still ends in the same opening; None where that does not close.
    start_by: AwareDatetime | None = None
    #: The slot that begins with the next opening after that; None where none is known, or none is needed.
    next_slot: Slot | None = None
    #: The steps of which each waited for the one before, from the first to the one that ends last.
    critical_path: tuple[str, ...]
    #: In the order of the plan.
    steps: tuple[StepForecast, ...]
    #: Whether the ledger was asked for what steps took in earlier trains.
    ledger: bool
    #: The version of the tz database that the windows were expanded by; empty where there are none.
    tzdata: str = ""
