"""Commands to trains, and questions about them. The only sender of commands to Temporal."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib import import_module
from typing import Any

from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.enums.v1 import PendingActivityState
from temporalio.api.workflow.v1 import PendingActivityInfo
from temporalio.api.workflowservice.v1 import ResetActivityRequest
from temporalio.client import (
    Client,
    Plugin,
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleAlreadyRunningError,
    ScheduleCalendarSpec,
    ScheduleListDescription,
    ScheduleOverlapPolicy,
    SchedulePolicy,
    ScheduleRange,
    ScheduleSpec,
    ScheduleState,
    WorkflowExecutionStatus,
    WorkflowFailureError,
    WorkflowQueryFailedError,
    WorkflowUpdateFailedError,
    WorkflowUpdateRPCTimeoutOrCancelledError,
)
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.converter import WorkflowSerializationContext
from temporalio.envconfig import ClientConfigProfile
from temporalio.exceptions import ActivityError, ApplicationError, FailureError, WorkflowAlreadyStartedError
from temporalio.runtime import Runtime, TelemetryConfig
from temporalio.service import RPCError, RPCStatusCode

from releasepilot.errors import ControlError, IdentityUnproven, StackError, TrainUnknown, VoteRefused
from releasepilot.governance.change import correlation_of
from releasepilot.model.assessment import Assessment
from releasepilot.model.claim import claim_keys
from releasepilot.model.emergency import Override
from releasepilot.model.gate import Actor, Decision, Vote
from releasepilot.model.plan import Plan
from releasepilot.model.schedule import Overlap, ScheduleView, Timetable
from releasepilot.model.step import Queue
from releasepilot.model.train import Condition, Outcome, Request, TrainPhase, TrainView, with_dependents
from releasepilot.model.window import WindowVerdict
from releasepilot.store.pool import PATIENCE, open_pool
from releasepilot.store.read import Reader, TrainRow
from releasepilot.workflows.encryption import PayloadKeys, converter_of
from releasepilot.workflows.messages import Command, TrainStart
from releasepilot.workflows.payloads import unreadable
from releasepilot.workflows.ports import Activity, task_queue, train_workflow_id
from releasepilot.workflows.precedence import Precedence
from releasepilot.workflows.review import ReviewStart, ReviewWorkflow
from releasepilot.workflows.rollback import RollbackStart, RollbackWorkflow
from releasepilot.workflows.scheduled import ScheduledStart, ScheduledWorkflow
from releasepilot.workflows.train import TrainWorkflow

#: Seconds within which a server that runs answers.
_RPC = timedelta(seconds=20)
#: Seconds between two looks at a train that is watched.
_LOOK = 0.25
#: How often what is woken is looked at, while attempts run: for five seconds,
_LOOKS = 20
#: and at least for one, in which the ledger has learnt what has begun.
_LEDGER_LOOKS = 4
#: Trains that are woken side by side.
_SIDE_BY_SIDE = 16
#: How many later trains are looked through before one is rolled back.
_LATER = 200
_ENDED_BEFORE = (Outcome.ROLLED_BACK, Outcome.REJECTED, Outcome.FAILED, Outcome.RESIDUE, Outcome.PARTLY_RELEASED)


#: Who sends no commands, such as a worker.
_NOBODY = Actor(account="nobody")


@dataclass(frozen=True, kw_only=True)
class Servers:
    """Where Temporal and the database are."""

    temporal_address: str
    database_url: str
    temporal_namespace: str = "default"
    #: A profile of Temporal's client configuration, such as Temporal Cloud by API key or mTLS; empty for none.
    temporal_profile: str = ""
    temporal_environ: Mapping[str, str] = field(default_factory=dict, repr=False)
    #: On whose behalf commands are sent.
    actor: Actor = _NOBODY
    plugins: Sequence[Plugin] = ()
    #: What encrypts and decrypts the payloads that Temporal keeps; None where they are as they are.
    payload_keys: PayloadKeys | None = None


@cache
def silent_runtime() -> Runtime:
    """Return the runtime of commands: Temporal's core writes to standard output, where their results are."""
    return Runtime(telemetry=TelemetryConfig(logging=None))


