"""Risk: how much could go wrong with a plan, as factors that people can follow."""

from __future__ import annotations

from enum import StrEnum
from typing import Self

from pydantic import Field, model_validator

from releasepilot.model.value import Value


class RiskLevel(StrEnum):
    """The risk of a plan in one word."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class RiskPolicy(Value):
    """From which score on the risk of a plan is medium, and from which on high."""

    medium: int = Field(default=30, ge=1, le=100)
    high: int = Field(default=60, ge=1, le=100)

    @model_validator(mode="after")
    def _rising(self) -> Self:
        if self.high < self.medium:
            raise ValueError("`high` is not below `medium`")
        return self


class RiskFactor(Value):
    """One reason why a plan may go wrong."""

    name: str
    #: From 1, no reason, to 5.
    score: int = Field(ge=1, le=5)
    #: How much it counts beside the others.
    weight: int = Field(ge=1)
    #: What was counted, in words.
    explanation: str


class Risk(Value):
    """The factors, and what they come to."""

    level: RiskLevel
    #: From 0, where every factor is 1, to 100, where every factor is 5.
    score: int
    factors: tuple[RiskFactor, ...]
