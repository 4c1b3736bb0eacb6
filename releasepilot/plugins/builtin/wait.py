"""`wait`: a step that lets time pass, such as a soak before the next one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import ClassVar

from pydantic import BaseModel, ConfigDict, Field

from releasepilot.errors import StepNotReady
from releasepilot.model.catalog import StepDeclaration
from releasepilot.model.receipt import Observation, Presence, Receipt
from releasepilot.model.step import Queue, SagaClass, Undo
from releasepilot.model.value import Seconds
from releasepilot.plugins.spec import Call, Tools


class WaitConfig(BaseModel):
    """How long."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    #: Counted from the moment when the step was first scheduled; at most 30 days.
    duration: Seconds = Field(alias="for", ge=0, le=30 * 86400)


class Wait:
    """Is present once the time has passed. It never holds a worker's slot."""

    name: ClassVar[str] = "wait"
    Config: ClassVar[type[BaseModel]] = WaitConfig
    saga_class: ClassVar[SagaClass] = SagaClass.COMPENSATABLE
    undo: ClassVar[Undo] = Undo.FULL
    queue: ClassVar[Queue] = Queue.ENGINE
    declarable: ClassVar[bool] = False
    effect: ClassVar[bool] = False

    def __init__(self, tools: Tools) -> None:
        del tools

    @classmethod
    def objection(cls, declaration: StepDeclaration, config: BaseModel) -> str:
        """Refuse a wait that could not be asked again when its time has passed."""
        if declaration.attempts == 1 and isinstance(config, WaitConfig) and config.duration:
            return "with `attempts: 1` it would never be asked again after its time: leave `attempts` out"
        return ""

    async def observe(self, call: Call[WaitConfig]) -> Observation:
        """Compare the clock with the end of the wait."""
        end = _end(call)
        if datetime.now(UTC) < end:
            return Observation(presence=Presence.ABSENT)
        return Observation(presence=Presence.PRESENT, found=end.isoformat())

    async def apply(self, call: Call[WaitConfig]) -> dict[str, str]:
        """Ask to be called again when the time has passed."""
        left = (_end(call) - datetime.now(UTC)).total_seconds()
        if left > 0:
            raise StepNotReady(f"{left:.0f} seconds are left", after=left, component=call.release.component)
        return {}

    async def revert(self, _call: Call[WaitConfig], _receipt: Receipt | None) -> str:
        """Do nothing: time is not given back."""
        return ""


def _end(call: Call[WaitConfig]) -> datetime:
    return call.scheduled_at + timedelta(seconds=call.config.duration)
