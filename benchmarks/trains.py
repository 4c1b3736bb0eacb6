"""Trains of empty steps and bare workflows of the same shape, on the same worker and server."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.worker import Worker

with workflow.unsafe.imports_passed_through():
    from support.temporal import Stage, stage
    from support.world import plan_of, step

    from releasepilot.control import Servers, dial
    from releasepilot.model.plan import Plan
    from releasepilot.model.step import Queue
    from releasepilot.model.train import Outcome
    from releasepilot.workers.pool import collect_seldom

CAP = 64


@activity.defn
async def nothing(_: str) -> None:
    """Do nothing."""


@workflow.defn
class Bare:
    """As many empty activities as asked for, so many side by side, in one chain a component."""

    @workflow.run
    async def run(self, components: int, steps: int, queue: str) -> None:
        """Run them on a task queue."""
        slots = asyncio.Semaphore(CAP)

        async def chain(index: int) -> None:
            for number in range(steps):
                async with slots:
                    await workflow.execute_activity(
                        nothing,
                        f"c{index}/s{number}",
                        task_queue=queue,
                        start_to_close_timeout=timedelta(seconds=60),
                    )

        await asyncio.gather(*(chain(index) for index in range(components)))


@dataclass
class Bench:
    """Runs either side once and says how many seconds it took, from its start to its result."""

    client: Client
    stage: Stage

    async def bare(self, components: int, steps: int, queue: Queue) -> float:
        """Run the floor."""
        start = time.perf_counter()
        await self.client.execute_workflow(
            Bare.run, args=[components, steps, f"bare-{queue}"], id=uuid4().hex, task_queue=f"bare-{Queue.ENGINE}"
        )
        return time.perf_counter() - start

    async def ours(self, components: int, steps: int, queue: Queue) -> float:
        """Run a train to its record."""
        request = self.stage.request(_plan(components, steps, queue))
        workflow_id = self.stage.workflow_ids[-1]
        start = time.perf_counter()
        train = await self.stage.control.start(request)
        record = await self.client.get_workflow_handle(workflow_id).result()
        taken = time.perf_counter() - start
        if record["outcome"] != Outcome.RELEASED:
            raise RuntimeError(f"{train} ended as {record}")
        return taken


@asynccontextmanager
async def bench(address: str, database: str, folder: Path) -> AsyncIterator[Bench]:
    """Run the workers of both sides."""
    collect_seldom()
    client = await dial(Servers(temporal_address=address, database_url=database))
    with_workflow = Worker(
        client, task_queue=f"bare-{Queue.ENGINE}", workflows=[Bare], activities=[nothing], build_id="bench"
    )
    apart = Worker(client, task_queue=f"bare-{Queue.DEPLOY}", activities=[nothing], build_id="bench")
    async with with_workflow, apart, stage(client, database, folder, cached_workflows=200) as given:
        yield Bench(client, given)


def _plan(components: int, steps: int, queue: Queue) -> Plan:
    names = [f"c{index}" for index in range(components)]
    every = [
        step(name, f"s{number}", *([f"{name}/s{number - 1}"] if number else []), uses="noop", queue=queue)
        for name in names
        for number in range(steps)
    ]
    return plan_of(f"b{uuid4().hex[:8]}", every, dict.fromkeys(names, ()), concurrency=CAP)