async def dial(servers: Servers, *, runtime: Runtime | None = None) -> Client:
    """Connect to Temporal, without a runtime on the default one; StackError where it does not answer."""
    target: dict[str, Any] = {}
    if servers.temporal_profile:
        profile = ClientConfigProfile.load(
            profile=servers.temporal_profile, override_env_vars=dict(servers.temporal_environ)
        )
        target = dict(profile.to_client_connect_config())
    target.setdefault("target_host", servers.temporal_address)
    target.setdefault("namespace", servers.temporal_namespace)
    try:
        return await Client.connect(
            **target,
            data_converter=converter_of(servers.payload_keys),
            plugins=list(servers.plugins),
            runtime=runtime,
        )
    except RuntimeError as error:
        raise StackError(
            f"Temporal at {target['target_host']} does not answer: {error}",
            hint="`releasepilot doctor` says what is wrong",
        ) from error


@asynccontextmanager
async def connect(servers: Servers, *, patience: float = PATIENCE) -> AsyncIterator[Control]:
    """Open a control over running servers, which waits so many seconds for a database that is away."""
    client = await dial(servers, runtime=silent_runtime())
    async with open_pool(servers.database_url, max_size=4, patience=patience) as pool:
        yield Control(client, Reader(pool), servers.actor)


def _now() -> datetime:
    return datetime.now(UTC)


