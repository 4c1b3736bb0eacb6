"""The ledger: the only writer of the database, and what workflows read back from it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from temporalio import activity

from releasepilot.activities.failure import failures_explained
from releasepilot.activities.outline import measured_for, outline_of
from releasepilot.activities.proof import require_proof
from releasepilot.errors import IdentityUnproven, ReviewOverdue
from releasepilot.model.assessment import Assessment
from releasepilot.model.claim import Claim, Wanted
from releasepilot.model.gate import Actor
from releasepilot.model.plan import Plan
from releasepilot.model.refusal import Refusal
from releasepilot.model.trust import Trust
from releasepilot.store.read import Reader
from releasepilot.store.write import Writer
from releasepilot.workflows.ports import Activity, Batch, PrepareCall, Standing, StandingCall, Written


class Ledger:
    """Writes events, trains and plans; reads where a train stands."""

    def __init__(self, writer: Writer, reader: Reader, trust: Trust | None = None) -> None:
        """Write with one, read with the other; with `trust` nobody changes an ended train without proof."""
        self._trust = trust
        self._writer = writer
        self._reader = reader

    @activity.defn(name=Activity.RECORD)
    async def record(self, batch: Batch) -> Written:
        """Write events and the read model that follows from them, once."""
        with failures_explained(final=False):
            freed = await self._writer.record(batch.train, batch.events)
            return Written(freed=freed) if freed else Written()

    @activity.defn(name=Activity.STANDING)
    async def standing(self, call: StandingCall) -> Standing:
        """Say where a train stands by what was written."""
        with failures_explained():
            if call.asked_at is not None:
                # What asks for somebody is named after the command: a rollback, a review.
                tried = (activity.info().workflow_type or "").lower()
                await self.prove(call.train, tried, call.asked_by, call.asked_at)
            row = await self._reader.train(call.train)
            request = await self._reader.request(row.id)
            plan = await self._reader.plan(row.plan_digest)
            steps = await self._reader.steps(row.id)
            return Standing(
                outline=outline_of(
                    plan, request, passed=True, trust=self._trust, measured=await measured_for(request, self._reader)
                ),
                statuses={step.id: step.status for step in steps},
                next_seq=await self._reader.next_seq(row.id),
                started_at=row.started_at,
                residue=row.record.residue if row.record else (),
            )

    async def open(self, call: PrepareCall) -> None:
        """Make the train known, and find out whether it may begin.

        IdentityUnproven where nobody knows who asks for it, ReviewOverdue where an earlier train of its name owes the
        review of an emergency.
        """
        await self._writer.open_train(call.train, call.request, call.started_at)
        await self.prove(call.train, "start", call.asked_by, call.started_at)
        if call.previous:
            # It began before that was due, or it is the train that owes it.
            return
        owed = await self._reader.overdue_review(call.request.catalog.train, datetime.now(UTC))
        if owed is not None:
            raise ReviewOverdue(
                f"the emergency {owed.incident} of train {owed.train} has not been reviewed in time",
                hint=f"write down what happened: releasepilot review {owed.train} --comment TEXT",
            )

    async def claim(self, wanted: Wanted) -> Claim:
        """Ask for keys on behalf of a workflow, or how its claim on them stands."""
        return await self._writer.claim(wanted)

    async def let_go(self, holder: str, at: datetime) -> tuple[str, ...]:
        """Let go what a workflow claims; return those that need wait no longer."""
        return await self._writer.let_go(holder, at)

    async def prove(self, train: str, tried: str, actor: Actor | None, at: datetime) -> None:
        """Raise IdentityUnproven where somebody had no valid token at a moment, and keep that they tried."""
        try:
            require_proof(actor, self._trust, at)
        except IdentityUnproven as error:
            account = actor.account if actor else ""
            refusal = Refusal.of(train, tried, account, at, code=error.code, reason=error.message)
            await self._writer.refuse(train, (refusal,))
            raise

    async def refuse(self, train: str, refusals: Sequence[Refusal]) -> bool:
        """Keep what was refused of a train; return whether there is such a train."""
        return await self._writer.refuse(train, refusals)

    async def keep(self, plan: Plan) -> None:
        """Store a plan by its digest."""
        await self._writer.save_plan(plan)

    async def keep_assessment(self, train: str, plan_digest: str, at: datetime, assessment: Assessment) -> None:
        """Store what was thought of a plan of an open train at a moment."""
        await self._writer.save_assessment(train, plan_digest, at, assessment)
