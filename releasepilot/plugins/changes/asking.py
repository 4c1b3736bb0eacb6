"""The three actuators that every change management system gets: ask for a change, look whether it holds, close it.

An authorisation of the other system is one more condition of ours. It never replaces a gate or a window of the catalog:
those were passed before the first step.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from importlib import import_module
from typing import Any, ClassVar, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from releasepilot.errors import CatalogError, StepConflict, StepError, StepNotReady, StepRefused
from releasepilot.governance.change import (
    correlation_of,
    drift_of,
    evidence_of,
    folded,
    gives_way,
)
from releasepilot.model.catalog import StepDeclaration
from releasepilot.model.change import (
    ENDED,
    Board,
    ChangeModel,
    ChangePath,
    ChangeRecord,
    ChangeState,
    CloseCode,
    Drift,
    DriftAnswer,
    DriftPolicy,
    Sighting,
)
from releasepilot.model.receipt import Observation, Presence, Receipt
from releasepilot.model.step import Queue, SagaClass, Undo
from releasepilot.model.value import Seconds
from releasepilot.plugins.address import Server
from releasepilot.plugins.changes.connection import Connection, Login, connect
from releasepilot.plugins.changes.interface import ChangeSystem
from releasepilot.plugins.changes.record import notes_of, plan_of, plan_text, record_of
from releasepilot.plugins.secrets.reference import SecretRef
from releasepilot.plugins.spec import Call, Tools

#: However far away the next meeting is, the change is looked at so often: people also decide between meetings.
_SELDOM = 3600.0
#: From draft to implement there are fewer moves than these.
_MOVES = 6

_IN_FORCE = (ChangeState.IMPLEMENT, ChangeState.REVIEW)
_BACK = "The release was taken back by ReleasePilot."


class SystemConfig(BaseModel):
    """Where the system is, and whose credentials are used there."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    #: https, without a path of the interface.
    url: Server
    #: The account, with `password`. Without it `token` is sent as a bearer token.
    user: str = Field(default="", max_length=200)
    #: Where the password stands: `env:NAME`, `file:/path`, `vault:mount/path#key` or `aws-sm:name#key`. Jira takes an
    #: API token as password.
    password: SecretRef | None = None
    #: Where the token stands, by the same kinds of reference.
    token: SecretRef | None = None

    @property
    def login(self) -> Login:
        """The credentials, still as references."""
        return Login(user=self.user, secret=(self.password if self.user else self.token) or "")


class AskConfig(BaseModel):
    """What is asked, and how long to be patient."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    #: Standard changes that are authorised already. The first that covers the whole plan is used.
    models: list[ChangeModel] = Field(default=[], max_length=100)
    #: Ask the emergency board where no model covers the plan. A train that people let past its gates or windows in an
    #: emergency does so without being told.
    emergency: bool = False
    #: When the board meets. A normal change is scheduled from the first meeting that still takes it.
    board: Board | None = None
    #: How long the change is scheduled for.
    duration: Seconds = Field(default=4 * 3600, ge=60, le=30 * 86400)
    #: Time between two looks while people decide.
    interval: Seconds = Field(default=60, ge=1, le=3600)
    #: Give up where it is not authorised after so long.
    within: Seconds = Field(default=30 * 86400, ge=1, le=365 * 86400)


class LookConfig(BaseModel):
    """What is done about drift."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    #: `pause` or `compensate` for each of `cancelled`, `rejected`, `on_hold`, `rescheduled`, `withdrawn`.
    drift: DriftPolicy = DriftPolicy()
    #: Time between two looks while it pauses.
    interval: Seconds = Field(default=60, ge=1, le=3600)