class Control:
    """Starts and steers trains, on behalf of one actor."""

    def __init__(self, client: Client, reader: Reader, actor: Actor, now: Callable[[], datetime] = _now) -> None:
        """Send commands through the client, read through the reader; the clock gives moments with their zone."""
        self._client = client
        self._reader = reader
        self._now = now
        self.actor = actor

    async def start(self, request: Request) -> str:
        """Start a train and return its id. A request that runs already is that train; nothing is started twice.

        Where a train of the same request has ended without a full release, this is the next attempt.
        """
        attempt = await self._next_attempt(request)
        try:
            await self._client.start_workflow(
                TrainWorkflow.run,
                TrainStart(request=attempt),
                id=train_workflow_id(attempt.train),
                task_queue=task_queue(Queue.ENGINE),
                id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
                id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
                rpc_timeout=_RPC,
                static_summary=f"release train {attempt.catalog.train}",
                priority=Precedence.of(attempt).train(),
            )
        except WorkflowAlreadyStartedError:
            # The same request has ended as this train: it is the answer.
            return attempt.train
        except RPCError as error:
            raise _unreachable(error) from error
        return attempt.train

    async def resolve(self, key: str | None = None) -> str:
        """Return the id of a train by id, name or beginning of the id; the latest where nothing is given."""
        row = await (self._reader.train(key) if key else self._reader.latest())
        return row.id

    async def view(self, train: str) -> TrainView:
        """Say where a train stands: by its workflow while it runs, by the ledger when it has ended or cannot answer."""
        try:
            row = await self._reader.train(train)
        except TrainUnknown:
            return await self._live(train)
        if row.phase is TrainPhase.ENDED:
            return await self._recorded(row)
        try:
            # A closed workflow still answers, of a time before its rollback or its loss.
            if await self._runs(train_workflow_id(row.id)):
                return await self._live(row.id)
        except (ControlError, StackError):
            pass
        return await self._recorded(row)

    async def explain(self, train: str) -> TrainView:
        """Say where a train stands as `view` does, and of a train that runs also which steps are tried again, and why.

        A step that waits for people, such as one that asks a change board, is tried again until they have answered.
        """
        view = await self.view(train)
        if view.record is not None or view.conditions:
            return view
        return view.model_copy(update={"conditions": await self._retried(view.train)})

    async def watch(self, train: str) -> AsyncIterator[TrainView]:
        """Yield a view whenever something has changed, until the train has ended."""
        last: TrainView | None = None
        while True:
            view = await self.view(train)
            if view != last:
                yield view
                last = view
            if view.phase is TrainPhase.ENDED:
                return
            await asyncio.sleep(_LOOK)

    async def decide(self, train: str, decision: Decision, comment: str = "", digest: str | None = None) -> TrainView:
        """Vote on the plan that a train waits with; on another one than `digest` the vote is refused."""
        view = await self._live(train)
        seen = tuple(gate.name for gate in view.gates)
        voted = digest or view.plan_digest
        vote = Vote(actor=self.actor, decision=decision, comment=comment, plan_digest=voted, gates=seen)
        return await self._update(train, TrainWorkflow.decide, vote)

    async def override(
        self, train: str, waives: Sequence[str], *, reason: str, incident: str, comment: str = "", digest: str = ""
    ) -> TrainView:
        """Let a train past gates and windows in an emergency, by name; ControlError where that is refused."""
        view = await self._live(train)
        override = Override(
            actor=self.actor,
            waives=tuple(waives),
            reason=reason,
            incident=incident,
            comment=comment,
            plan_digest=digest or view.plan_digest,
        )
        return await self._update(train, TrainWorkflow.override, override)

    async def review(self, train: str, comment: str) -> str:
        """Write down what happened in an emergency, of a train that has ended; return its id."""
        row = await self._reader.train(train)
        if row.phase is not TrainPhase.ENDED:
            raise ControlError(f"train {row.id} has not ended yet", hint="review it when it has")
        if not await self._reader.owes_review(row.id):
            raise ControlError(f"train {row.id} owes no review", hint="`releasepilot history` lists the trains")
        try:
            await self._client.execute_workflow(
                ReviewWorkflow.run,
                ReviewStart(train=row.id, actor=self.actor, comment=comment),
                # Beside a rollback two would write one ledger.
                id=_rollback_id(row),
                task_queue=task_queue(Queue.ENGINE),
                id_conflict_policy=WorkflowIDConflictPolicy.FAIL,
                rpc_timeout=_RPC,
            )
        except WorkflowAlreadyStartedError as error:
            raise ControlError(f"train {row.id} is being rolled back", hint="review it when it has ended") from error
        except WorkflowFailureError as error:
            raise _failed(error) from error
        except RPCError as error:
            raise _unreachable(error) from error
        return row.id

    async def pause(self, train: str, reason: str = "") -> TrainView:
        """Start no more steps until resumed; what runs goes on."""
        return await self._update(train, TrainWorkflow.pause, Command(actor=self.actor, reason=reason))

    async def resume(self, train: str, reason: str = "") -> TrainView:
        """Go on."""
        return await self._update(train, TrainWorkflow.resume, Command(actor=self.actor, reason=reason))

    async def abort(self, train: str, reason: str = "") -> TrainView:
        """Stop a train and undo what it did; refused past the point of no return."""
        return await self._update(train, TrainWorkflow.abort, Command(actor=self.actor, reason=reason))

    async def rollback(self, train: str, components: tuple[str, ...] = (), reason: str = "") -> str:
        """Undo a train as far as the world allows, running or ended; return the id of what does it.

        Of an ended train some components can be undone, with those that were released on top of them.
        """
        row = await self._reader.train(train)
        running = await self._runs(train_workflow_id(row.id))
        if running and row.phase is TrainPhase.ENDED:
            # Its last word is in the ledger; it is about to close.
            await self._finished(train_workflow_id(row.id))
        elif running:
            if components:
                raise ControlError(
                    f"train {row.id} is {row.phase.value}: single components can be rolled back when it has ended",
                    hint="pause it or wait, or roll back all of it",
                )
            # A train that undoes itself already takes this as said.
            command = Command(actor=self.actor, reason=reason, past_no_return=True)
            await self._update(row.id, TrainWorkflow.abort, command)
            return row.id
        if not row.plan_digest or row.outcome in (Outcome.REJECTED, Outcome.NOTHING):
            raise ControlError(f"train {row.id} has done nothing that could be taken back")
        if await self._runs(_rollback_id(row)):
            raise _under_way(row)
        await self._check_components(row, components)
        await self._refuse_claimed(row, components)
        await self._refuse_newer(row, components)
        await self._refuse_blackout(row, components)
        try:
            await self._client.start_workflow(
                RollbackWorkflow.run,
                RollbackStart(train=row.id, requested_by=self.actor, components=components, reason=reason),
                id=_rollback_id(row),
                task_queue=task_queue(Queue.ENGINE),
                id_conflict_policy=WorkflowIDConflictPolicy.FAIL,
                rpc_timeout=_RPC,
                priority=Precedence().undoing().train(),
            )
        except WorkflowAlreadyStartedError as error:
            raise _under_way(row) from error
        except RPCError as error:
            raise _unreachable(error) from error
        return row.id

    async def rolled_back(self, train: str) -> TrainView:
        """Return the view when the rollback of a train, running or ended, is over."""
        row = await self._reader.train(train)
        for workflow_id in (train_workflow_id(row.id), _rollback_id(row)):
            if await self._runs(workflow_id):
                await self._finished(workflow_id)
        return await self._recorded(await self._reader.train(row.id))

    async def schedule(self, name: str, request: Request, timetable: Timetable) -> None:
        """Have trains of this request begin by themselves; ControlError where the name is taken, or the cron is wrong.

        A request without a date takes that of the day on which its train begins.
        """
        action = ScheduleActionStartWorkflow(
            ScheduledWorkflow.run,
            ScheduledStart(request=request),
            id=f"schedule/{name}",
            task_queue=task_queue(Queue.ENGINE),
        )
        policy = SchedulePolicy(
            overlap=_OVERLAPS[timetable.overlap], catchup_window=timedelta(seconds=timetable.catch_up)
        )
        # One moment comes again in no year, but a schedule that is used up says so.
        once = ScheduleState(limited_actions=True, remaining_actions=1) if timetable.at else ScheduleState()
        view = ScheduleView(
            name=name, train=request.catalog.train, timetable=timetable, requested_by=str(request.requested_by)
        )
        try:
            await self._client.create_schedule(
                _SCHEDULES + name,
                Schedule(action=action, spec=_spec(timetable), policy=policy, state=once),
                memo={_VIEW: view},
                rpc_timeout=_RPC,
            )
        except ScheduleAlreadyRunningError as error:
            raise ControlError(
                f"there is a schedule named {name!r} already",
                hint=f"choose another name, or remove it: releasepilot schedule remove {name}",
            ) from error
        except RPCError as error:
            if error.status is RPCStatusCode.INVALID_ARGUMENT:
                raise ControlError(f"Temporal does not take this schedule: {error.message}") from error
            raise _unreachable(error) from error

    async def schedules(self) -> list[ScheduleView]:
        """Return the schedules by name."""
        try:
            found = [await _view_of(one) async for one in await self._client.list_schedules(rpc_timeout=_RPC)]
        except RPCError as error:
            raise _unreachable(error) from error
        return sorted((view for view in found if view), key=lambda view: view.name)

    async def unschedule(self, name: str) -> None:
        """Remove a schedule; a train that it has started goes on. ControlError where there is none."""
        try:
            await self._client.get_schedule_handle(_SCHEDULES + name).delete(rpc_timeout=_RPC)
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                raise ControlError(
                    f"there is no schedule named {name!r}", hint="`releasepilot schedule list` lists them"
                ) from error
            raise _unreachable(error) from error

    async def wake(self, system: str, correlation: str = "") -> tuple[str, ...]:
        """Have the steps that wait for a system look again at once; return their ids, each after its train's.

        Those that wait for the change with this correlation id; without one all that speak to the system. Nothing else
        changes: the next attempt comes sooner, and finds what the other side shows. A step with a number of attempts
        is left alone, because its next one may be its last.
        """
        woken: dict[str, None] = {}
        slots = asyncio.Semaphore(_SIDE_BY_SIDE)
        for look in range(_LOOKS):
            concerned: dict[str, list[str]] = {}
            for one in await self._reader.waiting_steps(system):
                named = not correlation or correlation_of(one.train, one.component) == correlation
                if named and f"{one.train} {one.step}" not in woken:
                    concerned.setdefault(one.train, []).append(one.step)
            found = await asyncio.gather(*(self._woken(train, steps, slots) for train, steps in concerned.items()))
            woken.update(
                (f"{train} {step}", None)
                for (train, _), (steps, _) in zip(concerned.items(), found, strict=True)
                for step in steps
            )
            # What has just begun is not in the ledger yet, and an attempt that runs may have looked too early.
            if look >= _LEDGER_LOOKS and not any(runs for _, runs in found):
                break
            await asyncio.sleep(_LOOK)
        return tuple(woken)

    async def healthy(self) -> None:
        """Return where both servers answer; StackError where one does not."""
        await self._reader.answers()
        try:
            await self._client.service_client.check_health(timeout=_RPC)
        except RPCError as error:
            raise _unreachable(error) from error

    async def plan_of(self, train: str) -> Plan:
        """Return the plan of a train; ControlError before it has one."""
        view = await self.view(train)
        if not view.plan_digest:
            raise ControlError(f"train {train} has no plan yet", hint="wait a moment and ask again")
        return await self._reader.plan(view.plan_digest)

    async def assessment_of(self, train: str, plan: Plan) -> Assessment | None:
        """Return what a train thought of its plan; None where it never judged it, as without rules."""
        return await self._reader.assessment(train, plan.digest)

    async def history(self, limit: int = 20, name: str | None = None) -> list[TrainRow]:
        """Return the latest trains, newest first."""
        return await self._reader.history(limit, name)

    @property
    def reader(self) -> Reader:
        """The read side, for questions that no command needs."""
        return self._reader

    async def _next_attempt(self, request: Request) -> Request:
        while True:
            try:
                row = await self._reader.train(request.train)
            except TrainUnknown:
                return request
            lost = row.outcome is None and not await self._runs(train_workflow_id(row.id))
            if row.id != request.train or not (lost or row.outcome in _ENDED_BEFORE):
                return request
            request = request.model_copy(update={"attempt": request.attempt + 1})

    async def _retried(self, train: str) -> tuple[Condition, ...]:
        """Return what the server holds of activities that failed and will be tried again."""
        context = WorkflowSerializationContext(self._client.namespace, train_workflow_id(train))
        converter = self._client.data_converter.with_context(context)
        return tuple(
            [
                _retried(one, await converter.decode_failure(one.last_failure))
                for one in await self._pending(train)
                if one.attempt > 1 and one.HasField("last_failure")
            ]
        )

    async def _pending(self, train: str) -> Sequence[PendingActivityInfo]:
        """Return the activities of a train that have not ended; none where it does not run."""
        try:
            found = await self._client.get_workflow_handle(train_workflow_id(train)).describe(rpc_timeout=_RPC)
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                return ()
            raise _unreachable(error) from error
        return found.raw_description.pending_activities

    async def _woken(self, train: str, steps: Sequence[str], slots: asyncio.Semaphore) -> tuple[list[str], bool]:
        """Wake those of these steps that sleep; return them, and whether the attempt of another one runs."""
        async with slots:
            patient = {one.activity_id: one for one in await self._pending(train) if not one.maximum_attempts}
            found = {step: patient[name] for step in steps if (name := f"{Activity.APPLY} {step}") in patient}
            woken = [
                step
                for step, pending in found.items()
                if _sleeps(pending) and await self._reset(train, pending.activity_id)
            ]
        return woken, any(_runs(pending) for pending in found.values())

    async def _reset(self, train: str, activity: str) -> bool:
        """Have an activity tried at once that waits for its next attempt; say whether it was still there."""
        asked = ResetActivityRequest(
            namespace=self._client.namespace,
            execution=WorkflowExecution(workflow_id=train_workflow_id(train)),
            id=activity,
            identity=str(self.actor),
            keep_paused=True,
        )
        try:
            await self._client.workflow_service.reset_activity(asked, timeout=_RPC)
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                return False
            raise _unreachable(error) from error
        return True

    async def _finished(self, workflow_id: str) -> None:
        try:
            await self._client.get_workflow_handle(workflow_id).result()
        except WorkflowFailureError as error:
            raise _failed(error) from error

    async def _runs(self, workflow_id: str) -> bool:
        try:
            found = await self._client.get_workflow_handle(workflow_id).describe(rpc_timeout=_RPC)
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                return False
            raise _unreachable(error) from error
        return found.status is WorkflowExecutionStatus.RUNNING

    async def _refuse_claimed(self, row: TrainRow, components: tuple[str, ...]) -> None:
        """Refuse to take away what another train builds on at this moment, or is about to."""
        plan = await self._reader.plan(row.plan_digest)
        others = await self._reader.claimed(claim_keys(plan, components), row.id)
        if others:
            shared = ", ".join(others[0].components)
            raise ControlError(
                f"train {others[0].train} {'releases' if others[0].granted else 'waits to release'} {shared}",
                hint="roll it back when it has ended, or abort it; then roll back this one",
            )

    async def _refuse_newer(self, row: TrainRow, components: tuple[str, ...]) -> None:
        """Refuse to take back what a later train has built upon: its deployments and files are the newer ones."""
        chosen = await self._chosen(row, components)
        for later in await self._reader.history(_LATER, row.name):
            kept = later.record.released if later.record and later.started_at > row.started_at else {}
            newer = [f"{name} {kept[name]}" for name in chosen if name in kept]
            if newer:
                raise ControlError(
                    f"train {later.id} released {', '.join(newer)} after train {row.id}",
                    hint=f"roll that one back first: releasepilot rollback {later.id}",
                )

    async def _refuse_blackout(self, row: TrainRow, components: tuple[str, ...]) -> None:
        """Refuse to take back in a blackout that says so, by the catalog that the train was released with."""
        catalog = (await self._reader.request(row.id)).catalog
        strict = tuple(window for window in catalog.windows if not window.rollback)
        if not strict:
            return
        # Looked up late, because only windows need dateutil.
        crossing = import_module("releasepilot.governance.crossing")
        concerned = catalog.labelled(await self._chosen(row, components))
        found: WindowVerdict = crossing.rollback_verdict(strict, self._now(), concerned)
        if not found.open:
            until = f"{found.until:%Y-%m-%d %H:%M} UTC" if found.until else "further notice"
            raise ControlError(
                f"the blackout {found.rule!r} holds back the rollback of train {row.id} until {until}",
                hint="it says `rollback: false` in the catalog that the train was released with",
            )

    async def _chosen(self, row: TrainRow, components: tuple[str, ...]) -> tuple[str, ...]:
        """Return the components that a rollback takes back: those that were named, with what depends on them."""
        plan = await self._reader.plan(row.plan_digest)
        return with_dependents({release.component: release.needs for release in plan.releases}, components)

    async def _check_components(self, row: TrainRow, components: tuple[str, ...]) -> None:
        plan = await self._reader.plan(row.plan_digest)
        known = [release.component for release in plan.releases]
        for name in components:
            if name not in known:
                raise ControlError(
                    f"train {row.id} released no component {name!r}", hint=f"it released {', '.join(known)}"
                )

    async def _live(self, train: str) -> TrainView:
        """Ask the workflow."""
        handle = self._client.get_workflow_handle_for(TrainWorkflow.run, train_workflow_id(train))
        try:
            return await handle.query(TrainWorkflow.view, rpc_timeout=_RPC)
        except WorkflowQueryFailedError as error:
            raise ControlError(f"train {train} cannot say where it stands: {error}") from error
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                raise TrainUnknown(f"there is no train {train!r}", hint="`releasepilot history` lists them") from error
            raise _unreachable(error) from error

    async def _recorded(self, row: TrainRow) -> TrainView:
        """Put a view together from the ledger."""
        steps = await self._reader.steps(row.id)
        return TrainView(
            train=row.id,
            phase=row.phase,
            plan_digest=row.plan_digest,
            statuses={step.id: step.status for step in steps},
            waiting_for=row.waiting_for,
            record=row.record,
        )

    async def _update(self, train: str, update: Any, argument: Vote | Command | Override) -> TrainView:
        """Send an update; VoteRefused with the validator's words where it is refused."""
        handle = self._client.get_workflow_handle_for(TrainWorkflow.run, train_workflow_id(train))
        try:
            view: TrainView = await handle.execute_update(update, argument, rpc_timeout=_RPC)
        except WorkflowUpdateFailedError as error:
            cause = error.cause
            if missing := unreadable(cause):
                raise missing from error
            message = cause.message if isinstance(cause, ApplicationError) else str(cause)
            if isinstance(cause, ApplicationError) and cause.type == IdentityUnproven.code:
                raise IdentityUnproven(message, hint="RELEASEPILOT_TOKEN holds your token") from error
            raise VoteRefused(message) if isinstance(argument, Vote) else ControlError(message) from error
        except WorkflowUpdateRPCTimeoutOrCancelledError as error:
            raise StackError(
                f"train {train} was told, and no worker has answered yet",
                hint="start a worker; `releasepilot status` says when it has happened",
            ) from error
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                raise ControlError(
                    f"train {train} does not run, so it cannot be steered",
                    hint="`releasepilot status` says how it ended",
                ) from error
            raise _unreachable(error) from error
        return view


