"""The composition root: builds what activities need, and one Temporal worker per task queue."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, Protocol

from temporalio.client import Client
from temporalio.common import VersioningBehavior, WorkerDeploymentVersion
from temporalio.worker import Worker, WorkerDeploymentConfig

from releasepilot import __version__
from releasepilot.activities.claims import Claims
from releasepilot.activities.discretion import DiscreetHeartbeats
from releasepilot.activities.ledger import Ledger
from releasepilot.activities.planning import Planning
from releasepilot.activities.steps import PlanShelf, Steps
from releasepilot.activities.windows import Windows
from releasepilot.governance.tokens import check_keys
from releasepilot.model.limits import Limits
from releasepilot.model.step import Queue
from releasepilot.model.train import Outline
from releasepilot.model.trust import Trust
from releasepilot.plugins.registry import Registry
from releasepilot.plugins.secrets.keeper import Secrets
from releasepilot.plugins.spec import Tools
from releasepilot.store.pool import open_pool
from releasepilot.store.read import Reader
from releasepilot.store.write import Writer
from releasepilot.workers.ending import Underway
from releasepilot.workers.refusals import RefusalKeeper, keeping_refusals
from releasepilot.workers.sandbox import runner
from releasepilot.workflows.ports import PrepareCall, task_queue
from releasepilot.workflows.review import ReviewWorkflow
from releasepilot.workflows.rollback import RollbackWorkflow
from releasepilot.workflows.scheduled import ScheduledWorkflow
from releasepilot.workflows.train import TrainWorkflow

#: What Temporal calls all builds of our workers together.
DEPLOYMENT: Final = "releasepilot"
WORKFLOWS: tuple[type, ...] = (TrainWorkflow, RollbackWorkflow, ReviewWorkflow, ScheduledWorkflow)

#: Objects that are made before the collector looks for cycles again. Our values are frozen and have none, and most of
#: what it would walk at Python's own 700 is a cached workflow.
_COLLECT_AFTER = 20_000
#: Finish what runs for so long when told to end; then it is cancelled, and another worker takes it up.
GRACE: Final = timedelta(seconds=20)
#: Cancellations reach an activity with its next sign of life, which is sent at most so often.
_THROTTLE = timedelta(seconds=1)


class Planner(Protocol):
    """Answers the activity that plans; `Planning` is one."""

    async def prepare(self, call: PrepareCall, /) -> Outline:
        """Open the train, store its plan and outline it."""


@dataclass(frozen=True, kw_only=True)
class Posting:
    """What one worker process is given to work with."""

    database_url: str
    cache: Path
    git_timeout: float
    queues: tuple[Queue, ...] = tuple(Queue)
    #: Actuators beside the installed ones.
    actuators: tuple[type, ...] = ()
    #: How many steps run side by side, and how many begin in a second.
    limits: Limits = field(default_factory=Limits)
    #: How long steps may run on when told to end.
    grace: timedelta = GRACE
    #: Says what runs now.
    underway: Underway = field(default_factory=Underway)
    #: Workflows that stay in memory; 0 replays each task from its first event.
    cached_workflows: int = 200
    #: The build that is run here, where trains stay with the one that they began on; empty where any worker will do.
    build: str = ""
    #: The clock of windows and rules; it gives moments with their zone.
    now: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))
    #: Whose tokens are asked for; None where the account of the operating system is enough.
    trust: Trust | None = None
    #: What steps are done with; None is what is installed, with `actuators`.
    registry: Registry | None = None
    #: Who plans; None reads the repositories.
    planner: Callable[[Ledger, Reader], Planner] | None = None
    #: Which references to secrets are resolved, and how.
    secrets: Secrets = field(default_factory=Secrets)


@dataclass(frozen=True, kw_only=True)
class _Hands:
    """The objects whose methods are the activities."""

    steps: Steps
    planning: Planner
    ledger: Ledger
    claims: Claims
    windows: Windows
    refusals: RefusalKeeper


@asynccontextmanager
async def workers(client: Client, posting: Posting) -> AsyncIterator[Sequence[Worker]]:
    """Build the workers of a posting, not yet running, with what they need held open."""
    collect_seldom()
    async with AsyncExitStack() as stack:
        pool = await stack.enter_async_context(open_pool(posting.database_url))
        reader = Reader(pool)
        if posting.trust is not None:
            check_keys(posting.trust)
        ledger = Ledger(Writer(pool), reader, posting.trust)
        tools = Tools(cache=posting.cache, git_timeout=posting.git_timeout)
        shelf = PlanShelf(reader)
        hands = _Hands(
            steps=Steps(posting.registry or Registry.load(tools, posting.actuators), shelf, reader, posting.secrets),
            planning=_planner(posting, ledger, reader),
            ledger=ledger,
            claims=Claims(client, ledger, shelf),
            windows=Windows(posting.now),
            refusals=await stack.enter_async_context(keeping_refusals(ledger)),
        )
        yield [_worker(client, posting, queue, hands) for queue in posting.queues]


def _planner(posting: Posting, ledger: Ledger, reader: Reader) -> Planner:
    if posting.planner is not None:
        return posting.planner(ledger, reader)
    return Planning(
        ledger,
        reader,
        cache=posting.cache,
        git_timeout=posting.git_timeout,
        trust=posting.trust,
        now=posting.now,
    )


async def work(client: Client, posting: Posting, *, until: asyncio.Event, ready: Callable[[], None]) -> None:
    """Run the workers of a posting until told to end; finish what runs first, within the grace, on all queues at once.

    What goes on after that, although it was cancelled, holds this up; `ending` says what to do about it.
    """
    async with workers(client, posting) as crew, AsyncExitStack() as stack:
        for worker in crew:
            await stack.enter_async_context(worker)
        ready()
        await until.wait()
        await asyncio.gather(*(worker.shutdown() for worker in crew))


def collect_seldom() -> None:
    """Let Python look for cycles less often in this process."""
    gc.set_threshold(_COLLECT_AFTER, 10, 10)


def _worker(client: Client, posting: Posting, queue: Queue, hands: _Hands) -> Worker:
    activities: list[Callable[..., Any]] = [hands.steps.apply, hands.steps.revert]
    activities += [hands.planning.prepare] if queue is Queue.GIT else []
    if queue is Queue.ENGINE:
        activities += [hands.ledger.record, hands.ledger.standing, hands.claims.claim, hands.windows.judge]
    return Worker(
        client,
        task_queue=task_queue(queue),
        activities=activities,
        workflows=list(WORKFLOWS) if queue is Queue.ENGINE else [],
        workflow_runner=runner(),
        interceptors=[
            posting.underway,
            DiscreetHeartbeats(posting.secrets),
            *([hands.refusals] if queue is Queue.ENGINE else []),
        ],
        max_concurrent_activities=posting.limits.slots_of(queue),
        max_task_queue_activities_per_second=posting.limits.rates.get(queue),
        # What is handed out with the answer of a workflow is not counted.
        disable_eager_activity_execution=queue in posting.limits.rates,
        max_cached_workflows=posting.cached_workflows,
        graceful_shutdown_timeout=posting.grace,
        max_heartbeat_throttle_interval=_THROTTLE,
        default_heartbeat_throttle_interval=_THROTTLE,
        # An explicit build id also spares the worker from hashing every loaded module.
        deployment_config=WorkerDeploymentConfig(
            version=WorkerDeploymentVersion(DEPLOYMENT, posting.build or __version__),
            use_worker_versioning=bool(posting.build),
            default_versioning_behavior=VersioningBehavior.PINNED if posting.build else VersioningBehavior.UNSPECIFIED,
        ),
    )
