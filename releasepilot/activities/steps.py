"""The convergent triple as activities: observe, apply, observe; revert, observe."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from datetime import datetime, timedelta
from time import monotonic
from traceback import format_exception
from typing import Any

from opentelemetry import metrics, trace
from pydantic import BaseModel
from temporalio import activity

from releasepilot.activities.alive import alive
from releasepilot.activities.discretion import discretion, without_secrets
from releasepilot.activities.failure import failures_explained
from releasepilot.activities.fence import Fence
from releasepilot.errors import ReleasePilotError, StepConflict, StepError, StepRefused, StepUnconverged
from releasepilot.model.plan import Plan
from releasepilot.model.receipt import Observation, Presence, Receipt, Undone
from releasepilot.model.step import Undo
from releasepilot.model.value import bounded
from releasepilot.plugins.registry import Registry
from releasepilot.plugins.secrets.keeper import OpenSecrets, Secrets
from releasepilot.plugins.spec import Actuator, Call
from releasepilot.store.read import Reader
from releasepilot.workflows.ports import LEASE, Activity, StepCall

_log = logging.getLogger("releasepilot.steps")
_tracer = trace.get_tracer("releasepilot")
_attempts = metrics.get_meter("releasepilot").create_counter("releasepilot.step.attempts", description="Step attempts")
_duration = metrics.get_meter("releasepilot").create_histogram(
    "releasepilot.step.duration", unit="s", description="Wall time of a step's attempt"
)

#: Bytes of an error that nobody foresaw.
_LONGEST_SURPRISE = 1000
_LONGEST_TRACEBACK = 20_000
#: Bytes that a revert may need to know. They are in the history, and in the ledger.
_LARGEST_NOTES = 64 * 1024
#: After these a revert leaves nothing that could be observed.
_LEAVES_NOTHING = (Undo.FULL, Undo.REVERT, Undo.WINDOW)


class PlanShelf:
    """The plans that this worker has used lately. A digest never means another plan, so nothing goes stale."""

    def __init__(self, reader: Reader, *, room: int = 20_000) -> None:
        """Keep the plans used last, of so many steps in all, and one at least."""
        self._reader = reader
        self._room = room
        self._plans: OrderedDict[str, Plan] = OrderedDict()
        self._steps = 0
        #: Whoever comes while a plan is read waits for that: the first steps of a train come all at once.
        self._coming: dict[str, asyncio.Task[Plan]] = {}

    async def plan(self, digest: str) -> Plan:
        """Return a plan, from the shelf where it lies there."""
        if digest not in self._plans:
            if digest not in self._coming:
                self._coming[digest] = asyncio.create_task(self._fetch(digest))
            # Whoever is cancelled leaves the others what they wait for.
            return await asyncio.shield(self._coming[digest])
        self._plans.move_to_end(digest)
        return self._plans[digest]

    async def _fetch(self, digest: str) -> Plan:
        try:
            plan = await self._reader.plan(digest)
        finally:
            del self._coming[digest]
        self._plans[digest] = plan
        self._steps += len(plan.steps)
        while self._steps > self._room and len(self._plans) > 1:
            self._steps -= len(self._plans.popitem(last=False)[1].steps)
        return plan


class Steps:
    """Applies and reverts steps through their actuators."""

    def __init__(
        self,
        registry: Registry,
        shelf: PlanShelf,
        reader: Reader,
        secrets: Secrets | None = None,
        lease: timedelta = LEASE,
    ) -> None:
        """Find actuators in the registry, plans on the shelf, receipts and claims through the reader.

        Without `secrets` those of the environment and of files are resolved.
        """
        self._lease = lease
        self._registry = registry
        self._shelf = shelf
        self._reader = reader
        self._secrets = secrets or Secrets()

    @activity.defn(name=Activity.APPLY)
    async def apply(self, step_call: StepCall) -> Receipt:
        """Bring a step's effect about, unless it is there; prove it by looking again."""
        with failures_explained(), _measured("apply", step_call), discretion(self._secrets) as secrets:
            began = monotonic()
            fence = Fence(self._reader, step_call, self._lease)
            call, actuator = await self._open(step_call, secrets)
            with _surprises(call):
                return without_secrets(await alive(_converge(call, actuator, fence, began)), secrets)

    @activity.defn(name=Activity.REVERT)
    async def revert(self, step_call: StepCall) -> Undone:
        """Take a step's effect back as far as its undo reaches; prove it by looking."""
        with failures_explained(), _measured("revert", step_call), discretion(self._secrets) as secrets:
            fence = Fence(self._reader, step_call, self._lease)
            call, actuator = await self._open(step_call, secrets)
            receipt = await self._reader.receipt(step_call.train, step_call.step)
            with _surprises(call):
                return without_secrets(await alive(_undo(call, actuator, receipt, fence)), secrets)

    async def _open(self, step_call: StepCall, secrets: OpenSecrets) -> tuple[Call[Any], Actuator[Any]]:
        plan = await self._shelf.plan(step_call.plan_digest)
        step = plan.step_of(step_call.step)
        config: BaseModel = self._registry.parse(step)
        call = Call(
            train=step_call.train,
            step=step,
            release=plan.release_of(step.component),
            config=config,
            scheduled_at=_scheduled_at(),
            train_started_at=step_call.train_started_at,
            plan=plan,
            emergency=step_call.emergency,
            beat=activity.heartbeat,
            secrets=secrets,
        )
        return call, self._registry.actuator(step.uses)


