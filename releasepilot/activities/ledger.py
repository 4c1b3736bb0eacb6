"""The ledger: the only writer of the database, and what workflows read back from it."""

from __future__ import annotations

from temporalio import activity

from releasepilot.activities.failure import failures_explained
from releasepilot.activities.outline import measured_for, outline_of
from releasepilot.model.plan import Plan
from releasepilot.store.read import Reader
from releasepilot.store.write import Writer
from releasepilot.workflows.ports import Activity, Batch, PrepareCall, Standing, StandingCall


class Ledger:
    """Writes events, trains and plans; reads where a train stands."""

    def __init__(self, writer: Writer, reader: Reader) -> None:
        """Write with one, read with the other."""
        self._writer = writer
        self._reader = reader

    @activity.defn(name=Activity.RECORD)
    async def record(self, batch: Batch) -> None:
        """Write events and the read model that follows from them, once."""
        with failures_explained(final=False):
            await self._writer.record(batch.train, batch.events)

    @activity.defn(name=Activity.STANDING)
    async def standing(self, call: StandingCall) -> Standing:
        """Say where a train stands by what was written."""
        with failures_explained():
            row = await self._reader.train(call.train)
            request = await self._reader.request(row.id)
            plan = await self._reader.plan(row.plan_digest)
            steps = await self._reader.steps(row.id)
            return Standing(
                outline=outline_of(plan, request, measured=await measured_for(request, self._reader)),
                statuses={step.id: step.status for step in steps},
                next_seq=await self._reader.next_seq(row.id),
                started_at=row.started_at,
                residue=row.record.residue if row.record else (),
            )

    async def open(self, call: PrepareCall) -> None:
        """Make the train known."""
        await self._writer.open_train(call.train, call.request, call.started_at)

    async def keep(self, plan: Plan) -> None:
        """Store a plan by its digest."""
        await self._writer.save_plan(plan)
