"""Actuators with real effects for tests: each writes a file, and breaks where a test says so."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from time import monotonic
from typing import Any, ClassVar
from uuid import uuid4

from pydantic import BaseModel, ConfigDict
from support.patience import until

from releasepilot.errors import StepError, StepNotReady, StepRefused
from releasepilot.model.catalog import Author, Ecosystem, OnFailure
from releasepilot.model.gate import ApprovalGate
from releasepilot.model.plan import Plan, Release
from releasepilot.model.receipt import Observation, Presence, Receipt
from releasepilot.model.step import Phase, Queue, SagaClass, Step, Undo
from releasepilot.model.version import Bump
from releasepilot.plugins.spec import Call, Tools


class World:
    """A folder of effects, one file each, and of orders to break."""

    def __init__(self, root: Path) -> None:
        self.effects = root / "effects"
        self.orders = root / "orders"
        self.still = root / "still"
        self.log = root / "log"
        for folder in (self.effects, self.orders, self.still):
            folder.mkdir(parents=True, exist_ok=True)

    def order(self, step: str, what: str) -> None:
        """Have a step break: before, after, refuse, hang, undo; or stand still: hold undo, stand still for TRAIN."""
        (self.orders / step.replace("/", "+")).write_text(what)

    def heal(self, step: str) -> None:
        """Let a step work again."""
        (self.orders / step.replace("/", "+")).unlink(missing_ok=True)

    def ordered(self, step: str) -> str:
        """Return what was ordered for a step."""
        path = self.orders / step.replace("/", "+")
        return path.read_text() if path.exists() else ""

    async def stand_still(self, step: str, what: str) -> None:
        """Go no further while that is ordered, and be seen to stand there."""
        if self.ordered(step) != what:
            return
        stands = self.still / step.replace("/", "+")
        stands.touch()
        try:
            while self.ordered(step) == what:  # noqa: ASYNC110 - a file is watched
                await asyncio.sleep(0.05)
        finally:
            stands.unlink(missing_ok=True)

    async def until_still(self, step: str) -> None:
        """Wait until a step stands still."""
        await until((self.still / step.replace("/", "+")).exists)

    def present(self) -> set[str]:
        """Return the steps whose effect is there."""
        return {path.name.replace("+", "/") for path in self.effects.iterdir()}

    def history(self) -> list[str]:
        """Return what was done and undone, in order: `+step`, `-step`."""
        return self.log.read_text().split() if self.log.exists() else []


class NoConfig(BaseModel):
    """Nothing to say."""

    model_config = ConfigDict(extra="forbid")


async def _ignore_cancellation() -> dict[str, str]:
    ends = monotonic() + 6
    while monotonic() < ends:
        with suppress(asyncio.CancelledError):
            await asyncio.sleep(0.5)
    return {}


async def _never_let_go() -> dict[str, str]:
    while True:
        with suppress(asyncio.CancelledError):
            await asyncio.sleep(3600)


async def _block() -> dict[str, str]:
    time.sleep(3600)  # noqa: ASYNC251 - what no actuator should do
    return {}


async def _leave_a_thread() -> dict[str, str]:
    await asyncio.to_thread(time.sleep, 3600)
    return {}


async def _raise(error: BaseException) -> dict[str, str]:
    raise error


#: What a plugin can do wrong that is no failure which it foresees.
POISON: dict[str, Callable[[], Awaitable[Any]]] = {
    "ignore cancellation": _ignore_cancellation,
    "never let go": _never_let_go,
    "block": _block,
    "leave a thread": _leave_a_thread,
    "never end": lambda: asyncio.sleep(3600, {}),
    "take a while": lambda: asyncio.sleep(2, {}),
    "five megabytes": lambda: asyncio.sleep(0, {"log": uuid4().hex * 160_000}),
    "long error": lambda: _raise(ValueError("no more " * 700_000)),
    "exit": lambda: _raise(SystemExit(3)),
    "interrupt": lambda: _raise(KeyboardInterrupt()),
    "group": lambda: _raise(ExceptionGroup("several", [ValueError("one"), OSError("two")])),
    "surrogate": lambda: _raise(OSError("no such file: \udcff")),
    "cancel itself": lambda: _raise(asyncio.CancelledError()),
    "nonsense": lambda: asyncio.sleep(0, "no notes"),
}


class Mark:
    """Writes a file named after the step."""

    name: ClassVar[str] = "mark"
    Config: ClassVar[type[BaseModel]] = NoConfig
    saga_class: ClassVar[SagaClass] = SagaClass.COMPENSATABLE
    undo: ClassVar[Undo] = Undo.FULL
    queue: ClassVar[Queue] = Queue.DEPLOY
    declarable: ClassVar[bool] = True
    effect: ClassVar[bool] = True

    def __init__(self, tools: Tools) -> None:
        self.world = World(tools.cache / "world")

    def _file(self, call: Call[NoConfig]) -> Path:
        return self.world.effects / call.step.id.replace("/", "+")

    async def observe(self, call: Call[NoConfig]) -> Observation:
        """Look for the file."""
        file = self._file(call)
        if not file.exists():
            return Observation(presence=Presence.ABSENT)
        found = file.read_text()
        presence = Presence.PRESENT if found == call.effect_key else Presence.CONFLICT
        return Observation(presence=presence, found=found)

    async def apply(self, call: Call[NoConfig]) -> dict[str, str]:
        """Write the file, and break as ordered."""
        what = self.world.ordered(call.step.id)
        if what == "before":
            raise StepError("broken before its effect")
        if what == "refuse":
            raise StepRefused("the far side said no")
        if what == "hang":
            await asyncio.sleep(3600)
        self._file(call).write_text(call.effect_key)
        with self.world.log.open("a") as log:
            log.write(f"+{call.step.id}\n")
        if what == "after":
            raise StepRefused("broken after its effect")
        if what in POISON:
            return await POISON[what]()
        return {"file": self._file(call).name}

    async def revert(self, call: Call[NoConfig], receipt: Receipt | None) -> str:
        """Remove the file."""
        if self.world.ordered(call.step.id) == "undo":
            raise StepRefused("it will not go away")
        await self.world.stand_still(call.step.id, "hold undo")
        if self._file(call).exists():
            with self.world.log.open("a") as log:
                log.write(f"-{call.step.id}\n")
        self._file(call).unlink(missing_ok=True)
        return ""


class Diary:
    """Takes a moment, and writes down which train began and ended it."""

    name: ClassVar[str] = "diary"
    Config: ClassVar[type[BaseModel]] = NoConfig
    saga_class: ClassVar[SagaClass] = SagaClass.COMPENSATABLE
    undo: ClassVar[Undo] = Undo.FULL
    queue: ClassVar[Queue] = Queue.DEPLOY
    declarable: ClassVar[bool] = True
    effect: ClassVar[bool] = True

    def __init__(self, tools: Tools) -> None:
        self.world = World(tools.cache / "world")

    async def observe(self, call: Call[NoConfig]) -> Observation:
        """Look for the last word on it; stand still before that where it is ordered."""
        words = self._words(call)
        await self.world.stand_still(call.step.id, f"stand still for {call.train}")
        there = bool(words) and words[-1] == "done"
        return Observation(presence=Presence.PRESENT if there else Presence.ABSENT)

    async def apply(self, call: Call[NoConfig]) -> dict[str, str]:
        """Write that it begins, and a little later, or later where it is ordered, that it is done."""
        self._write(call, "begun")
        await asyncio.sleep(0.3 if self.world.ordered(call.step.id) == "take long" else 0.01)
        self._write(call, "done")
        return {}

    async def revert(self, call: Call[NoConfig], receipt: Receipt | None) -> str:
        """Write that it is undone."""
        await self.world.stand_still(call.step.id, "hold undo")
        self._write(call, "undone")
        return ""

    def _write(self, call: Call[NoConfig], word: str) -> None:
        with self.world.log.open("a") as log:
            log.write(f"{call.train}/{call.step.id}/{word}\n")

    def _words(self, call: Call[NoConfig]) -> list[str]:
        return [line.rpartition("/")[2] for line in self.world.history() if line.startswith(f"{call.effect_key}/")]


class Noop:
    """Has no effect and is always there once applied: what the engine itself costs."""

    name: ClassVar[str] = "noop"
    Config: ClassVar[type[BaseModel]] = NoConfig
    saga_class: ClassVar[SagaClass] = SagaClass.COMPENSATABLE
    undo: ClassVar[Undo] = Undo.FULL
    queue: ClassVar[Queue] = Queue.DEPLOY
    declarable: ClassVar[bool] = True
    effect: ClassVar[bool] = True

    def __init__(self, tools: Tools) -> None:
        self._applied: set[str] = set()

    async def observe(self, call: Call[NoConfig]) -> Observation:
        """Look into this process."""
        there = call.effect_key in self._applied
        return Observation(presence=Presence.PRESENT if there else Presence.ABSENT)

    async def apply(self, call: Call[NoConfig]) -> dict[str, str]:
        """Note it."""
        self._applied.add(call.effect_key)
        return {}

    async def revert(self, call: Call[NoConfig], receipt: Receipt | None) -> str:
        """Forget it."""
        self._applied.discard(call.effect_key)
        return ""


class Plea(Mark):
    """Asks for leave: waits in calm times, and writes the incident into its receipt in an emergency."""

    name: ClassVar[str] = "plea"
    escalates: ClassVar[bool] = True

    async def apply(self, call: Call[NoConfig]) -> dict[str, str]:
        """Wait for ever, in one attempt or in many, or go the way of an emergency."""
        if call.emergency is None:
            if self.world.ordered(call.step.id) == "again":
                raise StepNotReady("nobody has decided", after=0.1)
            with self.world.log.open("a") as log:
                log.write(f"?{call.step.id}\n")
            await asyncio.sleep(3600)
        notes = await super().apply(call)
        return {**notes, "incident": call.emergency.incident if call.emergency else ""}


def step(
    component: str,
    name: str,
    *needs: str,
    uses: str = "mark",
    phase: Phase = Phase.COMMIT,
    saga_class: SagaClass = SagaClass.COMPENSATABLE,
    undo: Undo = Undo.FULL,
    queue: Queue = Queue.DEPLOY,
    attempts: int = 2,
    estimate: int | None = None,
    timeout: int = 60,
) -> Step:
    """Make a step."""
    return Step(
        id=f"{component}/{name}",
        component=component,
        name=name,
        uses=uses,
        saga_class=saga_class,
        undo=undo,
        phase=phase,
        queue=queue,
        needs=needs,
        attempts=attempts,
        timeout=timeout,
        estimate=estimate,
        escalates=uses == Plea.name,
    )


def plan_of(
    train: str,
    steps: list[Step],
    needs: dict[str, tuple[str, ...]],
    *,
    on_failure: OnFailure = OnFailure.ROLLBACK_ALL,
    gates: tuple[ApprovalGate, ...] = (),
    concurrency: int = 8,
    version: str = "1.0.0",
    shared: str = "",
) -> Plan:
    """Make a plan of bare steps, whose components need each other as told; with `shared` other trains have them too."""
    releases = tuple(
        Release(
            component=name,
            repo=f"/none/{shared or train}/{name}",
            path=".",
            branch="main",
            head="0" * 40,
            ecosystem=Ecosystem.GENERIC,
            package=name,
            from_version=None,
            to_version=version,
            bump=Bump.MINOR,
            from_tag=None,
            tag=f"v{version}",
            author=Author(),
            reasons=(),
            needs=needs[name],
            changelog="",
        )
        for name in needs
    )
    return Plan(
        train=train,
        date="2026-01-01",
        on_failure=on_failure,
        concurrency=concurrency,
        releases=releases,
        steps=tuple(steps),
        gates=gates,
    )


def installed(folder: Path) -> Path:
    """Write what makes `Mark` an installed package, and return the folder that belongs on the path."""
    about = folder / "mark_actuator-1.0.dist-info"
    about.mkdir(parents=True)
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: mark-actuator\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text("[releasepilot.actuators]\nmark = support.world:Mark\n")
    return folder
