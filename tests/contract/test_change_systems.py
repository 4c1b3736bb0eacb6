"""Both systems keep the port: whatever is done twice is done once, and an end is an end."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest
from support.changes import CORRELATION, PLAN, VARIABLE, know
from support.jira import running_site
from support.servicenow import running_instance

from releasepilot.errors import StepNotReady, StepRefused
from releasepilot.model.change import ChangePath, ChangeRecord, ChangeState, CloseCode
from releasepilot.plugins.changes.connection import Login, connect
from releasepilot.plugins.changes.interface import ChangeSystem
from releasepilot.plugins.changes.jira import Jira, JiraUse
from releasepilot.plugins.changes.servicenow import ServiceNow, ServiceNowUse
from releasepilot.plugins.secrets.keeper import OpenSecrets

RECORD = ChangeRecord(id=CORRELATION, path=ChangePath.NORMAL, plan_digest=PLAN.digest, summary="api 1.1.0")
HANDED_IN = (ChangeState.ASSESS, ChangeState.AUTHORIZE)


@pytest.fixture(params=["servicenow", "jira"])
async def system(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[ChangeSystem]:
    """Give a system that agrees to everything."""
    login = Login(user="bot", secret=f"env:{VARIABLE}")
    async with AsyncExitStack() as stack:
        service = stack.enter_context(running_instance() if request.param == "servicenow" else running_site())
        know(monkeypatch, service)
        service.agreeable = True
        connection = await stack.enter_async_context(
            connect(service.url, login, secrets=OpenSecrets(), component="api")
        )
        if request.param == "servicenow":
            yield ServiceNow(connection, ServiceNowUse(server=service.url))
        else:
            use = JiraUse(server=service.url, project="OPS", issue_type="[System] Change", statuses={})
            yield Jira(connection, use)


async def test_a_change_is_found_by_its_id_alone(system: ChangeSystem) -> None:
    """What was made is what is found, and what is seen."""
    assert await system.find(CORRELATION) is None
    made = await system.create(RECORD)
    assert await system.find(CORRELATION) == made == await system.seen(made)
    assert (made.state, made.correlation_id, made.plan_digest) == (ChangeState.DRAFT, CORRELATION, PLAN.digest)
    assert await system.find(f"{CORRELATION}x") is None


async def test_a_change_moves_where_it_may_go(system: ChangeSystem) -> None:
    """To the first state that is offered; where it is already, nothing is asked."""
    made = await system.create(RECORD)
    with pytest.raises(StepNotReady, match="cannot go to implement yet"):
        await system.advance(made, (ChangeState.IMPLEMENT,))
    moved = await system.advance(made, HANDED_IN)
    assert moved.state is ChangeState.SCHEDULED
    begun = await system.advance(moved, (ChangeState.IMPLEMENT,))
    assert begun.state is ChangeState.IMPLEMENT
    assert await system.advance(begun, (ChangeState.IMPLEMENT,)) == begun


async def test_an_end_is_an_end(system: ChangeSystem) -> None:
    """Closing twice is closing once, and a note is added once."""
    moved = await system.advance(await system.create(RECORD), HANDED_IN)
    begun = await system.advance(moved, (ChangeState.IMPLEMENT,))
    closed = await system.close(begun, CloseCode.SUCCESSFUL, "all is well")
    assert (closed.state, closed.close_code, closed.close_notes) == ("closed", "successful", "all is well")
    assert await system.close(closed, CloseCode.UNSUCCESSFUL, "or is it") == closed
    for _ in range(2):
        await system.note(await system.seen(closed), "it was taken back")
    seen = await system.seen(closed)
    assert seen.close_notes.splitlines() == ["all is well", "it was taken back"]
    assert seen.close_code == "successful"


async def test_a_cancelled_change_stays_that(system: ChangeSystem) -> None:
    """Cancelling twice is cancelling once."""
    made = await system.create(RECORD)
    cancelled = await system.cancel(made, "not now")
    assert cancelled.state is ChangeState.CANCELLED
    assert (await system.cancel(cancelled, "not now")).state is ChangeState.CANCELLED
    assert await system.find(CORRELATION) == await system.seen(made)


async def test_what_is_gone_is_told(system: ChangeSystem) -> None:
    """Somebody deleted it."""
    made = await system.create(RECORD)
    gone = made.model_copy(update={"external": made.external.model_copy(update={"id": "nothing"})})
    with pytest.raises(StepRefused, match="no longer there"):
        await system.seen(gone)
