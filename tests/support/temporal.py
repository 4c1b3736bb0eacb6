"""A stage for trains on a real Temporal server: workers, given plans, and a control."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

from support.patience import PATIENCE
from support.world import Diary, Mark, Noop, Plea, World
from temporalio import activity
from temporalio.client import Client
from temporalio.testing import TimeSkippingConfig, WorkflowEnvironment
from temporalio.worker import Worker

from releasepilot.activities.claims import Claims
from releasepilot.activities.failure import failures_explained
from releasepilot.activities.ledger import Ledger
from releasepilot.activities.outline import outline_of
from releasepilot.activities.steps import PlanShelf, Steps
from releasepilot.activities.windows import Windows
from releasepilot.control import Control
from releasepilot.model.assessment import Assessment
from releasepilot.model.catalog import Catalog, ComponentEntry
from releasepilot.model.gate import Actor
from releasepilot.model.plan import Plan, differences
from releasepilot.model.refusal import Refusal
from releasepilot.model.risk import Risk, RiskLevel
from releasepilot.model.step import Queue
from releasepilot.model.train import Outline, Record, Request
from releasepilot.model.trust import Trust
from releasepilot.model.urgency import Urgency
from releasepilot.model.window import Window
from releasepilot.plugins.registry import Registry
from releasepilot.plugins.spec import Tools
from releasepilot.store.pool import open_pool
from releasepilot.store.read import Reader
from releasepilot.store.write import Writer
from releasepilot.workers import temporal_server
from releasepilot.workers.pool import WORKFLOWS
from releasepilot.workers.refusals import keeping_refusals
from releasepilot.workers.sandbox import runner
from releasepilot.workflows.payloads import DATA_CONVERTER
from releasepilot.workflows.ports import LEASE, Activity, PrepareCall, Standing, StandingCall, task_queue

ACTOR = Actor(account="anna")


@asynccontextmanager
async def skipping_time(folder: Path) -> AsyncIterator[WorkflowEnvironment]:
    """Run a server of its own, on a file in `folder`, on which a workflow's days can pass in a moment."""
    dynamic = ("frontend.WorkflowTimeSkippingEnabled=true", *temporal_server.TUNED)
    async with await WorkflowEnvironment.start_time_skipping_v2(
        # A clock moves when a test says so, and otherwise as every clock.
        ts_config=TimeSkippingConfig(enabled=False),
        dev_server_existing_path=str(temporal_server.program()),
        dev_server_database_filename=str(folder / "skipping.db"),
        dev_server_log_level="error",
        dev_server_extra_args=[word for value in dynamic for word in ("--dynamic-config-value", value)],
        data_converter=DATA_CONVERTER,
    ) as environment:
        yield environment


class GivenPlans:
    """Answers the planning port with plans that a test made, one after the other, the last one for ever."""

    def __init__(self, writer: Writer, reader: Reader) -> None:
        self._writer, self._reader = writer, reader
        self.plans: dict[str, list[Plan]] = {}
        #: Set where planning may begin; a test clears it to have the git workers busy.
        self.free = asyncio.Event()
        self.free.set()
        #: Whose tokens are asked for.
        self.trust: Trust | None = None
        #: The risk of the plans, one after the other, the last one for ever; none where there are none.
        self.risks: list[RiskLevel] = []
        self._seen: list[Plan] = []

    @activity.defn(name=Activity.PREPARE)
    async def prepare(self, call: PrepareCall) -> Outline:
        """Store the next plan of this train's name and outline it."""
        await self.free.wait()
        ledger = self._ledger()
        with failures_explained():
            await ledger.open(call)
            plans = self.plans[call.request.catalog.train]
            plan = plans.pop(0) if len(plans) > 1 else plans[0]
            await ledger.keep(plan)
            before = next((one for one in self._seen if one.digest == call.previous), None)
            self._seen.append(plan)
            changes = differences(before, plan) if before else ()
            return outline_of(plan, call.request, changes, trust=self.trust, assessment=self._assessed())

    @activity.defn(name=Activity.STANDING)
    async def standing(self, call: StandingCall) -> Standing:
        """Say where a train stands, as a ledger does that asks for tokens now."""
        return await self._ledger().standing(call)

    def _ledger(self) -> Ledger:
        return Ledger(self._writer, self._reader, self.trust)

    def _assessed(self) -> Assessment | None:
        if not self.risks:
            return None
        level = self.risks.pop(0) if len(self.risks) > 1 else self.risks[0]
        return Assessment(risk=Risk(level=level, score=0, factors=()))


