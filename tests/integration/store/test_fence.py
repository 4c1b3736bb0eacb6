"""The fence before a write, over a real database."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from support.recorded_trains import NOW, a_request
from temporalio.testing import ActivityEnvironment

from releasepilot.activities.fence import Fence
from releasepilot.errors import StepFenced
from releasepilot.model.claim import Wanted
from releasepilot.store.pool import Pool
from releasepilot.store.read import Reader
from releasepilot.store.write import Writer
from releasepilot.workflows.ports import LEASE, StepCall


async def passes(pool: Pool, ticket: int, age: timedelta, limit: timedelta = timedelta(minutes=1)) -> None:
    """Let an attempt that the server handed out so long ago, and gives up after a limit, come to its write."""
    call = StepCall(train="core-1", plan_digest="sha256:0", step="api/push", train_started_at=NOW, ticket=ticket)
    environment = ActivityEnvironment()
    environment.info = replace(environment.info, started_time=datetime.now(UTC) - age, start_to_close_timeout=limit)
    await environment.run(Fence(Reader(pool), call, LEASE).pass_through)


async def a_claim(pool: Pool, holder: str) -> int:
    """Claim something; return the ticket."""
    request = a_request()
    await Writer(pool).open_train(request.train, request, NOW)
    wanted = Wanted(train=request.train, holder=holder, keys={"k": "api"}, asked_at=NOW)
    return (await Writer(pool).claim(wanted)).ticket


async def test_who_holds_it_passes(pool: Pool) -> None:
    """However old the attempt is."""
    await passes(pool, await a_claim(pool, "one"), timedelta(hours=1))


async def test_who_has_lost_it_does_not(pool: Pool) -> None:
    """Once the attempt is old enough for the claim to have been taken, the ledger is asked."""
    ticket = await a_claim(pool, "one")
    await Writer(pool).let_go("one", NOW)
    await a_claim(pool, "two")
    with pytest.raises(StepFenced, match="core-1 holds api/push no longer") as caught:
        await passes(pool, ticket, LEASE)
    assert not caught.value.retryable


async def test_a_young_attempt_asks_nobody(pool: Pool) -> None:
    """Its workflow was open a moment ago, so that nobody can have taken its claim yet."""
    await passes(pool, 10**9, timedelta(seconds=1))


async def test_an_attempt_that_may_have_timed_out_asks(pool: Pool) -> None:
    """Its workflow may have gone on without it, have ended, and have let go of the claim at once."""
    with pytest.raises(StepFenced):
        await passes(pool, 10**9, timedelta(seconds=2), limit=timedelta(seconds=3))


async def test_a_step_of_before_there_were_claims_passes(pool: Pool) -> None:
    """A train that began under an earlier version has no ticket."""
    await passes(pool, 0, timedelta(hours=1))
