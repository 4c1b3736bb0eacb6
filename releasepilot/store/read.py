"""Questions to the read model."""

from __future__ import annotations

import difflib
import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TypeVar

from psycopg.rows import class_row, scalar_row
from pydantic import BaseModel

from releasepilot.errors import StackError, TrainUnknown
from releasepilot.model.assessment import Assessment
from releasepilot.model.claim import Ahead
from releasepilot.model.estimate import Measured
from releasepilot.model.event import Event
from releasepilot.model.plan import Plan
from releasepilot.model.receipt import Receipt
from releasepilot.model.refusal import Refusal
from releasepilot.model.train import Outcome, Record, Request, TrainPhase
from releasepilot.model.value import Value
from releasepilot.store.claims import named
from releasepilot.store.fold import StepState
from releasepilot.store.pool import Pool, connected
from releasepilot.store.sql import queries

_SQL = queries("read.sql")

RowT = TypeVar("RowT", bound=BaseModel)


class TrainRow(Value):
    """A train as it was last recorded."""

    id: str
    #: The catalog's name for it.
    name: str
    #: Empty until it is planned.
    plan_digest: str
    phase: TrainPhase
    #: None until it has ended.
    outcome: Outcome | None
    record: Record | None
    #: The account that asked for it.
    requested_by: str
    started_at: datetime
    ended_at: datetime | None
    #: Why it does not move, in words; empty where it does.
    waiting_for: str


class OverdueReview(Value):
    """A review of an emergency that nobody has written in time."""

    train: str
    incident: str


class StepRow(StepState):
    """A step of a train as it was last recorded."""

    component: str
    #: The actuator; empty where the step's plan was never saved.
    uses: str


class WaitingStep(Value):
    """A step that runs, and may be waiting for the system that it speaks to."""

    train: str
    component: str
    #: Its id, `<component>/<name>`.
    step: str


def _is_whole(plan: Plan, body: str, digest: str) -> bool:
    """Whether a text is what its digest says, and everything in it was understood.

    The same as comparing digests, without writing the canonical form again: this runs beside the steps of a train.
    """
    told = plan.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    return "sha256:" + hashlib.sha256(body.encode()).hexdigest() == digest and json.loads(body) == told