class CloseConfig(BaseModel):
    """What is done where the change can no longer be closed."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    #: Where it was cancelled or rejected after the release: `pause` waits for people, `compensate` turns the train
    #: round.
    lost: DriftAnswer = DriftAnswer.PAUSE
    #: Time between two looks while it pauses.
    interval: Seconds = Field(default=60, ge=1, le=3600)


ConfigT = TypeVar("ConfigT", bound=SystemConfig)


class OfSystem(ABC, Generic[ConfigT]):
    """What all have in common: a connection with the credentials of the configuration, for one call."""

    #: Its workers run no commands of a catalog, which would inherit the credentials.
    queue: ClassVar[Queue] = Queue.DEPLOY
    declarable: ClassVar[bool] = False
    patient: ClassVar[bool] = False

    def __init__(self, tools: Tools) -> None:
        del tools

    @classmethod
    def objection(cls, declaration: StepDeclaration, config: BaseModel) -> str:
        """Refuse a declaration without credentials or with two, and one that could not wait for people."""
        if isinstance(config, SystemConfig) and (
            bool(config.user) != bool(config.password) or bool(config.user) == bool(config.token)
        ):
            return "name either `user` and `password`, or `token`"
        if cls.patient and declaration.attempts == 1:
            return "with `attempts: 1` it would never look again after people have decided: leave `attempts` out"
        return ""

    @abstractmethod
    def system(self, connection: Connection, config: ConfigT) -> Any:
        """Speak to the system through a connection."""

    @asynccontextmanager
    async def opened(self, call: Call[ConfigT]) -> AsyncIterator[Any]:
        """Open a connection for one call."""
        config, component = call.config, call.release.component
        async with connect(config.url, config.login, secrets=call.secrets, component=component) as connection:
            yield self.system(connection, config)


class AskForChange(OfSystem[Any]):
    """Asks for a change and waits until it is authorised.

    It comes before everything that is public, whatever its place in the catalog, and is tried until it is decided. One
    component of a train is enough: what is asked is the whole plan, and no component becomes public before it. Where
    the train goes through an emergency, the emergency board is asked.
    """

    saga_class: ClassVar[SagaClass] = SagaClass.COMPENSATABLE
    undo: ClassVar[Undo] = Undo.REVERT
    effect: ClassVar[bool] = True
    prior: ClassVar[bool] = True
    patient: ClassVar[bool] = True
    escalates: ClassVar[bool] = True

    @classmethod
    def objection(cls, declaration: StepDeclaration, config: BaseModel) -> str:
        """Refuse a board in a zone that this machine does not know, too."""
        if said := super().objection(declaration, config):
            return said
        if isinstance(config, AskConfig) and config.board:
            try:
                import_module("releasepilot.governance.expansion").zone_of(config.board.zone)
            except CatalogError as error:
                return f"{error.message}; {error.hint}"
        return ""

    async def observe(self, call: Call[Any]) -> Observation:
        """Say whether the change is being implemented: a change that ended is no leave to do anything."""
        async with self.opened(call) as system:
            change = await found(system, call)
        if change is None:
            return Observation(presence=Presence.ABSENT)
        shown = f"{change.external.number} ({change.external.state})"
        if foreign := _foreign(call, change):
            return Observation(presence=Presence.CONFLICT, found=shown, detail=foreign)
        if change.state not in _IN_FORCE or change.on_hold:
            return Observation(presence=Presence.ABSENT, detail=f"{shown} is not in force")
        return Observation(presence=Presence.PRESENT, found=change.external.number)

    async def apply(self, call: Call[Any]) -> dict[str, str]:
        """Make the change, hand it in, wait, and begin to implement it. The notes name it."""
        record = record_of(call)
        async with self.opened(call) as system:
            change = await self._asked(system, call, record)
            _refuse_foreign(call, change)
            await system.attach(change, f"plan-{record.plan_digest[-12:]}.txt", plan_text(record))
            record = folded(record, await self._implemented(system, call, record, change))
        return notes_of(call, record)

    async def _asked(self, system: ChangeSystem, call: Call[Any], record: ChangeRecord) -> Sighting:
        """Find the change or make it. In an emergency it takes the place of a normal one that still waits."""
        change = await system.find(record.id)
        if call.emergency and change and not _foreign(call, change) and gives_way(change, record, datetime.now(UTC)):
            # Cancelled first: of two open ones nobody could say which of them the board looked at. Where this ends
            # between the two, the next attempt finds a cancelled normal one, and makes the other.
            if change.state not in ENDED:
                await system.cancel(change, f"Replaced by an emergency change for {call.emergency.incident}.")
            change = None
        return change or await system.create(record)

    async def revert(self, call: Call[Any], _receipt: Receipt | None) -> str:
        """Cancel the change; close it as unsuccessful where it is being implemented. It stays visible as that."""
        async with self.opened(call) as system:
            change = await found(system, call)
            if change is None or _foreign(call, change):
                return ""
            if change.state in _IN_FORCE:
                change = await system.close(change, CloseCode.UNSUCCESSFUL, _BACK)
            elif change.state not in ENDED:
                change = await system.cancel(change, _BACK)
        return f"{change.external.number} stays, {_ended(change)}"

    async def _implemented(
        self, system: ChangeSystem, call: Call[Any], record: ChangeRecord, change: Sighting
    ) -> Sighting:
        """Move the change on as far as it may go, and ask to be called again where people have to act."""
        for _ in range(_MOVES):
            _refuse_ended(call, change)
            if change.on_hold:
                raise self._wait(call, record, change, "is on hold")
            if change.state in _IN_FORCE:
                return change
            if change.state is ChangeState.DRAFT:
                change = await self._advance(system, call, change, _HANDED_IN[change.path or record.path])
            elif change.state is ChangeState.SCHEDULED:
                self._await_schedule(call, record, change)
                change = await self._advance(system, call, change, (ChangeState.IMPLEMENT,))
            else:
                raise self._wait(call, record, change, f"is in {change.external.state}")
        raise self._wait(call, record, change, f"does not rest in {change.external.state}")

    async def _advance(
        self, system: ChangeSystem, call: Call[Any], change: Sighting, towards: Sequence[ChangeState]
    ) -> Sighting:
        """Move the change, as long as there is patience for what is not offered yet."""
        try:
            return await system.advance(change, towards)
        except StepNotReady as error:
            _refuse_late(call, change, error.message.removeprefix(f"{change.external.number} "))
            raise

    def _await_schedule(self, call: Call[Any], record: ChangeRecord, change: Sighting) -> None:
        """Raise where the change may not be implemented now."""
        now = datetime.now(UTC)
        if change.end and now >= change.end:
            raise StepRefused(
                f"{change.external.number} was scheduled until {change.end:%Y-%m-%d %H:%M} UTC, which has passed",
                hint="have it scheduled anew and make a new train",
                component=call.release.component,
            )
        if change.begin and now < change.begin:
            raise self._wait(call, record, change, f"is scheduled for {change.begin:%Y-%m-%d %H:%M} UTC")

    def _wait(self, call: Call[Any], record: ChangeRecord, change: Sighting, what: str) -> StepError:
        """Ask to be called again; give up where that has been long enough."""
        _refuse_late(call, change, what)
        awaited = change.begin if change.state is ChangeState.SCHEDULED else record.begin
        left = (awaited - datetime.now(UTC)).total_seconds() if awaited else 0.0
        after = max(float(call.config.interval), min(left, _SELDOM))
        return StepNotReady(
            f"{change.external.number} {what}: {change.external.url}", after=after, component=call.release.component
        )


class LookAtChange(OfSystem[Any]):
    """Looks whether the change is still in force: what was cancelled, held or moved meanwhile pauses or turns round.

    A check of its own, for the places of a train where that matters, such as before the steps that cannot be undone.
    """

    saga_class: ClassVar[SagaClass] = SagaClass.COMPENSATABLE
    undo: ClassVar[Undo] = Undo.FULL
    effect: ClassVar[bool] = False
    patient: ClassVar[bool] = True

    async def observe(self, call: Call[Any]) -> Observation:
        """Say whether it is in force now."""
        change, drift = await self._now(call)
        if change is None or drift is not None or _foreign(call, change):
            return Observation(presence=Presence.ABSENT, detail=f"{drift or 'there is no change'}")
        return Observation(presence=Presence.PRESENT, found=change.external.number)

    async def apply(self, call: Call[Any]) -> dict[str, str]:
        """Pass where it is; answer drift as the policy says where it is not."""
        change, drift = await self._now(call)
        if change is None:
            raise _none(call)
        _refuse_foreign(call, change)
        if drift is None:
            return {}
        what = f"{change.external.number} is no longer in force ({drift}): {change.external.url}"
        if call.config.drift.answer(drift) is DriftAnswer.PAUSE:
            raise StepNotReady(what, after=float(call.config.interval), component=call.release.component)
        raise StepRefused(what, hint="ask the board; a new train asks anew", component=call.release.component)

    async def revert(self, _call: Call[Any], _receipt: Receipt | None) -> str:
        """Do nothing: nothing was changed."""
        return ""

    async def _now(self, call: Call[Any]) -> tuple[Sighting | None, Drift | None]:
        async with self.opened(call) as system:
            change = await found(system, call)
        return change, drift_of(change, datetime.now(UTC)) if change else None


class CloseChange(OfSystem[Any]):
    """Closes the change as successful, with what was released as evidence.

    A closed change is not opened again: a rollback adds to its notes that the release was taken back. What people
    closed themselves is closed, whatever they say of it: a release that is out is not taken back over its paper.
    """

    saga_class: ClassVar[SagaClass] = SagaClass.RETRIABLE
    undo: ClassVar[Undo] = Undo.DEPRECATE
    effect: ClassVar[bool] = True

    async def observe(self, call: Call[Any]) -> Observation:
        """Say whether it is closed, and as what."""
        async with self.opened(call) as system:
            change = await found(system, call)
        if change is not None and _foreign(call, change):
            return Observation(presence=Presence.CONFLICT, detail=_foreign(call, change))
        if change is None or change.state is not ChangeState.CLOSED:
            return Observation(presence=Presence.ABSENT)
        return Observation(presence=Presence.PRESENT, found=f"{change.external.number} {_ended(change)}")

    async def apply(self, call: Call[Any]) -> dict[str, str]:
        """Attach the evidence and close it. Where it can no longer be closed, `lost` says what becomes of the train."""
        plan = plan_of(call)
        async with self.opened(call) as system:
            change = await found(system, call)
            if change is None:
                raise _none(call)
            _refuse_foreign(call, change)
            if change.state is not ChangeState.CLOSED:
                self._refuse_lost(call, change)
                await system.attach(change, f"released-{plan.digest[-12:]}.txt", evidence_of(plan))
                change = await system.close(change, CloseCode.SUCCESSFUL, evidence_of(plan))
        return {"number": change.external.number}

    async def revert(self, call: Call[Any], _receipt: Receipt | None) -> str:
        """Say in its notes that the release was taken back, where it was closed as successful."""
        async with self.opened(call) as system:
            change = await found(system, call)
            if change is None or change.state is not ChangeState.CLOSED or _foreign(call, change):
                return ""
            await system.note(change, _BACK)
        return f"{change.external.number} stays, {_ended(change)}, with a note"

    def _refuse_lost(self, call: Call[Any], change: Sighting) -> None:
        """Raise where the change was cancelled or rejected after the release."""
        if change.state in ENDED and call.config.lost is DriftAnswer.PAUSE:
            raise StepNotReady(
                f"{change.external.number} was {change.state} and cannot be closed: {change.external.url}",
                after=float(call.config.interval),
                hint="settle it with the board, close it by hand, or roll the release back",
                component=call.release.component,
            )
        _refuse_ended(call, change)


#: Where a draft is handed in to by its path: the first that its model offers. Where that cannot be asked, the first.
_HANDED_IN: Mapping[ChangePath, tuple[ChangeState, ...]] = {
    ChangePath.NORMAL: (ChangeState.ASSESS, ChangeState.AUTHORIZE, ChangeState.SCHEDULED),
    ChangePath.EMERGENCY: (ChangeState.AUTHORIZE, ChangeState.ASSESS, ChangeState.SCHEDULED),
    ChangePath.STANDARD: (ChangeState.SCHEDULED, ChangeState.AUTHORIZE, ChangeState.ASSESS),
}


async def found(system: ChangeSystem, call: Call[Any]) -> Sighting | None:
    """Find the change of the call's train and component."""
    return await system.find(correlation_of(call.train, call.release.component))


