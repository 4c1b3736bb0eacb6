"""Workers as `releasepilot worker` composes them, with given plans and with steps that are marks in a folder."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path

from support.temporal import ACTOR, GivenClock, GivenPlans, Stage
from support.world import Diary, Mark, Noop, World
from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest
from temporalio.client import Client

from releasepilot.control import Control
from releasepilot.model.step import Queue
from releasepilot.store.pool import open_pool
from releasepilot.store.read import Reader
from releasepilot.store.write import Writer
from releasepilot.workers.pool import Posting, workers
from releasepilot.workflows.ports import task_queue


@asynccontextmanager
async def crew(
    client: Client, database_url: str, folder: Path, change: Callable[[Posting], Posting] = lambda posting: posting
) -> AsyncIterator[Stage]:
    """Run the workers of a posting for a block; `change` says in what it is not the usual one."""
    async with open_pool(database_url) as pool, AsyncExitStack() as stack:
        reader = Reader(pool)
        given = GivenPlans(Writer(pool), reader)
        posting = Posting(
            database_url=database_url,
            cache=folder,
            git_timeout=1.0,
            actuators=(Mark, Noop, Diary),
            planner=lambda _ledger, _reader: given,
        )
        for worker in await stack.enter_async_context(workers(client, change(posting))):
            await stack.enter_async_context(worker)
        clock = GivenClock()
        control = Control(client, reader, ACTOR, clock.now)
        yield Stage(client, control, World(folder / "world"), given, reader, database_url, clock)


def limited(slots: dict[Queue, int], rates: dict[Queue, float] | None = None) -> Callable[[Posting], Posting]:
    """Return what gives a posting these limits."""

    def change(posting: Posting) -> Posting:
        return replace(posting, limits=posting.limits.model_copy(update={"slots": slots, "rates": rates or {}}))

    return change


async def backlog(client: Client, queue: Queue, count: int) -> None:
    """Wait until so many steps of a queue wait for a worker."""
    asked = DescribeTaskQueueRequest(
        namespace=client.namespace,
        task_queue=TaskQueue(name=task_queue(queue)),
        task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY,
        report_stats=True,
    )
    async with asyncio.timeout(60):
        while True:
            told = await client.workflow_service.describe_task_queue(asked)
            if told.stats.approximate_backlog_count >= count:
                return
            await asyncio.sleep(0.05)


def begun(history: Iterable[str]) -> list[str]:
    """Return the trains of the steps that diaries tell of, in the order in which they began."""
    return [line.split("/")[0] for line in history if line.endswith("/begun")]


def side_by_side(history: Iterable[str]) -> int:
    """Return how many steps ran at once, at most."""
    running, most = Counter[str](), 0
    for line in history:
        step, _, word = line.rpartition("/")
        running[step] += 1 if word == "begun" else -1
        most = max(most, running.total())
    return most
