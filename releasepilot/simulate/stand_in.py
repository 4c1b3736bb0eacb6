"""Actuators that stand in for the installed ones: the same traits and configuration, over far sides in memory."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, NoReturn

from pydantic import BaseModel
from temporalio import activity

from releasepilot.errors import StepConflict, StepError, StepNotReady, StepRefused
from releasepilot.model.plan import Release
from releasepilot.model.receipt import Observation, Presence, Receipt
from releasepilot.plugins.registry import Registry
from releasepilot.plugins.spec import Actuator, Call, Tools
from releasepilot.simulate.far_side import FarSide, Standing
from releasepilot.simulate.faults import Blow, Case, Moment

#: Branch and tag take the staging ref along.
_TAKES = {"git.publish": "git.stage"}
#: Seconds after which a step that waits for people is looked at again; they have answered by then.
_PEOPLE = 3600.0
#: Within so many looks, a fifth of a second apart, an abort reaches the step that runs.
_LOOKS = 300
#: What an actuator declares.
_TRAITS = ("name", "Config", "saga_class", "undo", "queue", "declarable", "effect", "prior", "patient", "escalates")


async def _nobody(train: str) -> str:
    return f"nobody can abort {train}"


@dataclass(kw_only=True)
class World:
    """The far sides of all simulated trains, and a way to abort one."""

    far_sides: dict[str, FarSide] = field(default_factory=dict)
    #: Makes the far side of a case.
    begin: Callable[[Case], FarSide] = lambda case: FarSide(case=case)
    #: Aborts a train, and returns why that was refused; an empty text where it was not.
    abort: Callable[[str], Awaitable[str]] = _nobody

    def of(self, train: str) -> FarSide:
        """Return the far side of a train; KeyError where no such train is simulated."""
        return self.far_sides[train]


def standing_in(registry: Registry, world: World) -> Registry:
    """Return a registry of stand-ins for every actuator of another."""
    return registry.recast(lambda real: _stand_in(real, world))


def artefact(train: str, release: Release) -> str:
    """Name what a step of a release makes, so that it is told from what another train would make."""
    return f"{release.component} {release.to_version} of {train}"


def is_blind(config: BaseModel) -> bool:
    """Whether nobody can look at the effect: the configuration could hold a command that observes, and does not."""
    return getattr(config, "observe", config) is None


class StandIn:
    """Does what a real actuator promises, and goes wrong as its case says."""

    effect = True

    def __init__(self, _tools: Tools, world: World) -> None:
        """Act on the far sides of a world."""
        self._world = world
        #: Who has been asked already.
        self._asked: set[str] = set()

    async def observe(self, call: Call[BaseModel]) -> Observation:
        """Say what the far side holds; of what nobody can look at, what the worker remembers."""
        far = self._world.of(call.train)
        if is_blind(call.config):
            return _remembered(far, call)
        there = far.standing(call.step.id, _made(call))
        if there is Standing.FOREIGN:
            return Observation(presence=Presence.CONFLICT, found="another", detail="somebody else's is there")
        if there is Standing.ABSENT:
            # What a check looks at is there, once it has looked.
            looked = not self.effect and call.effect_key in self._asked
            return Observation(presence=Presence.PRESENT, found="well") if looked else _ABSENT
        return Observation(presence=Presence.PRESENT, found=_made(call))

    async def apply(self, call: Call[BaseModel]) -> dict[str, str]:
        """Bring the effect about once; a check only looks."""
        far = self._world.of(call.train)
        await self._strike(call, Moment.BEFORE_APPLY)
        self._ask(call)
        if self.effect:
            if far.standing(call.step.id, _made(call)) is Standing.FOREIGN:
                raise StepConflict("somebody else's is there", component=call.release.component)
            far.put(call.step.id, _made(call), self._taken(call))
        await self._strike(call, Moment.AFTER_APPLY)
        far.begun[call.step.id] = True
        return {"digest": _made(call)} if self.effect else {}

    async def revert(self, call: Call[BaseModel], _receipt: Receipt | None) -> str:
        """Take the effect back as far as the step's undo reaches."""
        far = self._world.of(call.train)
        # A far side lets itself be looked at; it is the change that fails.
        if far.standing(call.step.id, _made(call)) in (Standing.PRESENT, Standing.MARKED):
            await self._strike(call, Moment.BEFORE_REVERT)
        stays = far.take_back(call.step.id, _made(call), call.step.undo)
        await self._strike(call, Moment.AFTER_REVERT)
        far.begun.pop(call.step.id, None)
        return stays

    def _taken(self, call: Call[BaseModel]) -> str:
        """Return the step whose effect goes over into this one."""
        wanted = _TAKES.get(call.step.uses)
        steps = call.plan.steps if call.plan and wanted else ()
        return next((one.id for one in steps if one.component == call.step.component and one.uses == wanted), "")

    def _ask(self, call: Call[BaseModel]) -> None:
        """Wait for people, once, where the step is patient; remember that it was here."""
        first = call.effect_key not in self._asked
        self._asked.add(call.effect_key)
        if first and call.step.patient and call.step.attempts != 1:
            raise StepNotReady("people have not answered yet", after=_PEOPLE, component=call.release.component)

    async def _strike(self, call: Call[BaseModel], moment: Moment) -> None:
        """Go wrong where the case says so."""
        far, step = self._world.of(call.train), call.step
        if moment is Moment.BEFORE_APPLY:
            far.begun.setdefault(step.id, False)
        blow = far.blow(step.id, moment, step.attempts)
        if blow is Blow.FAIL:
            raise StepError("the far side does not answer", component=step.component)
        if blow is Blow.REFUSE:
            raise StepRefused("the far side says no", component=step.component)
        if blow is Blow.VANISH:
            _vanish()
        if blow is Blow.ABORT and not await self._world.abort(call.train):
            await _until_cancelled(call, far)


def _made(call: Call[BaseModel]) -> str:
    return artefact(call.train, call.release)


_ABSENT = Observation(presence=Presence.ABSENT)


def _remembered(far: FarSide, call: Call[BaseModel]) -> Observation:
    """Say what the worker remembers of a command that cannot be asked about."""
    ended_well = far.begun.get(call.step.id)
    if ended_well is None:
        return _ABSENT
    if not ended_well:
        detail = "it was begun and may have had its effect"
        return Observation(presence=Presence.ABSENT, detail=detail, uncertain=True)
    return Observation(presence=Presence.PRESENT, found=_made(call))


def _vanish() -> NoReturn:
    """End as a killed worker does: nothing is reported, there are no more signs of life, and the server finds out."""
    activity.raise_complete_async()


async def _until_cancelled(call: Call[BaseModel], far: FarSide) -> None:
    """Wait for the cancellation that an abort brings; say so where it never comes."""
    for _ in range(_LOOKS):
        call.beat()
        await asyncio.sleep(0.2)
    far.complaints.append(f"{call.step.id} was not told that its train was aborted")


def _stand_in(real: type[Actuator[Any]], world: World) -> type[Actuator[Any]]:
    """Make the stand-in of an actuator: what it declares is what the real one declares."""

    def begin(self: StandIn, tools: Tools) -> None:
        StandIn.__init__(self, tools, world)

    declared = {trait: getattr(real, trait) for trait in _TRAITS if hasattr(real, trait)}
    made: type[Actuator[Any]] = type(f"StandInFor{real.__name__}", (StandIn,), {**declared, "__init__": begin})
    return made


__all__ = ["World", "artefact", "is_blind", "standing_in"]
