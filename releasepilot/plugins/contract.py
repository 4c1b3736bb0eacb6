"""The test kit that every actuator must pass: subclass `ActuatorContract` in a pytest module and describe a scene.

    class TestDeploy(ActuatorContract):
        def scene(self, folder):
            server = start_server(folder)
            deploy = Deploy(Tools(cache=folder))
            return Scene(actuator=deploy, call=a_call(server.url), effects=server.count, clash=server.occupy)

The kit drives the actuator as the engine does: observe, apply, observe.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar
from unittest import SkipTest

from releasepilot.errors import StepConflict, StepUnconverged
from releasepilot.model.receipt import Observation, Presence, Receipt
from releasepilot.plugins.spec import Actuator, Call


@dataclass(frozen=True, kw_only=True)
class Scene:
    """A fresh world for one test: the actuator, one call of it, and a look at the world from outside."""

    actuator: Actuator[Any]
    call: Call[Any]
    #: How often the effect is in the world now: 0 before, 1 after, always 0 for a check. It must not ask the actuator.
    effects: Callable[[], int]
    #: Puts a different artefact under the call's name. None where names and artefacts are one, as for a wait.
    clash: Callable[[], object] | None = None


async def perform(scene: Scene) -> Receipt:
    """Do what the engine does: observe, apply where it is absent, observe again. A check is applied each time.

    Raises `StepConflict` where something else is there, `StepUnconverged` where the effect cannot be seen afterwards.
    """
    if scene.actuator.effect:
        before = await _observed(scene)
        if before.presence is Presence.PRESENT:
            return _receipt(scene, before, {})
    notes = await scene.actuator.apply(scene.call)
    after = await _observed(scene)
    if after.presence is not Presence.PRESENT:
        raise StepUnconverged(f"{scene.call.effect_key} was applied but cannot be observed", component="")
    return _receipt(scene, after, notes)


class ActuatorContract(ABC):
    """The promises of an actuator. pytest runs them in a subclass whose name begins with `Test`."""

    #: Whether the effect can be taken back entirely, so that nothing is observed afterwards.
    leaves_nothing: ClassVar[bool] = True

    @abstractmethod
    def scene(self, folder: Path) -> Scene:
        """Build a fresh world in an empty folder: the effect is absent."""

    def _with_effect(self, folder: Path) -> Scene:
        """Build the scene, and skip the test where the actuator is a check: it has nothing to take back."""
        scene = self.scene(folder)
        if not scene.actuator.effect:
            raise SkipTest("a check changes nothing")
        return scene

    def test_it_is_absent_at_first(self, tmp_path: Path) -> None:
        """Observing an untouched world says absent and changes nothing."""
        scene = self._with_effect(tmp_path)
        seen = asyncio.run(_twice(scene))
        _expect([one.presence for one in seen] == [Presence.ABSENT] * 2, f"expected absent, observed {seen}")
        _expect(scene.effects() == 0, "observing had an effect")

    def test_observe_after_apply_says_present(self, tmp_path: Path) -> None:
        """What was applied is observed, with something found."""
        scene = self.scene(tmp_path)
        receipt = asyncio.run(perform(scene))
        _expect(bool(receipt.found), "the observation does not say what it found")
        _expect_one(scene)

    def test_apply_twice_is_one_effect(self, tmp_path: Path) -> None:
        """Performing a step again adopts what is there."""
        scene = self.scene(tmp_path)

        async def twice() -> tuple[Receipt, Receipt]:
            return await perform(scene), await perform(scene)

        first, second = asyncio.run(twice())
        _expect(first.found == second.found, f"found {second.found!r} after {first.found!r}")
        _expect_one(scene)

    def test_a_different_artefact_is_a_conflict(self, tmp_path: Path) -> None:
        """What somebody else put under the same name is refused and left alone."""
        scene = self.scene(tmp_path)
        if scene.clash is None:
            raise SkipTest("this actuator's effect has no name that something else could take")
        scene.clash()
        before = scene.effects()
        try:
            asyncio.run(perform(scene))
        except StepConflict:
            _expect(scene.effects() == before, "the conflict was refused, but the world changed")
        else:
            raise AssertionError("a different artefact was adopted or overwritten")

    def test_a_lost_reply_loses_nothing(self, tmp_path: Path) -> None:
        """A crash between the effect and the reply: the next attempt sees the effect and makes no second one."""
        scene = self.scene(tmp_path)

        async def crash_then_retry() -> tuple[Observation, Receipt]:
            await scene.actuator.apply(scene.call)
            return await scene.actuator.observe(scene.call), await perform(scene)

        seen, receipt = asyncio.run(crash_then_retry())
        _expect(seen.presence is Presence.PRESENT, f"the effect is not seen after the lost reply: {seen}")
        _expect(bool(receipt.found), "the adopted effect has no description")
        _expect_one(scene)

    def test_revert_after_revert_is_fine(self, tmp_path: Path) -> None:
        """Taking it back twice is the same as once, and says the same of what stays."""
        scene = self._with_effect(tmp_path)

        async def there_and_back() -> tuple[str, str, Observation]:
            receipt = await perform(scene)
            first = await scene.actuator.revert(scene.call, receipt)
            return first, await scene.actuator.revert(scene.call, receipt), await scene.actuator.observe(scene.call)

        first, second, seen = asyncio.run(there_and_back())
        _expect(first == second, f"the second revert says {second!r} stays, the first said {first!r}")
        if self.leaves_nothing:
            _expect(seen.presence is Presence.ABSENT, f"after the revert it is still observed: {seen}")
            _expect(scene.effects() == 0, f"{scene.effects()} effects are left")

    def test_revert_without_effect_is_fine(self, tmp_path: Path) -> None:
        """A step that may have run, but did not, can be reverted without a receipt."""
        scene = self._with_effect(tmp_path)
        stays = asyncio.run(scene.actuator.revert(scene.call, None))
        _expect(not stays, f"nothing was done, but {stays!r} is said to stay")
        _expect(scene.effects() == 0, "the revert had an effect")

    def test_a_revert_without_receipt_takes_it_back(self, tmp_path: Path) -> None:
        """A crash between the effect and the reply, then a rollback: the receipt never came, the effect goes."""
        scene = self._with_effect(tmp_path)

        async def crash_then_revert() -> Observation:
            await scene.actuator.apply(scene.call)
            await scene.actuator.revert(scene.call, None)
            return await scene.actuator.observe(scene.call)

        seen = asyncio.run(crash_then_revert())
        if self.leaves_nothing:
            _expect(seen.presence is Presence.ABSENT, f"after the revert it is still observed: {seen}")
            _expect(scene.effects() == 0, f"{scene.effects()} effects are left")


async def _twice(scene: Scene) -> list[Observation]:
    return [await scene.actuator.observe(scene.call), await scene.actuator.observe(scene.call)]


async def _observed(scene: Scene) -> Observation:
    seen = await scene.actuator.observe(scene.call)
    if seen.presence is Presence.CONFLICT:
        raise StepConflict(seen.detail, component=scene.call.release.component)
    return seen


def _receipt(scene: Scene, seen: Observation, notes: dict[str, str]) -> Receipt:
    call = scene.call
    return Receipt(step=call.step.id, effect_key=call.effect_key, found=seen.found, notes=notes)


def _expect_one(scene: Scene) -> None:
    """Count the effects: one, or none for a check."""
    expected = 1 if scene.actuator.effect else 0
    _expect(scene.effects() == expected, f"there are {scene.effects()} effects, not {expected}")


def _expect(holds: bool, message: str) -> None:
    """Fail the test with a message that says what the actuator did."""
    if not holds:
        raise AssertionError(message)
