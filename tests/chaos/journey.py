"""One train under chaos: started, steered, and held against the promise when it has ended."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from random import Random
from typing import TypeVar

import psycopg
from chaos.far_side import MIA, FarSide
from psycopg_pool import PoolTimeout
from support.trains import ANNA, DATE
from temporalio.client import Client
from temporalio.service import RPCError

from releasepilot.control import Control
from releasepilot.errors import ControlError, StackError, TrainUnknown
from releasepilot.graph.planner import make_plan
from releasepilot.model.event import EventType
from releasepilot.model.gate import Decision
from releasepilot.model.plan import Plan
from releasepilot.model.step import StepStatus
from releasepilot.model.train import Outcome, Record, TrainPhase, request_of
from releasepilot.plugins.registry import Registry
from releasepilot.plugins.spec import Tools
from releasepilot.repositories.snapshot import take_snapshot
from releasepilot.store.read import Reader

_GivenT = TypeVar("_GivenT")

#: What servers that are away look like from here.
AWAY = (StackError, RPCError, psycopg.Error, PoolTimeout, OSError)


class Course(StrEnum):
    """What people do with a train."""

    PLAIN = "released"
    GATED = "approved, then released"
    REFUSED = "its last registry refuses"
    ABORTED = "aborted on its way"
    PAUSED = "paused and resumed"
    ROLLED_BACK = "rolled back after its end"


@dataclass
class Journey:
    """A train, what it acts on, and which commands were acknowledged."""

    far_side: FarSide
    course: Course
    client: Client
    reader: Reader
    random: Random
    #: The events that acknowledged commands have to leave.
    acknowledged: list[EventType] = field(default_factory=list)

    async def run(self, folder: Path) -> tuple[Plan, Record]:
        """Take the train through its course; return its plan and its record."""
        registry = Registry.load(Tools(cache=folder))
        catalog = self.far_side.catalog
        snapshot = await take_snapshot(catalog, folder / "planning")
        plan = make_plan(snapshot, request_of(catalog, registry.traits(), date=DATE, actor=ANNA))
        request = request_of(catalog, registry.traits(), date=DATE, actor=ANNA, confirmed=plan.digest)
        anna, mia = Control(self.client, self.reader, ANNA), Control(self.client, self.reader, MIA)
        train = await persistently(lambda: anna.start(request))
        if self.course is Course.GATED:
            await self._until(train, lambda phase: phase is TrainPhase.WAITING)
            await self._said(EventType.GATE_VOTED, lambda: mia.decide(train, Decision.APPROVE))
        if self.course is Course.PAUSED:
            await self._until(train, lambda phase: phase is not TrainPhase.PLANNING)
            await self._said(EventType.TRAIN_PAUSED, lambda: anna.pause(train))
            await asyncio.sleep(self.random.uniform(0, 2))
            await self._said(EventType.TRAIN_RESUMED, lambda: anna.resume(train))
        if self.course is Course.ABORTED:
            await self._until(train, lambda phase: phase is not TrainPhase.PLANNING)
            await asyncio.sleep(self.random.uniform(0, 3))
            await self._said(EventType.TRAIN_ABORTED, lambda: anna.abort(train))
        record = await self._ended(train)
        if self.course is Course.ROLLED_BACK and record.outcome is Outcome.RELEASED:
            await self._said(EventType.ROLLBACK_STARTED, lambda: anna.rollback(train))
            await persistently(lambda: anna.rolled_back(train))
            record = await self._ended(train)
        await self._hold(train, plan, record)
        return plan, record

    async def _said(self, event: EventType, command: Callable[[], Awaitable[object]]) -> None:
        """Send a command until it is acknowledged, or refused because the train has moved on."""
        try:
            await persistently(command)
        except ControlError:
            return
        self.acknowledged.append(event)

    async def _until(self, train: str, reached: Callable[[TrainPhase], bool]) -> None:
        async def look() -> TrainPhase:
            return (await self.reader.train(train)).phase

        while True:
            try:
                if reached(await persistently(look)):
                    return
            except TrainUnknown:
                pass
            await asyncio.sleep(0.1)

    async def _ended(self, train: str) -> Record:
        await self._until(train, lambda phase: phase is TrainPhase.ENDED)
        row = await persistently(lambda: self.reader.train(train))
        assert row.record is not None
        return row.record

    async def _hold(self, train: str, plan: Plan, record: Record) -> None:
        """Hold the record against the repositories and the registry, the ledger against both, and the commands too."""
        steps = {step.id: step.status for step in await persistently(lambda: self.reader.steps(train))}
        assert set(steps) == {step.id for step in plan.steps}
        unresolved = [left for left in record.residue if left.unresolved]
        assert not unresolved, unresolved
        if record.outcome is Outcome.RELEASED:
            self.far_side.assert_released(plan)
            assert set(steps.values()) == {StepStatus.DONE}
        else:
            assert record.outcome in {Outcome.ROLLED_BACK, Outcome.REJECTED}, record
            self.far_side.assert_taken_back()
            assert StepStatus.DONE not in [steps[step.id] for step in plan.steps if step.effect], steps
        if self.course in {Course.REFUSED, Course.ABORTED, Course.ROLLED_BACK} and (
            self.course is Course.REFUSED or self.acknowledged
        ):
            assert record.outcome is not Outcome.RELEASED, f"{self.course}, and it was released"
        happened = [event.type for event in await persistently(lambda: self.reader.events(train))]
        lost = [event for event in self.acknowledged if event not in happened]
        assert not lost, f"acknowledged, and not in the ledger: {lost}"


async def persistently(ask: Callable[[], Awaitable[_GivenT]]) -> _GivenT:
    """Ask until there is an answer, whatever is away meanwhile."""
    while True:
        try:
            return await ask()
        except AWAY:
            await asyncio.sleep(0.2)
