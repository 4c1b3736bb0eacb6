"""What a plugin is: an actuator observes, applies and reverts one kind of effect.

An actuator is a class that takes `Tools` and is found through the entry point group `releasepilot.actuators`;
the ones that ship with ReleasePilot use the same door. `releasepilot.plugins.contract` is the test kit that
every actuator must pass.

    [project.entry-points."releasepilot.actuators"]
    "acme.deploy" = "acme_releasepilot:Deploy"
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import ClassVar, Generic, Protocol, TypeVar

from pydantic import BaseModel

from releasepilot.model.catalog import StepDeclaration
from releasepilot.model.emergency import Emergency
from releasepilot.model.plan import Plan, Release
from releasepilot.model.receipt import Observation, Receipt
from releasepilot.model.step import Queue, SagaClass, Step, Undo
from releasepilot.plugins.secrets.keeper import OpenSecrets

ConfigT = TypeVar("ConfigT", bound=BaseModel)


@dataclass(frozen=True, kw_only=True)
class Tools:
    """What the composition root gives to every actuator."""

    #: The folder of the bare mirrors.
    cache: Path
    #: Seconds that one git command may take before it is ended.
    git_timeout: float = 300.0


@dataclass(frozen=True, kw_only=True)
class Call(Generic[ConfigT]):
    """One call of an actuator. Everything in it comes from the plan: the same call again means the same effect."""

    train: str
    step: Step
    release: Release
    #: `step.config`, validated by the actuator's `Config`.
    config: ConfigT
    #: When the step was first scheduled; the same in every attempt.
    scheduled_at: datetime
    #: When the train started; the same for all of its steps.
    train_started_at: datetime
    #: The whole plan, for an effect that is about more than one release; None where a test gives none.
    plan: Plan | None = None
    #: The emergency that the train goes through, for an actuator that `escalates`; None without one, and for a revert.
    emergency: Emergency | None = None
    #: Tell that the call is alive, from any thread. The engine calls it too, so only hour-long work needs it.
    beat: Callable[[], None] = field(default=lambda: None)
    #: Looks up what the configuration names by reference: `await call.secrets.read(config.token)`. What was looked up
    #: is taken out of everything that leaves the call: errors, receipts, logs.
    secrets: OpenSecrets = field(default_factory=OpenSecrets)

    @property
    def effect_key(self) -> str:
        """`<train>/<component>/<step>`: the name of this effect, everywhere."""
        return f"{self.train}/{self.step.id}"


class Actuator(Protocol[ConfigT]):
    """One kind of effect on the world.

    The three verbs are convergent: each may be called again after a crash, at any point, and ends in the same
    state. They raise `StepConflict`, `StepRefused` (both final), `StepNotReady` or any other `StepError` (both
    tried again). A cancelled call may not have its effect after it has returned: blocking work in a thread must be
    awaited to its end, or ended, before the cancellation goes on.
    """

    #: The name that catalogs use.
    name: ClassVar[str]
    #: The schema of its configuration; unknown keys are refused.
    Config: ClassVar[type[BaseModel]]
    saga_class: ClassVar[SagaClass]
    undo: ClassVar[Undo]
    queue: ClassVar[Queue]
    #: Whether a catalog may state another class and undo.
    declarable: ClassVar[bool]
    #: False for a check, which only looks: `apply` is then called first and each time anew, `revert` never.
    effect: ClassVar[bool]
    # Three more may be stated, and are False where they are not. `prior`: it asks for leave, and comes before
    # everything that is public. `patient`: it waits for people, so its attempts have no end unless the catalog sets
    # one. `escalates`: it takes another way in an emergency, of which its call tells; where one begins while it waits,
    # it is cancelled and called anew.

    def __init__(self, tools: Tools) -> None:
        """Take what it works with. No I/O here."""

    @classmethod
    def objection(cls, declaration: StepDeclaration, config: BaseModel) -> str:
        """Say what is wrong with a declaration whose configuration is valid by itself; empty where nothing is."""

    async def observe(self, call: Call[ConfigT]) -> Observation:
        """Say what the far side holds under this call's name, changing nothing."""

    async def apply(self, call: Call[ConfigT]) -> dict[str, str]:
        """Bring the effect about; return what a later revert needs to know, small and free of secrets."""

    async def revert(self, call: Call[ConfigT], receipt: Receipt | None) -> str:
        """Take the effect back; return what stays visible, in words, or an empty text.

        `receipt` is None where the step never reported one, though it may have had its effect.
        """
