"""Schedules: trains that begin by themselves, once or again and again."""

from __future__ import annotations

from enum import StrEnum
from typing import Self

from pydantic import AwareDatetime, Field, model_validator

from releasepilot.model.names import Name
from releasepilot.model.value import Value


class Overlap(StrEnum):
    """What becomes of a train that is due while the last one of its schedule has not ended."""

    #: It is left out.
    SKIP = "skip"
    #: It begins when the last one has ended; of several one is kept.
    WAIT = "wait"


class Timetable(Value):
    """When trains begin: once `at` a moment, or by `cron` on the clocks of `zone`."""

    at: AwareDatetime | None = None
    #: Five fields as crontab has them.
    cron: str = Field(default="", max_length=200)
    #: By its IANA name; of the Temporal server's own zones.
    zone: str = "UTC"
    overlap: Overlap = Overlap.SKIP
    #: A train that could not begin in time still begins within so many seconds.
    catch_up: int = Field(default=600, ge=10, le=365 * 86400)

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.at is None) is not bool(self.cron):
            raise ValueError("a schedule is for one moment, or by a cron expression")
        return self


class ScheduleView(Value):
    """A schedule, for people."""

    name: Name
    #: The catalog's name for the train.
    train: str
    timetable: Timetable
    #: Who made it.
    requested_by: str
    #: None where nothing is due any more.
    next: AwareDatetime | None = None
