"""Writing the read model: events, and what follows from them, in one transaction."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import TypeVar

from psycopg.rows import class_row
from psycopg.types.json import Jsonb
from pydantic import JsonValue, TypeAdapter
from pydantic_core import PydanticSerializationError

from releasepilot.errors import IdentityUnproven, TrainUnknown
from releasepilot.model.assessment import Assessment
from releasepilot.model.claim import Claim, Wanted
from releasepilot.model.event import Event, EventType
from releasepilot.model.plan import Plan
from releasepilot.model.refusal import Refusal
from releasepilot.model.train import Request
from releasepilot.store import claims
from releasepilot.store.fold import PLAN_EVENTS, STEP_EVENTS, TRAIN_EVENTS, StepState, TrainState, next_step, next_train
from releasepilot.store.pool import Connection, Pool, connected
from releasepilot.store.sql import queries

_SQL = queries("write.sql")

#: Refusals that are kept of one train, and of one actor among them; the others are counted.
_MOST, _MOST_OF_ONE = 500, 50

RowT = TypeVar("RowT", Event, StepState)

#: With these nothing of a train moves any more.
_ENDS = frozenset({EventType.TRAIN_ENDED, EventType.ROLLBACK_ENDED})

_EVENTS: TypeAdapter[list[Event]] = TypeAdapter(list[Event])
_STEPS: TypeAdapter[list[StepState]] = TypeAdapter(list[StepState])


class Writer:
    """The only writer of the database. Every method but `refuse` may be called again with the same arguments."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def save_plan(self, plan: Plan) -> None:
        """Keep a plan under its digest."""
        steps = {
            "digest": plan.digest,
            "ids": [step.id for step in plan.steps],
            "components": [step.component for step in plan.steps],
            "uses": [step.uses for step in plan.steps],
        }
        body = plan.canonical().decode()
        async with connected(self._pool) as connection, connection.transaction():
            await connection.execute(
                _SQL["insert_plan"], {"digest": plan.digest, "train_name": plan.train, "body": body}
            )
            await connection.execute(_SQL["insert_plan_steps"], steps)

    async def save_assessment(self, train: str, plan_digest: str, at: datetime, assessment: Assessment) -> None:
        """Keep what was thought of a plan of an open train at a moment."""
        given = {"train": train, "digest": plan_digest, "at": at, "body": assessment.model_dump_json()}
        async with connected(self._pool) as connection:
            await connection.execute(_SQL["insert_assessment"], given)

    async def open_train(self, train_id: str, request: Request, at: datetime) -> None:
        """Make the train's row, in its first phase."""
        async with connected(self._pool) as connection:
            await _open(connection, train_id, request, at)

    async def claim(self, wanted: Wanted) -> Claim:
        """Ask for keys, or how a claim on them stands; see `store.claims`."""
        async with connected(self._pool) as connection, connection.transaction():
            return await claims.ask(connection, wanted)

    async def let_go(self, holder: str, at: datetime) -> tuple[str, ...]:
        """Let go what a workflow claims; return the workflows that need wait no longer."""
        async with connected(self._pool) as connection, connection.transaction():
            return await claims.release(connection, "", holder, at)

    async def refuse(self, train: str, refusals: Sequence[Refusal]) -> bool:
        """Add refusals of one train; return whether there is such a train. Those that are too many are only counted.

        What is given again is counted again.
        """
        async with connected(self._pool) as connection, connection.transaction():
            if await (await connection.execute(_SQL["hold_train"], {"train": train})).fetchone() is None:
                return False
            for refusal in refusals:
                await _refuse(connection, refusal)
        return True

    async def record(self, train: str, events: Sequence[Event]) -> tuple[str, ...]:
        """Add events and bring the train and its steps up to date with those that are new.

        A train that ends lets go of its claim; returned are the workflows that need wait for it no longer.
        A train that is neither open nor opened by a `train:started` among the events is TrainUnknown. Batches may
        be sent again and may overlap. An event older than the last one written makes the read model anew.
        """
        if not events:
            return ()
        ordered = sorted(events, key=lambda event: event.seq)
        async with connected(self._pool) as connection, connection.transaction():
            if any(event.type in _ENDS for event in ordered):
                # Before the train's row, as when a claim is asked for: the other way round each waits for the other.
                await claims.lock(connection)
            await _open_from(connection, train, ordered)
            state = await _locked(connection, train)
            new = await _insert(connection, train, ordered)
            if not new:
                return ()
            # Of what is new alone: an end of long ago lets go nothing that a rollback has claimed since.
            ends = [event.at for event in new if event.type in _ENDS]
            if new[0].seq <= state.seq:
                state, new = await _afresh(connection, train)
            await _pend(connection, train, new)
            await _put_steps(connection, train, new)
            await _put_train(connection, train, state, new)
            return await claims.release(connection, train, "", ends[-1]) if ends else ()


async def _open(connection: Connection, train: str, request: Request, at: datetime) -> None:
    row = {
        "id": train,
        "name": request.catalog.train,
        "request": Jsonb(storable(request.model_dump(mode="json", by_alias=True))),
        "requested_by": str(request.requested_by),
        "started_at": at,
    }
    await connection.execute(_SQL["insert_train"], row)


