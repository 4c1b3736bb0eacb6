"""What the engine costs over a bare Temporal workflow with as many empty activities, on the same server."""

from __future__ import annotations

import asyncio
import math
import resource

from benchmarks.result import Result
from benchmarks.servers import Running, running_servers
from benchmarks.trains import CAP, Bench, bench
from releasepilot.model.step import Queue

STEPS = 4
SIZES = (50, 200, 1000)
ROUNDS = 5


def run() -> list[Result]:
    """Measure throughput against the floor at 200 components, then how it grows."""
    with running_servers() as servers:
        return asyncio.run(_measure(servers))


async def _measure(servers: Running) -> list[Result]:
    async with bench(*servers) as both:
        rates = [await _against_the_floor(both, queue) for queue in (Queue.ENGINE, Queue.DEPLOY)]
        sizes = {
            size: min([await both.ours(size, STEPS, Queue.DEPLOY) for _ in range(3 if size < 1000 else 1)])
            for size in SIZES
        }
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


async def _against_the_floor(both: Bench, queue: Queue) -> Result:
    """Compare steps per second where both sides have their activities on the workflow's queue, or on another.

    On its own queue Temporal hands activities out with the workflow's answer, on another through a poll of their own.
    """
    await both.ours(20, STEPS, queue)
    await both.bare(20, STEPS, queue)
    floor, ours = [], []
    for _ in range(ROUNDS):
        floor.append(await both.bare(200, STEPS, queue))
        ours.append(await both.ours(200, STEPS, queue))
    where = "on the workflow's queue" if queue is Queue.ENGINE else "on a queue of their own"
    rates = (200 * STEPS / min(ours), 200 * STEPS / min(floor))
    return Result(
        name=f"engine over bare Temporal, {where}",
        value=rates[0] / rates[1],
        at_least=0.8,
        how=f"{rates[0]:.0f} over {rates[1]:.0f} steps/s, 200 components x {STEPS}, cap {CAP}, best of {ROUNDS}",
    )


def _slope(sizes: dict[int, float]) -> float:
    """Fit log time over log size by least squares."""
    xs, ys = [math.log(size) for size in sizes], [math.log(taken) for taken in sizes.values()]
    mean_x, mean_y = sum(xs) / len(xs), sum(ys) / len(ys)
    upper = sum((x - mean_x) * (y - mean_y) for x, y in zip(xs, ys, strict=True))
    return upper / sum((x - mean_x) ** 2 for x in xs)