@contextmanager
def _measured(verb: str, step_call: StepCall) -> Iterator[None]:
    """Trace, time and log one attempt. Without a configured collector the first two cost nothing."""
    component, _, step = step_call.step.partition("/")
    where = {"train": step_call.train, "component": component, "step": step}
    began = monotonic()
    ended = "failed"
    span = _tracer.start_span(f"step {verb}", attributes={f"releasepilot.{k}": v for k, v in where.items()})
    # Without a collector there is nothing to make current, which would cost more than the rest of this function.
    with trace.use_span(span, end_on_exit=True) if span.is_recording() else nullcontext():
        try:
            yield
            ended = "done"
        except ReleasePilotError as error:
            _log.warning("%s failed: %s", verb, error, extra=where)
            raise
        finally:
            took = monotonic() - began
            _attempts.add(1, {"verb": verb, "ended": ended})
            _duration.record(took, {"verb": verb, "ended": ended})
    _log.info("%s done in %.3f s", verb, took, extra=where)


@contextmanager
def _surprises(call: Call[Any]) -> Iterator[None]:
    """Take whatever an actuator raises that it does not foresee for a step that failed, and may be tried again.

    It may be anything: what ends a process ends no worker, and a cancellation that nobody asked for cancels nothing.
    """
    try:
        yield
    except ReleasePilotError:
        raise
    except (Exception, SystemExit, KeyboardInterrupt, asyncio.CancelledError) as error:
        if isinstance(error, asyncio.CancelledError) and (activity.is_cancelled() or activity.is_worker_shutdown()):
            raise
        # A traceback may hold what the call has looked up, and half a character, which a log cannot write.
        seen = "" if call.secrets.knows else "".join(format_exception(error))
        _log.warning("%s is broken %s", call.step.uses, bounded(_written(seen), _LONGEST_TRACEBACK))
        said = f"{call.step.uses} broke with {type(error).__name__}: {bounded(_written(str(error)), _LONGEST_SURPRISE)}"
        raise StepError(said.rstrip(": "), component=call.release.component) from None


def _written(text: str) -> str:
    """Return a text that can be written: half a character, as of a file's name that is not UTF-8, is spelled out."""
    return text.encode("utf-8", "backslashreplace").decode()


def _scheduled_at() -> datetime:
    return activity.info().scheduled_time


async def _converge(call: Call[Any], actuator: Actuator[Any], fence: Fence, began: float) -> Receipt:
    """Observe, apply, observe. A check has no effect that an earlier attempt could have left, so it is applied anew.

    `began` is when the attempt did, on the monotonic clock.
    """
    if actuator.effect:
        before = await actuator.observe(call)
        _refuse_conflict(call, before)
        if before.presence is Presence.PRESENT:
            return Receipt(
                step=call.step.id, effect_key=call.effect_key, found=before.found, adopted=True, took_ms=_since(began)
            )
    await fence.pass_through()
    notes = _noted(call, await actuator.apply(call))
    after = await actuator.observe(call)
    _refuse_conflict(call, after)
    if after.presence is not Presence.PRESENT:
        raise StepUnconverged(
            f"{call.step.name} was applied, but the far side does not show it {after.detail}".rstrip(),
            component=call.release.component,
        )
    return Receipt(step=call.step.id, effect_key=call.effect_key, found=after.found, notes=notes, took_ms=_since(began))


def _noted(call: Call[Any], notes: dict[str, str]) -> dict[str, str]:
    """Return what a revert needs to know, where that is as it has to be."""
    size = sum(len(key) + len(value) for key, value in notes.items())
    if size > _LARGEST_NOTES:
        raise StepRefused(
            f"{call.step.uses} wants to keep {size} letters for its undo, and at most {_LARGEST_NOTES} are kept",
            hint="let it keep what names the thing, and no output",
            component=call.release.component,
        )
    return notes


def _since(began: float) -> int:
    """Return the milliseconds since a moment of the monotonic clock."""
    return round((monotonic() - began) * 1000)


async def _undo(call: Call[Any], actuator: Actuator[Any], receipt: Receipt | None, fence: Fence) -> Undone:
    """Revert, observe. Where there is no undo, say what stays and that somebody has to act."""
    if call.step.undo is Undo.NONE:
        seen = await actuator.observe(call)
        # What somebody else has put there before this step reported anything is nothing of ours.
        others = seen.presence is Presence.CONFLICT and receipt is None
        if others or (seen.presence is Presence.ABSENT and not seen.uncertain):
            return Undone(step=call.step.id)
        stays = seen.detail if seen.uncertain and seen.detail else f"{seen.found or seen.detail or 'its effect'} stays"
        what = f"{call.step.uses} cannot be undone: {stays}"
        return Undone(step=call.step.id, remains=what, unresolved=True)
    await fence.pass_through()
    remains = await actuator.revert(call, receipt)
    after = await actuator.observe(call)
    if after.presence is Presence.PRESENT and call.step.undo in _LEAVES_NOTHING:
        raise StepUnconverged(
            f"{call.step.name} was reverted, but the far side still shows {after.found or 'it'}",
            component=call.release.component,
        )
    return Undone(step=call.step.id, remains=remains)


def _refuse_conflict(call: Call[Any], seen: Observation) -> None:
    if seen.presence is Presence.CONFLICT:
        raise StepConflict(
            f"{call.step.name}: something else is there: {seen.detail or seen.found}",
            hint="remove it or release another version; ReleasePilot overwrites nothing",
            component=call.release.component,
        )
