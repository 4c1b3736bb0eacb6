"""Holders that Temporal knows nothing of any more."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from support.recorded_trains import a_plan, a_request
from temporalio.client import Client
from temporalio.testing import ActivityEnvironment

from releasepilot.activities.claims import Claims
from releasepilot.activities.ledger import Ledger
from releasepilot.activities.steps import PlanShelf
from releasepilot.model.claim import Claim, Wanted, claim_keys
from releasepilot.store.pool import open_pool
from releasepilot.store.read import Reader
from releasepilot.store.write import Writer
from releasepilot.workflows.ports import ClaimCall


async def test_a_deleted_holder_keeps_its_claim_for_a_lease(temporal: Client, ledger_url: str) -> None:
    """However long it held it: an attempt of its last moment is young, and would ask nobody."""
    async with open_pool(ledger_url) as pool:
        writer, reader, plan, request = Writer(pool), Reader(pool), a_plan(1), a_request("lost")
        long_ago = datetime.now(UTC) - timedelta(hours=1)
        await writer.open_train(request.train, request, long_ago)
        await writer.save_plan(plan)
        gone = Wanted(train=request.train, holder="train/lost/gone", keys=claim_keys(plan), asked_at=long_ago)
        held = await writer.claim(gone)
        claims = Claims(temporal, Ledger(writer, reader), PlanShelf(reader), timedelta(seconds=0.5))
        call = ClaimCall(
            train=request.train, holder="train/lost/waits", asked_at=datetime.now(UTC), plan_digest=plan.digest
        )

        async def asked() -> Claim:
            answer = await ActivityEnvironment().run(claims.claim, call)
            assert isinstance(answer, Claim)
            return answer

        assert [one.holder for one in (await asked()).ahead] == [gone.holder]
        assert await reader.holds_claim(held.ticket)
        while (await asked()).ahead:
            pass
        assert not await reader.holds_claim(held.ticket)
        await writer.let_go("train/lost/waits", datetime.now(UTC))