#: What the ids of schedules begin with: others may share the namespace.
_SCHEDULES = "releasepilot/"
#: The key under which a schedule keeps what it was told.
_VIEW = "releasepilot"
_OVERLAPS = {Overlap.SKIP: ScheduleOverlapPolicy.SKIP, Overlap.WAIT: ScheduleOverlapPolicy.BUFFER_ONE}


def _spec(timetable: Timetable) -> ScheduleSpec:
    """Return when trains begin, in Temporal's words."""
    if timetable.at is None:
        return ScheduleSpec(cron_expressions=[timetable.cron], time_zone_name=timetable.zone)
    at = timetable.at.astimezone(UTC)
    once = ScheduleCalendarSpec(
        year=[ScheduleRange(at.year)],
        month=[ScheduleRange(at.month)],
        day_of_month=[ScheduleRange(at.day)],
        hour=[ScheduleRange(at.hour)],
        minute=[ScheduleRange(at.minute)],
        second=[ScheduleRange(at.second)],
    )
    return ScheduleSpec(calendars=[once])


async def _view_of(listed: ScheduleListDescription) -> ScheduleView | None:
    """Return what a schedule was told, and when it is due next; None where it is not one of ours."""
    if not listed.id.startswith(_SCHEDULES) or listed.info is None:
        return None
    view: ScheduleView = await listed.memo_value(_VIEW, type_hint=ScheduleView)
    due = listed.info.next_action_times
    return view.model_copy(update={"next": due[0] if due else None})


