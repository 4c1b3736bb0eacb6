"""What size costs: eight thousand steps in one train, and two hundred trains at once."""

from __future__ import annotations

import asyncio
import resource
import time
from collections.abc import Awaitable, Callable

from temporalio.client import Client

from benchmarks.result import Result
from benchmarks.servers import Running, running_servers
from benchmarks.trains import bench
from releasepilot.model.step import Queue

STEPS = 8
SMALL, LARGE = 50, 1000
#: Events after which Temporal suggests that a workflow continues as a new run, by its default.
SUGGESTED = 4096
TRAINS, COMPONENTS, TRAIN_STEPS = 200, 10, 4
ROUNDS = 3


def run() -> list[Result]:
    """Run one large train, then many small ones beside as many bare workflows."""
    with running_servers() as servers:
        return [*asyncio.run(_one_large(servers)), *asyncio.run(_many(servers))]


async def _one_large(servers: Running) -> list[Result]:
    async with bench(*servers) as both:
        await both.ours(20, STEPS, Queue.DEPLOY)
        # Small ones before and after, because the machine is not the same for a minute.
        small = [await both.ours(SMALL, STEPS, Queue.DEPLOY) for _ in range(ROUNDS)]
        large = await both.ours(LARGE, STEPS, Queue.DEPLOY)
        workflow_id = both.stage.workflow_ids[-1]
        small += [await both.ours(SMALL, STEPS, Queue.DEPLOY) for _ in range(ROUNDS)]
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        runs = await _runs(both.client, workflow_id)
    per_step = [taken / size / STEPS * 1000 for taken, size in ((sum(small) / len(small), SMALL), (large, LARGE))]
    events, bytes_ = max(length for length, _ in runs), max(size for _, size in runs)
    return [
        Result(
            name=f"time per step at {LARGE} components over {SMALL}",
            value=per_step[1] / per_step[0],
            at_most=1.2,
            how=f"{per_step[1]:.2f} ms over {per_step[0]:.2f} ms, {STEPS} steps each",
        ),
        Result(
            name="peak memory of worker and client",
            value=peak,
            unit="MiB",
            at_most=400,
            how=f"after {LARGE * STEPS} steps",
        ),
        Result(
            name="longest history over what Temporal suggests",
            value=events / SUGGESTED,
            # The steps that run when it is suggested still come to their end in the same run.
            at_most=1.1,
            how=f"{events} events, {len(runs)} runs",
        ),
        Result(name="largest payload", value=bytes_ / 1024, unit="KiB", at_most=512, how="Temporal warns from 512 KiB"),
    ]


async def _runs(client: Client, workflow_id: str) -> list[tuple[int, int]]:
    """Return of each run of a workflow how many events it has, and the bytes of its largest one."""
    found = []
    async for execution in client.list_workflows(f"WorkflowId = '{workflow_id}'"):
        history = await client.get_workflow_handle(workflow_id, run_id=execution.run_id).fetch_history()
        found.append((len(history.events), max(event.ByteSize() for event in history.events)))
    return found


async def _many(servers: Running) -> list[Result]:
    async with bench(*servers) as both:
        await _at_once(both.ours)
        await _at_once(both.bare)
        floor, ours = [], []
        for _ in range(ROUNDS):
            floor.append(await _at_once(both.bare))
            ours.append(await _at_once(both.ours))
    wall, p95 = min(ours)
    bare_wall, bare_p95 = min(floor)
    every = TRAINS * COMPONENTS * TRAIN_STEPS
    return [
        Result(
            name=f"steps per second of {TRAINS} trains at once, over bare",
            value=bare_wall / wall,
            at_least=0.7,
            how=f"{every / wall:.0f} over {every / bare_wall:.0f}; {COMPONENTS} components x {TRAIN_STEPS}",
        ),
        Result(
            name="p95 of their time to the record, over bare",
            value=p95 / bare_p95,
            how=f"{p95:.2f} s over {bare_p95:.2f} s",
        ),
    ]


async def _at_once(one: Callable[[int, int, Queue], Awaitable[float]]) -> tuple[float, float]:
    """Run them all at once; return the seconds until the last has ended, and the 95th percentile of each one's."""
    begun = time.perf_counter()
    taken = sorted(await asyncio.gather(*(one(COMPONENTS, TRAIN_STEPS, Queue.DEPLOY) for _ in range(TRAINS))))
    return time.perf_counter() - begun, taken[int(len(taken) * 0.95)]