class GivenClock:
    """The clock of the windows: it begins where a test says when somebody first looks at it, and goes on from there."""

    def __init__(self) -> None:
        self._offset = timedelta()
        self._begins: list[datetime] = []
        self.windows = Windows(self.now)

    def set(self, *moments: datetime) -> None:
        """Be these moments at the next looks: how long a train takes to come to them is not the windows' time."""
        self._begins = list(moments)

    def now(self) -> datetime:
        """Return the time."""
        if self._begins:
            self._offset = self._begins.pop(0) - datetime.now(UTC)
        return datetime.now(UTC) + self._offset


@dataclass
class Stage:
    """A worker, what its steps did, and a control to steer trains with."""

    client: Client
    control: Control
    world: World
    given: GivenPlans
    reader: Reader
    database_url: str
    clock: GivenClock
    #: The workflows of every request that was made.
    workflow_ids: list[str] = field(default_factory=list)

    def request(
        self,
        *plans: Plan,
        confirmed: bool = True,
        account: str = "anna",
        roles: dict[str, tuple[str, ...]] | None = None,
        windows: tuple[Window, ...] = (),
        teams: dict[str, str] | None = None,
        urgency: Urgency = Urgency.NORMAL,
    ) -> Request:
        """Make a request that is planned as given; `teams` are the teams of components."""
        name = plans[0].train
        self.given.plans[name] = list(plans)
        labels = {component: {"team": team} for component, team in (teams or {}).items()}
        catalog = Catalog(
            version=1,
            train=name,
            components=tuple(
                ComponentEntry(name=one.component, repo="/none", labels=labels.get(one.component, {}))
                for one in plans[0].releases
            ),
            gates=plans[0].gates,
            roles=roles or {},
            windows=windows,
        )
        request = Request(
            catalog=catalog,
            date="2026-01-01",
            confirmed=plans[0].digest if confirmed else "",
            requested_by=Actor(account=account),
            urgency=urgency,
        )
        self.workflow_ids.append("train/{}/{}".format(*request.train.split("-")))
        return request

    async def run(self, *plans: Plan, confirmed: bool = True) -> Record:
        """Run a train of these plans to its record."""
        train = await self.control.start(self.request(*plans, confirmed=confirmed))
        return await self.ended(train)

    async def ended(self, train: str) -> Record:
        """Wait for a train's record."""
        async for view in self.control.watch(train):
            last = view
        assert last.record is not None
        return last.record

    async def refused(self, train: str, count: int = 1) -> list[Refusal]:
        """Return what the database has of what was refused, once it is so much: it is written beside the work."""
        async with asyncio.timeout(PATIENCE):
            while True:
                if len(found := await self.reader.refusals(train)) >= count:
                    return found
                await asyncio.sleep(0.05)

    def as_actor(self, account: str) -> Control:
        """Return a control for somebody else."""
        return Control(self.client, self.reader, Actor(account=account))


def train_name() -> str:
    """Return a name that no other test uses."""
    return f"t{uuid4().hex[:8]}"


@asynccontextmanager
async def stage(
    client: Client, database_url: str, folder: Path, *, cached_workflows: int = 0, lease: timedelta = LEASE
) -> AsyncIterator[Stage]:
    """Run a worker on all queues. Without a cache each workflow task replays from the first event."""
    async with open_pool(database_url) as pool, AsyncExitStack() as stack:
        reader, writer = Reader(pool), Writer(pool)
        ledger = Ledger(writer, reader)
        refusals = await stack.enter_async_context(keeping_refusals(ledger))
        given = GivenPlans(writer, reader)
        clock = GivenClock()
        registry = Registry.load(Tools(cache=folder), (Mark, Noop, Diary, Plea))
        shelf = PlanShelf(reader)
        steps = Steps(registry, shelf, reader, lease=lease)
        claims = Claims(client, ledger, shelf, lease)
        for queue in (Queue.ENGINE, Queue.GIT, Queue.DEPLOY):
            await stack.enter_async_context(
                Worker(
                    client,
                    task_queue=task_queue(queue),
                    workflows=list(WORKFLOWS) if queue is Queue.ENGINE else [],
                    activities=[steps.apply, steps.revert]
                    + ([given.prepare] if queue is Queue.GIT else [])
                    + (
                        [ledger.record, given.standing, claims.claim, clock.windows.judge]
                        if queue is Queue.ENGINE
                        else []
                    ),
                    workflow_runner=runner(),
                    interceptors=[refusals] if queue is Queue.ENGINE else [],
                    max_cached_workflows=cached_workflows,
                    build_id="test",
                    max_heartbeat_throttle_interval=timedelta(milliseconds=200),
                )
            )
        yield Stage(
            client,
            Control(client, reader, ACTOR, clock.now),
            World(folder / "world"),
            given,
            reader,
            database_url,
            clock,
        )
