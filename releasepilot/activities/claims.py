"""Asking for a claim, and taking one from a holder that is no more."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from time import monotonic

from temporalio import activity
from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.service import RPCError, RPCStatusCode

from releasepilot.activities.failure import failures_explained
from releasepilot.activities.ledger import Ledger
from releasepilot.activities.steps import PlanShelf
from releasepilot.model.claim import Ahead, Claim, Wanted, claim_keys
from releasepilot.workflows.ports import LEASE, Activity, ClaimCall


class Claims:
    """Asks the ledger for claims. A claim is held for as long as its workflow is open in Temporal."""

    def __init__(self, client: Client, ledger: Ledger, shelf: PlanShelf, lease: timedelta = LEASE) -> None:
        """Look after holders through the client; one that was closed for the lease has lost its claim."""
        self._lease = lease
        self._client = client
        self._ledger = ledger
        self._shelf = shelf
        #: When this worker first missed holders that Temporal does not know: nobody says when these were closed.
        self._missed: dict[tuple[str, datetime], float] = {}

    @activity.defn(name=Activity.CLAIM)
    async def claim(self, call: ClaimCall) -> Claim:
        """Ask for what a plan releases, or let it go."""
        with failures_explained(final=False):
            if not call.plan_digest:
                return Claim(freed=await self._ledger.let_go(call.holder, call.asked_at))
            wanted = Wanted(
                train=call.train,
                holder=call.holder,
                keys=claim_keys(await self._shelf.plan(call.plan_digest), call.components),
                asked_at=call.asked_at,
                planned_at=call.planned_at,
            )
            claim = await self._ledger.claim(wanted)
            gone = [one for one in claim.ahead if await self._gone(one)]
            if not gone:
                return claim
            for one in gone:
                activity.logger.warning("the claim of %s is free: its workflow is no more", one.train)
            freed = [name for one in gone for name in await self._ledger.let_go(one.holder, call.asked_at)]
            after = await self._ledger.claim(wanted)
            others = dict.fromkeys((*claim.freed, *freed, *after.freed))
            return after.model_copy(update={"freed": tuple(name for name in others if name != call.holder)})

    async def _gone(self, ahead: Ahead) -> bool:
        """Whether a holder's workflow has ended without letting go, long enough ago for its last step to know it."""
        try:
            told = await self._client.get_workflow_handle(ahead.holder).describe()
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise
            return self._missed_long(ahead)
        self._missed.pop((ahead.holder, ahead.since), None)
        if told.status is WorkflowExecutionStatus.RUNNING or told.close_time is None:
            return False
        return datetime.now(UTC) - told.close_time > self._lease

    def _missed_long(self, ahead: Ahead) -> bool:
        """Whether the holder of a claim has been missing for the lease, as far as this worker has seen."""
        claim = (ahead.holder, ahead.since)
        missing = monotonic() - self._missed.setdefault(claim, monotonic())
        if missing <= self._lease.total_seconds():
            return False
        del self._missed[claim]
        return True
