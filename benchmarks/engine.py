"""What the engine costs over a bare Temporal workflow with as many empty activities, on the same server."""

from __future__ import annotations

import asyncio
import math
import resource
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

from benchmarks.result import Result

with workflow.unsafe.imports_passed_through():
    from support.temporal import Stage, stage
    from support.world import plan_of, step

    from benchmarks.servers import running_servers
    from releasepilot.control import Servers, dial
    from releasepilot.model.plan import Plan
    from releasepilot.model.step import Queue
    from releasepilot.model.train import Outcome
    from releasepilot.workers.pool import collect_seldom

CAP = 64
STEPS = 4
SIZES = (50, 200, 1000)
ROUNDS = 5


@activity.defn
async def nothing(_: str) -> None:
    """Do nothing."""


@workflow.defn
class Bare:
    """As many empty activities as asked for, so many side by side, in chains of four."""

    @workflow.run
    async def run(self, components: int, queue: str) -> None:
        """Run them on a task queue."""
        slots = asyncio.Semaphore(CAP)

        async def chain(index: int) -> None:
            for number in range(STEPS):
                async with slots:
                    await workflow.execute_activity(
                        nothing,
                        f"c{index}/s{number}",
                        task_queue=queue,
                        start_to_close_timeout=timedelta(seconds=60),
                    )

        await asyncio.gather(*(chain(index) for index in range(components)))


def run() -> list[Result]:
    """Measure throughput against the floor at 200 components, then how it grows."""
    with running_servers() as servers:
        return asyncio.run(_measure(*servers))


async def _measure(address: str, database: str, folder: Path) -> list[Result]:
    collect_seldom()
    client = await dial(Servers(temporal_address=address, database_url=database))
    async with _bench(client, database, folder) as bench:
        rates = [await _against_the_floor(bench, queue) for queue in (Queue.ENGINE, Queue.DEPLOY)]
        sizes = {size: min([await bench.ours(size) for _ in range(ROUNDS if size < 1000 else 1)]) for size in SIZES}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    per_step = ", ".join(f"{size}: {taken / size / STEPS * 1000:.2f} ms" for size, taken in sizes.items())
    return [
        *rates,
        Result(
            name="slope of log time over log size",
            value=_slope(sizes),
            unit="",
            at_most=1.1,
            how=f"per step {per_step}",
        ),
        Result(name="peak memory of worker and client", value=peak, unit="MiB", how=f"after {max(SIZES)} components"),
    ]


async def _against_the_floor(bench: _Bench, queue: Queue) -> Result:
    """Compare steps per second where both sides have their activities on the workflow's queue, or on another.

    On its own queue Temporal hands activities out with the workflow's answer, on another through a poll of their own.
    """
    await bench.ours(20, queue)
    await bench.bare(20, queue)
    floor, ours = [], []
    for _ in range(ROUNDS):
        floor.append(await bench.bare(200, queue))
        ours.append(await bench.ours(200, queue))
    where = "on the workflow's queue" if queue is Queue.ENGINE else "on a queue of their own"
    rates = (200 * STEPS / min(ours), 200 * STEPS / min(floor))
    return Result(
        name=f"engine over bare Temporal, {where}",
        value=rates[0] / rates[1],
        at_least=0.8,
        how=f"{rates[0]:.0f} over {rates[1]:.0f} steps/s, 200 components x {STEPS}, cap {CAP}, best of {ROUNDS}",
    )


@dataclass
class _Bench:
    """Runs either side once and says how long it took."""

    client: Client
    stage: Stage

    async def bare(self, components: int, queue: Queue) -> float:
        """Run the floor; return seconds."""
        start = time.perf_counter()
        await self.client.execute_workflow(
            Bare.run, args=[components, f"bare-{queue}"], id=uuid4().hex, task_queue=f"bare-{Queue.ENGINE}"
        )
        return time.perf_counter() - start

    async def ours(self, components: int, queue: Queue = Queue.DEPLOY) -> float:
        """Run a train; return the seconds from its start to its record."""
        request = self.stage.request(_plan(components, queue))
        start = time.perf_counter()
        train = await self.stage.control.start(request)
        handle = self.client.get_workflow_handle(self.stage.workflow_ids[-1])
        record = await handle.result()
        taken = time.perf_counter() - start
        if record["outcome"] != Outcome.RELEASED:
            raise RuntimeError(f"{train} ended as {record}")
        return taken


@asynccontextmanager
async def _bench(client: Client, database: str, folder: Path) -> AsyncIterator[_Bench]:
    with_workflow = Worker(
        client, task_queue=f"bare-{Queue.ENGINE}", workflows=[Bare], activities=[nothing], build_id="bench"
    )
    apart = Worker(client, task_queue=f"bare-{Queue.DEPLOY}", activities=[nothing], build_id="bench")
    async with with_workflow, apart, stage(client, database, folder, cached_workflows=100) as given:
        yield _Bench(client, given)


def _plan(components: int, queue: Queue) -> Plan:
    names = [f"c{index}" for index in range(components)]
    steps = [
        step(name, f"s{number}", *([f"{name}/s{number - 1}"] if number else []), uses="noop", queue=queue)
        for name in names
        for number in range(STEPS)
    ]
    return plan_of(f"b{uuid4().hex[:8]}", steps, dict.fromkeys(names, ()), concurrency=CAP)


def _slope(sizes: dict[int, float]) -> float:
    """Fit log time over log size by least squares."""
    xs, ys = [math.log(size) for size in sizes], [math.log(taken) for taken in sizes.values()]
    mean_x, mean_y = sum(xs) / len(xs), sum(ys) / len(ys)
    upper = sum((x - mean_x) * (y - mean_y) for x, y in zip(xs, ys, strict=True))
    return upper / sum((x - mean_x) ** 2 for x in xs)