class Reader:
    """Answers from the database. Whatever is asked, StackError where it does not answer."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def answers(self) -> None:
        """Return where the database answers."""
        await self._value("answers")

    async def plan(self, digest: str) -> Plan:
        """Return a saved plan; StackError where there is none, or where it is not what its digest says."""
        body = await self._value("plan", digest=digest)
        if body is None:
            raise StackError(f"no plan {digest} is saved", hint="plan the train again")
        plan = Plan.model_validate_json(str(body))
        if not _is_whole(plan, str(body), digest):
            raise StackError(f"the saved plan {digest} reads as {plan.digest}", hint="plan the train again")
        return plan

    async def assessment(self, train: str, plan_digest: str) -> Assessment | None:
        """Return what a train last thought of a plan; None where it never judged it, as without rules."""
        body = await self._value("assessment", train=train, digest=plan_digest)
        return None if body is None else Assessment.model_validate_json(str(body))

    async def holds_claim(self, ticket: int) -> bool:
        """Whether a ticket is held: granted, and not let go."""
        return bool(await self._value("holds_claim", ticket=ticket))

    async def claimed(self, keys: Mapping[str, str], train: str) -> list[Ahead]:
        """Return who else holds some of these keys, each with its component's name, or waits for them."""
        return [named(one, keys) for one in await self._rows(Ahead, "claimed", keys=sorted(keys), train=train)]

    async def train(self, key: str) -> TrainRow:
        """Return the train of this id, the latest of this name, or the only one whose id begins so.

        TrainUnknown where there is none or more than one; the message names those that come near.
        """
        # PostgreSQL's text holds no NUL, so no train can be meant.
        rows = await self._rows(TrainRow, "find_trains", key=key) if key and "\x00" not in key else []
        if rows and (key in (rows[0].id, rows[0].name) or len(rows) == 1):
            return rows[0]
        if rows:
            some = ", ".join(row.id for row in rows)
            raise TrainUnknown(f"more than one train begins with {key!r}: {some}", hint="write more of the id")
        raise TrainUnknown(f"there is no train {key!r}", hint=await self._meant(key))

    async def latest(self) -> TrainRow:
        """Return the train that was started last; TrainUnknown before the first."""
        rows = await self.history(1)
        if not rows:
            raise TrainUnknown("no train has been started yet", hint="`releasepilot release` starts one")
        return rows[0]

    async def history(self, limit: int, name: str | None = None) -> list[TrainRow]:
        """Return at most `limit` trains, the latest first, of one name or of all."""
        return await self._rows(TrainRow, "history", limit=limit, name=name)

    async def request(self, train: str) -> Request:
        """Return what a train was asked to do, by its exact id; TrainUnknown where there is none."""
        found = await self._value("request", train=train)
        if found is None:
            raise TrainUnknown(f"there is no train {train!r}", hint=await self._meant(train))
        return Request.model_validate(found)

    async def steps(self, train: str) -> list[StepRow]:
        """Return the steps of a train, by its exact id, in the order of its plan; none before it is planned."""
        return await self._rows(StepRow, "steps", train=train)

    async def waiting_steps(self, system: str) -> list[WaitingStep]:
        """Return the steps that run by the actuators `<system>.*`, in all trains that have not ended."""
        return await self._rows(WaitingStep, "waiting_steps", system=system)

    async def measured(self, name: str) -> list[Measured]:
        """Return what the steps of the latest trains of a name took, where they were done."""
        return await self._rows(Measured, "measured", name=name)

    async def receipt(self, train: str, step: str) -> Receipt | None:
        """Return what a step handed back; None where it never did."""
        found = await self._value("receipt", train=train, step=step)
        return None if found is None else Receipt.model_validate(found)

    async def events(self, train: str) -> list[Event]:
        """Return everything that happened in a train, by its exact id, in order."""
        return await self._rows(Event, "events", train=train)

    async def refusals(self, train: str) -> list[Refusal]:
        """Return what was tried with a train, by its exact id, and refused, in order."""
        return await self._rows(Refusal, "refusals", train=train)

    async def overdue_review(self, name: str, now: datetime) -> OverdueReview | None:
        """Return the first review that trains of a name owe at a moment; None where they owe none."""
        found = await self._rows(OverdueReview, "overdue_review", name=name, now=now)
        return found[0] if found else None

    async def owes_review(self, train: str) -> bool:
        """Say whether an emergency of a train, by its exact id, has still to be reviewed."""
        return bool(await self._value("owes_review", train=train))

    async def failures(self, name: str, but: str, components: Sequence[str], limit: int) -> list[bool]:
        """Say of at most `limit` ended trains of a name, but for one, whether a component failed; the latest first."""
        given = {"name": name, "but": but, "components": list(components), "limit": limit}
        async with connected(self._pool) as connection, connection.cursor(row_factory=scalar_row) as cursor:
            return [bool(row) for row in await (await cursor.execute(_SQL["failures"], given)).fetchall()]

    async def checks(self, name: str, but: str, steps: Sequence[str]) -> dict[tuple[str, str], bool]:
        """Say by step and actuator whether it ended well when it last ran in a train of a name, but for one."""
        given = {"name": name, "but": but, "steps": list(steps)}
        async with connected(self._pool) as connection, connection.cursor() as cursor:
            rows = await (await cursor.execute(_SQL["checks"], given)).fetchall()
        return {(str(step), str(uses)): bool(passed) for step, uses, passed in rows}

    async def next_seq(self, train: str) -> int:
        """Return the number of the train's next event; the first is 1."""
        return int(str(await self._value("next_seq", train=train)))

    async def _meant(self, key: str) -> str:
        """Say which trains come near, or where to find them."""
        async with connected(self._pool) as connection, connection.cursor(row_factory=scalar_row) as cursor:
            known = [str(row) for row in await (await cursor.execute(_SQL["known_names"])).fetchall()]
        near = difflib.get_close_matches(key, dict.fromkeys(known), n=3)
        return f"did you mean {' or '.join(near)}?" if near else "`releasepilot history` lists the trains"

    async def _rows(self, kind: type[RowT], query: str, **given: object) -> list[RowT]:
        async with connected(self._pool) as connection, connection.cursor(row_factory=class_row(kind)) as cursor:
            await cursor.execute(_SQL[query], given)
            return await cursor.fetchall()

    async def _value(self, query: str, **given: object) -> object:
        """Return the first column of the first row, None where there is no row."""
        async with connected(self._pool) as connection, connection.cursor() as cursor:
            await cursor.execute(_SQL[query], given)
            row = await cursor.fetchone()
            return None if row is None else row[0]
