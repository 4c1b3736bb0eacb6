"""How long a step takes, as far as anybody knows before it has run."""

from __future__ import annotations

from enum import StrEnum

from releasepilot.model.value import Value


class EstimateSource(StrEnum):
    """Where an estimate comes from, the best first."""

    #: The ledger: what the step took in earlier trains.
    HISTORY = "history"
    #: The catalog: `estimate`, or the `for` of a wait.
    DECLARED = "declared"
    #: Nobody knows.
    DEFAULT = "default"


class Estimate(Value):
    """How long a step is expected to take."""

    #: Whole seconds, at least one.
    seconds: int
    source: EstimateSource


class Measured(Value):
    """What a step took in earlier trains, from its start to its end with all of its attempts."""

    #: `<component>/<name>`.
    step: str
    #: The actuator; what another one took says nothing.
    uses: str
    #: The 95th percentile in whole seconds, at least one.
    seconds: int
    #: Of so many times.
    runs: int
