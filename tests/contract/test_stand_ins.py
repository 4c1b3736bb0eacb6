"""Whatever stands in for an actuator in a simulation keeps the contract that the actuator keeps."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import pytest
from pydantic import JsonValue
from support.calls import TRAIN, a_call, a_release
from support.remotes import make_remote

from releasepilot.model.step import Undo
from releasepilot.plugins.builtin.exec import Exec
from releasepilot.plugins.builtin.git import GitPublish, GitStage
from releasepilot.plugins.builtin.verify import Verify
from releasepilot.plugins.contract import ActuatorContract, Scene
from releasepilot.plugins.registry import Registry
from releasepilot.plugins.spec import Actuator, Tools
from releasepilot.simulate.far_side import FarSide
from releasepilot.simulate.faults import Case
from releasepilot.simulate.stand_in import World, standing_in

_SEEN: dict[str, JsonValue] = {"apply": ["true"], "observe": ["true"], "revert": ["true"]}


def _scene(folder: Path, real: type[Actuator[Any]], config: dict[str, JsonValue], undo: Undo | None = None) -> Scene:
    world = World()
    far = world.far_sides[TRAIN] = FarSide(case=Case())
    registry = standing_in(Registry([real], Tools(cache=folder)), world)
    call = a_call(real, a_release(make_remote(folder / "api.git")), config)
    call = replace(call, step=call.step.model_copy(update={"undo": undo or real.undo, "effect": real.effect}))
    name = call.step.id
    return Scene(
        actuator=registry.actuator(real.name),
        call=call,
        effects=lambda: far.applied[name] if name in far.held else 0,
        clash=(lambda: far.held.update({name: "somebody else's"})) if real.effect else None,
    )


class TestStaging(ActuatorContract):
    """For `git.stage`."""

    def scene(self, folder: Path) -> Scene:
        """Nothing is staged."""
        return _scene(folder, GitStage, {})


class TestPublication(ActuatorContract):
    """For `git.publish`: its revert leaves a trace, and no effect."""

    def scene(self, folder: Path) -> Scene:
        """Nothing is published."""
        return _scene(folder, GitPublish, {})


class TestCheck(ActuatorContract):
    """For `verify`, which only looks."""

    def scene(self, folder: Path) -> Scene:
        """Nothing was verified."""
        return _scene(folder, Verify, {"command": ["true"]})


class TestCommand(ActuatorContract):
    """For `exec` with an undo that leaves nothing."""

    undo: ClassVar[Undo] = Undo.FULL

    def scene(self, folder: Path) -> Scene:
        """Nothing was run."""
        return _scene(folder, Exec, _SEEN, self.undo)


class TestCommandForAWhile(TestCommand):
    """What can be taken back for some time only."""

    undo: ClassVar[Undo] = Undo.WINDOW


class TestYank(TestCommand):
    """What is yanked stays where it is."""

    undo: ClassVar[Undo] = Undo.YANK
    leaves_nothing: ClassVar[bool] = False


class TestDeprecation(TestYank):
    """What is deprecated stays where it is."""

    undo: ClassVar[Undo] = Undo.DEPRECATE


class TestForGood(TestYank):
    """What cannot be undone stays, and the revert says so."""

    undo: ClassVar[Undo] = Undo.NONE


class TestCommandThatNobodyCanLookAt(ActuatorContract):
    """Without `observe` the worker remembers."""

    def scene(self, folder: Path) -> Scene:
        """Nothing was run."""
        return _scene(folder, Exec, {"apply": ["true"], "revert": ["true"]})


def test_a_stand_in_declares_what_its_actuator_declares(tmp_path: Path) -> None:
    """Of every installed actuator: name, class, undo, queue, effect, and whether it is prior or patient."""
    real = Registry.load(Tools(cache=tmp_path))
    stand_ins = standing_in(real, World())
    assert stand_ins.traits() == real.traits()
    assert stand_ins.schemas() == real.schemas()
    assert stand_ins.actuator("exec") is not real.actuator("exec")


def test_a_train_that_is_not_simulated_has_no_far_side() -> None:
    """A mistake of the harness is not taken for an empty world."""
    with pytest.raises(KeyError):
        World().of("unknown")