async def _open_from(connection: Connection, train: str, events: Sequence[Event]) -> None:
    """Open the train where its first event is among these."""
    for event in events:
        if event.type is EventType.TRAIN_STARTED and "request" in event.data:
            await _open(connection, train, Request.model_validate(event.data["request"]), event.at)


async def _locked(connection: Connection, train: str) -> TrainState:
    """Return where the train stands, and let no other writer touch it before this transaction ends."""
    async with connection.cursor(row_factory=class_row(TrainState)) as cursor:
        await cursor.execute(_SQL["lock_train"], {"train": train})
        state = await cursor.fetchone()
    if state is None:
        raise TrainUnknown(f"train {train!r} has no row to record events of", hint="open the train first")
    return state


async def _insert(connection: Connection, train: str, events: Sequence[Event]) -> list[Event]:
    """Insert the events and return those that were not there, in order."""
    cursor = await connection.execute(_SQL["insert_events"], {"train": train, "events": _rows(_EVENTS, list(events))})
    inserted = {seq for (seq,) in await cursor.fetchall()}
    return [event for event in events if event.seq in inserted]


async def _afresh(connection: Connection, train: str) -> tuple[TrainState, list[Event]]:
    """Forget the read model and return the whole history to make it of."""
    await connection.execute(_SQL["forget_steps"], {"train": train})
    async with connection.cursor(row_factory=class_row(Event)) as cursor:
        await cursor.execute(_SQL["all_events"], {"train": train})
        return TrainState(), await cursor.fetchall()


async def _pend(connection: Connection, train: str, events: Sequence[Event]) -> None:
    """Add the pending steps of the last plan among the events."""
    digests = [event.data.get("digest") for event in events if event.type in PLAN_EVENTS]
    if digests:
        await connection.execute(_SQL["forget_pending"], {"train": train})
        await connection.execute(_SQL["pend_steps"], {"train": train, "digest": digests[-1]})


async def _put_steps(connection: Connection, train: str, events: Sequence[Event]) -> None:
    """Bring the steps that the events name up to date, with one read and one write."""
    moves = [event for event in events if event.type in STEP_EVENTS]
    if not moves:
        return
    ids = list(dict.fromkeys(event.step for event in moves))
    states = {step: StepState(id=step) for step in ids}
    async with connection.cursor(row_factory=class_row(StepState)) as cursor:
        await cursor.execute(_SQL["steps_now"], {"train": train, "ids": ids})
        states.update({state.id: state for state in await cursor.fetchall()})
    for event in moves:
        states[event.step] = next_step(states[event.step], event)
    await connection.execute(_SQL["put_steps"], {"train": train, "steps": _rows(_STEPS, list(states.values()))})


async def _put_train(connection: Connection, train: str, state: TrainState, events: Sequence[Event]) -> None:
    """Bring the train's row up to date."""
    for event in events:
        # The others, of which there are thousands, move nothing but the number of the last one.
        if event.type in TRAIN_EVENTS or event is events[-1]:
            state = next_train(state, event)
    record = state.record and Jsonb(storable(state.record.model_dump(mode="json")))
    row = {**dict(state), "record": record, "waiting_for": storable_text(state.waiting_for), "train": train}
    await connection.execute(_SQL["put_train"], row)


async def _refuse(connection: Connection, refusal: Refusal) -> None:
    """Count a refusal where it was refused before, keep it where there is room, else count it among the others."""
    if (await connection.execute(_SQL["repeat_refusal"], _refused(refusal))).rowcount:
        return
    bounds = {"most": _MOST, "most_of_one": _MOST_OF_ONE, "unproven": IdentityUnproven.code}
    if (await connection.execute(_SQL["insert_refusal"], {**_refused(refusal), **bounds})).rowcount:
        return
    rest = Refusal.uncounted(refusal.train, refusal.at, refusal.last_at, refusal.times)
    await connection.execute(_SQL["count_refusal"], _refused(rest))


def _refused(refusal: Refusal) -> dict[str, object]:
    row = refusal.model_dump(exclude={"type"})
    return {name: storable_text(value) if isinstance(value, str) else value for name, value in row.items()}


def storable_text(text: str) -> str:
    """Replace what PostgreSQL cannot hold: NUL, and the surrogates that stand for bytes that were not UTF-8."""
    return text.replace("\x00", "\ufffd").encode("utf-8", "replace").decode("utf-8")


def storable(value: JsonValue) -> JsonValue:
    """Replace in every text of a JSON value what PostgreSQL cannot hold."""
    if isinstance(value, str):
        return storable_text(value)
    if isinstance(value, list):
        return [storable(item) for item in value]
    if isinstance(value, dict):
        return {storable_text(key): storable(item) for key, item in value.items()}
    return value


def _rows(kind: TypeAdapter[list[RowT]], rows: list[RowT]) -> str:
    """Turn rows into the one JSON text that `jsonb_to_recordset` takes."""
    try:
        text = kind.dump_json(rows).decode()
    except PydanticSerializationError:
        # A surrogate. pydantic writes no JSON of it, and PostgreSQL would take none.
        return json.dumps(storable(kind.dump_python(rows, mode="json")), ensure_ascii=False)
    if "\\u0000" in text:
        return json.dumps(storable(json.loads(text)), ensure_ascii=False)
    return text