def _failed(error: WorkflowFailureError) -> ControlError:
    """Say why a workflow could not do what it was started for."""
    if missing := unreadable(error.cause):
        return missing
    cause: BaseException | None = error.cause
    while isinstance(cause, ActivityError):
        cause = cause.cause
    said = cause.message if isinstance(cause, ApplicationError) else str(cause)
    if isinstance(cause, ApplicationError) and cause.type == IdentityUnproven.code:
        return IdentityUnproven(said, hint="RELEASEPILOT_TOKEN holds your token")
    return ControlError(f"it could not be done: {said}", hint="look at it in Temporal's pages")


def _runs(pending: PendingActivityInfo) -> bool:
    """Say whether a worker has an attempt of an activity in its hands, or is about to."""
    return not _sleeps(pending) and pending.state != PendingActivityState.PENDING_ACTIVITY_STATE_PAUSED


def _sleeps(pending: PendingActivityInfo) -> bool:
    """Say whether an activity waits for its next attempt."""
    waits = pending.state == PendingActivityState.PENDING_ACTIVITY_STATE_SCHEDULED
    return waits and pending.HasField("next_attempt_schedule_time")


def _retried(pending: PendingActivityInfo, failure: BaseException) -> Condition:
    """Say what an activity waits for that is tried again. It is named by what it does and by its step."""
    step = pending.activity_id.rpartition(" ")[2]
    message = failure.message if isinstance(failure, FailureError) else str(failure)
    said = message.removeprefix(f"{step.partition('/')[0]}: ")
    again = pending.HasField("next_attempt_schedule_time")
    return Condition(
        what=f"{step}: {said}", clears_at=pending.next_attempt_schedule_time.ToDatetime(UTC) if again else None
    )


def _under_way(row: TrainRow) -> ControlError:
    return ControlError(
        f"train {row.id} is being rolled back already", hint=f"watch it: releasepilot status {row.id} --watch"
    )


def _rollback_id(row: TrainRow) -> str:
    return f"rollback/{row.name}/{row.id}"


def _unreachable(error: RPCError) -> StackError:
    return StackError(f"Temporal does not answer: {error.message}", hint="`releasepilot doctor` says what is wrong")


__all__ = [
    "Control",
    "Servers",
    "connect",
    "dial",
]