def _refuse_late(call: Call[Any], change: Sighting, what: str) -> None:
    """Raise where people have been waited for long enough."""
    if datetime.now(UTC) >= call.scheduled_at + timedelta(seconds=call.config.within):
        raise StepRefused(
            f"{change.external.number} {what}, and was not authorised within {call.config.within} seconds",
            hint="ask the board, or raise `within`",
            component=call.release.component,
        )


def _foreign(call: Call[Any], change: Sighting) -> str:
    """Say that a change is about another plan; empty where it is about this one."""
    return "" if change.plan_digest == plan_of(call).digest else f"{change.external.number} is about another plan"


def _refuse_foreign(call: Call[Any], change: Sighting) -> None:
    """Raise where a change is about another plan: its authorisation is none of this one."""
    if foreign := _foreign(call, change):
        raise StepConflict(foreign, hint="make a new train", component=call.release.component)


def _refuse_ended(call: Call[Any], change: Sighting) -> None:
    """Raise where the change ended without leave."""
    if change.state in ENDED:
        raise StepRefused(
            f"{change.external.number} was {change.state}: {change.external.url}",
            hint="ask the board why; a new train asks anew",
            component=call.release.component,
        )


def _none(call: Call[Any]) -> StepRefused:
    return StepRefused(
        f"there is no change {correlation_of(call.train, call.release.component)}",
        hint="let a step of the same component ask for it first",
        component=call.release.component,
    )


def _ended(change: Sighting) -> str:
    """Say how a change ended."""
    return f"closed as {change.close_code or 'nothing'}" if change.state is ChangeState.CLOSED else f"{change.state}"
