"""Rehearsals: real trains on servers of their own, one for each case, over far sides in memory."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from uuid import uuid4

from temporalio import activity
from temporalio.client import Client, WorkflowFailureError
from temporalio.testing import TimeSkipper

from releasepilot.activities.failure import failures_explained
from releasepilot.activities.ledger import Ledger
from releasepilot.activities.outline import outline_of
from releasepilot.control import Control, Servers, dial, silent_runtime
from releasepilot.errors import ControlError, PlanError
from releasepilot.model.gate import Actor
from releasepilot.model.plan import Plan
from releasepilot.model.train import Outcome, Outline, Record, Request
from releasepilot.plugins.registry import Registry
from releasepilot.simulate.far_side import FarSide
from releasepilot.simulate.faults import Case
from releasepilot.simulate.promise import Ending, violations
from releasepilot.simulate.result import CaseResult
from releasepilot.simulate.stand_in import World, artefact, is_blind, standing_in
from releasepilot.store.migrate import migrate
from releasepilot.store.pool import open_pool
from releasepilot.store.read import Reader
from releasepilot.workers.pool import Posting, workers
from releasepilot.workers.throwaway import running_postgres, running_temporal
from releasepilot.workflows.ports import Activity, PrepareCall, train_workflow_id
from releasepilot.workflows.train import TrainWorkflow

_SKIPPING: Final = "frontend.WorkflowTimeSkippingEnabled=true"
#: What is lost with the machine is of no use without it.
_FORGETFUL: Final = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")
#: How many trains run side by side: a train whose worker was killed waits for ten real seconds, and the others go on.
_SIDE_BY_SIDE: Final = 24
#: Real seconds after which a train is said never to end.
_PATIENCE: Final = 900.0
_ACTOR: Final = Actor(account="simulation")
#: Ends after which there is something to be taken back.
_STANDS: Final = (Outcome.RELEASED, Outcome.PARTLY_RELEASED, Outcome.FAILED)


@contextmanager
def theatre(folder: Path) -> Iterator[Servers]:
    """Run both servers in a folder for a block, from the main thread; StackError where one does not start."""
    with running_temporal(folder, _SKIPPING) as address, running_postgres(folder, *_FORGETFUL) as url:
        migrate(url)
        yield Servers(temporal_address=address, database_url=url, actor=_ACTOR)


@asynccontextmanager
async def rehearsal(servers: Servers, folder: Path, registry: Registry) -> AsyncIterator[Rehearsal]:
    """Run workers for a block whose actuators stand in for those of a registry."""
    world, plans = World(), Plans()
    posting = Posting(
        database_url=servers.database_url,
        cache=folder,
        git_timeout=1.0,
        registry=standing_in(registry, world),
        planner=plans.planner,
    )
    plain = await dial(servers, runtime=silent_runtime())
    client = TimeSkipper(plain).client
    async with open_pool(servers.database_url, max_size=8) as pool, AsyncExitStack() as stack:
        for worker in await stack.enter_async_context(workers(plain, posting)):
            await stack.enter_async_context(worker)
        reader = Reader(pool)
        yield Rehearsal(
            client=client,
            control=Control(client, reader, servers.actor),
            reader=reader,
            world=world,
            plans=plans,
            registry=registry,
        )


class Plans:
    """Plans that are made already: what a simulated train is planned as."""

    def __init__(self) -> None:
        self._plans: dict[str, Plan] = {}

    def add(self, plan: Plan) -> None:
        """Let a request that confirms this plan be planned as it."""
        self._plans[plan.digest] = plan

    def planner(self, ledger: Ledger, _reader: Reader) -> _Planner:
        """Plan with these plans."""
        return _Planner(self._plans, ledger)


class _Planner:
    """Answers the planning port without reading a repository."""

    def __init__(self, plans: dict[str, Plan], ledger: Ledger) -> None:
        self._plans = plans
        self._ledger = ledger

    @activity.defn(name=Activity.PREPARE)
    async def prepare(self, call: PrepareCall) -> Outline:
        """Open the train, store the plan that its request confirms, and outline it."""
        with failures_explained():
            plan = self._plans.get(call.request.confirmed)
            if plan is None:
                raise PlanError(f"no plan {call.request.confirmed} is simulated")
            await self._ledger.open(call)
            await self._ledger.keep(plan)
            return outline_of(plan, call.request)


@dataclass(kw_only=True)
class Rehearsal:
    """Runs trains with faults and holds each against the promise."""

    client: Client
    control: Control
    reader: Reader
    world: World
    plans: Plans
    #: Of the real actuators, for their configurations.
    registry: Registry
    #: Tells its trains from those of another rehearsal on the same servers.
    name: str = field(default_factory=lambda: uuid4().hex[:6])
    _number: int = field(default=0)

    def __post_init__(self) -> None:
        """Let steps abort their trains."""
        self.world.abort = self._abort

    async def run_all(
        self, plan: Plan, request: Request, cases: Sequence[Case], told: Callable[[CaseResult], None] = lambda _: None
    ) -> list[CaseResult]:
        """Run a train for each case, some side by side; results are in the order of the cases, told as they come."""
        places = asyncio.Semaphore(_SIDE_BY_SIDE)

        async def one(case: Case) -> CaseResult:
            async with places:
                result = await self.run(plan, request, case)
            told(result)
            return result

        return list(await asyncio.gather(*(one(case) for case in cases)))

    async def run(self, plan: Plan, request: Request, case: Case) -> CaseResult:
        """Run one train to its end, and take it back where the case says so."""
        self._number += 1
        plan, request = _of_its_own(plan, request, f"{self.name}-{self._number}")
        train = request.train
        far = self.world.far_sides[train] = self.world.begin(case)
        self.plans.add(plan)
        try:
            async with asyncio.timeout(_PATIENCE):
                record, waited = await self._ended(request)
                back = case.taken_back and record.outcome in _STANDS
                if back:
                    record = await self._taken_back(train)
        except TimeoutError:
            return CaseResult(case=case, outcome=None, violations=(f"it did not end within {_PATIENCE:.0f} s",))
        except WorkflowFailureError as error:
            return CaseResult(case=case, outcome=None, violations=(f"its workflow failed: {error.cause}",))
        ending = await self._ending(plan, train, record, far)
        return CaseResult(
            case=case,
            outcome=record.outcome,
            residue=record.residue,
            taken_back=back,
            violations=violations(ending),
            repeated=tuple(step for step in ending.blind if far.doubled[step]),
            waited=waited,
        )

    async def _ended(self, request: Request) -> tuple[Record, int]:
        """Start a train; return its record, and how many seconds it took on its own clock."""
        train = await self.control.start(request)
        handle = self.client.get_workflow_handle_for(TrainWorkflow.run, train_workflow_id(train))
        record = await handle.result()
        row = await self.reader.train(train)
        took = row.ended_at - row.started_at if row.ended_at else None
        return record, round(took.total_seconds()) if took else 0

    async def _taken_back(self, train: str) -> Record:
        """Roll back a train that has ended; return the record that replaces its own."""
        await self.control.rollback(train, reason="simulated")
        view = await self.control.rolled_back(train)
        if view.record is None:
            raise ControlError(f"the rollback of {train} left no record")
        return view.record

    async def _ending(self, plan: Plan, train: str, record: Record, far: FarSide) -> Ending:
        """Ask the ledger and the far side how it ended."""
        row = await self.reader.train(train)
        numbers = [event.seq for event in await self.reader.events(train)]
        if numbers != list(range(1, len(numbers) + 1)):
            far.complaints.append("the ledger's events have gaps")
        steps = [step for step in plan.steps if step.effect]
        return Ending(
            plan=plan,
            record=record,
            recorded=row.record,
            statuses={step.id: step.status for step in await self.reader.steps(train)},
            far=far,
            shown={step.id: far.standing(step.id, artefact(train, plan.release_of(step.component))) for step in steps},
            blind=frozenset(step.id for step in steps if is_blind(self.registry.parse(step))),
        )

    async def _abort(self, train: str) -> str:
        """Abort a train; return why that was refused, an empty text where it was not."""
        try:
            await self.control.abort(train, "simulated")
        except ControlError as error:
            return str(error)
        return ""


def _of_its_own(plan: Plan, request: Request, suffix: str) -> tuple[Plan, Request]:
    """Make a plan whose train no other simulated train meets, past its gates and windows, and the request for it."""
    name = f"{plan.train}-{suffix}"
    releases = tuple(
        release.model_copy(update={"repo": f"{release.repo}#{suffix}", "edits": (), "changelog": ""})
        for release in plan.releases
    )
    own = plan.model_copy(update={"train": name, "releases": releases, "gates": (), "changelog": "", "notices": ()})
    catalog = request.catalog.model_copy(
        update={"train": name, "gates": (), "windows": (), "rules": (), "emergency": None, "delegations": ()}
    )
    asked = {"catalog": catalog, "confirmed": own.digest, "requested_by": _ACTOR}
    return own, request.model_copy(update=asked)


__all__ = ["Plans", "Rehearsal", "rehearsal", "theatre"]
