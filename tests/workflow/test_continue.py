"""A long train goes on as a new run, in the middle of a phase, on the way there and on the way back."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from support.patience import PATIENCE
from support.temporal import Stage, train_name
from support.temporal import stage as staged
from support.tokens import Issuer
from support.world import plan_of, step

from releasepilot.control import Control, Servers, dial
from releasepilot.errors import IdentityUnproven
from releasepilot.model.catalog import OnFailure
from releasepilot.model.emergency import EmergencyPolicy
from releasepilot.model.plan import Plan
from releasepilot.model.train import Outcome
from releasepilot.model.window import Window
from releasepilot.workflows.ports import train_workflow_id

COMPONENTS: dict[str, tuple[str, ...]] = {f"c{index}": () for index in range(30)}


async def test_an_isolated_failure_is_remembered_over_several_runs(impatient: Stage) -> None:
    """The others are released to the end, and the failed component is undone then."""
    impatient.world.order("c0/s1", "refuse")
    plan = train(OnFailure.ROLLBACK_DEPENDENTS)
    record = await impatient.ended(await impatient.control.start(impatient.request(plan)))
    assert await runs(impatient) > 1
    assert record.outcome is Outcome.PARTLY_RELEASED
    assert set(record.released) == set(COMPONENTS) - {"c0"}
    assert "c0/s0" not in impatient.world.present()
    assert record.cause == "c0/s1: the far side said no"


async def test_the_close_of_a_window_is_taken_along(impatient: Stage) -> None:
    """A later run holds back what would not end before a close that an earlier run was told of."""
    short = Window(name="short", zone="UTC", start="2026-07-06T10:00", duration="30m")
    later = short.model_copy(update={"name": "later", "start": "2026-07-06T12:00", "duration": "5h"})
    plan = train()
    whole = [one.model_copy(update={"estimate": 3600 if one.id == "last/s" else 1}) for one in plan.steps]
    plan = plan.model_copy(update={"steps": tuple(whole)})
    impatient.clock.set(datetime(2026, 7, 6, 10, 5, tzinfo=UTC))
    name = await impatient.control.start(impatient.request(plan, windows=(short, later)))
    async with asyncio.timeout(PATIENCE):
        while not (view := await impatient.control.view(name)).waiting_for:  # noqa: ASYNC110 - a view is asked for
            await asyncio.sleep(0.1)
    assert view.waiting_for == "'short' closes before 1h have passed until 2026-07-06 12:00 UTC"
    assert await runs(impatient) > 1
    await impatient.control.abort(name, "seen")
    assert (await impatient.ended(name)).outcome is Outcome.ROLLED_BACK


async def test_a_later_run_knows_who_may_override_and_whom_to_ask_for_proof(impatient: Stage) -> None:
    """An override frees a train that windows hold after several runs; who proves nothing frees it not."""
    issuer = Issuer()
    impatient.given.trust = issuer.trust
    short = Window(name="short", zone="UTC", start="2026-07-06T10:00", duration="30m")
    plan = train()
    whole = [one.model_copy(update={"estimate": 3600 if one.id == "last/s" else 1}) for one in plan.steps]
    plan = plan.model_copy(update={"steps": tuple(whole)})
    later = short.model_copy(update={"name": "later", "start": "2026-07-06T12:00", "duration": "5h"})
    impatient.clock.set(datetime(2026, 7, 6, 10, 5, tzinfo=UTC))
    request = impatient.request(plan, roles={"commanders": ("cora",)}, windows=(short, later))
    given = {"emergency": EmergencyPolicy(roles=("commanders",), sole=True)}
    request = request.model_copy(
        update={"catalog": request.catalog.model_copy(update=given), "requested_by": issuer.actor("rita")}
    )
    impatient.workflow_ids[-1] = train_workflow_id(request.train)
    name = await impatient.control.start(request)
    async with asyncio.timeout(PATIENCE):
        while not (view := await impatient.control.view(name)).waiting_for:  # noqa: ASYNC110 - a view is asked for
            await asyncio.sleep(0.1)
    assert await runs(impatient) > 1
    assert view.conditions[0].who == ("cora",)
    told = {"reason": "outage", "incident": "INC-1"}
    with pytest.raises(IdentityUnproven):
        await impatient.as_actor("cora").override(name, ["short", "later"], **told)
    cora = Control(impatient.client, impatient.reader, issuer.actor("cora"))
    await cora.override(name, ["short", "later"], **told)
    record = await impatient.ended(name)
    assert record.outcome is Outcome.RELEASED
    assert record.waived == ("short: waived by cora: outage, INC-1", "later: waived by cora: outage, INC-1")


def train(on_failure: OnFailure = OnFailure.ROLLBACK_ALL) -> Plan:
    """Make a train of ninety steps, the last of which needs all the others."""
    steps = [
        step(name, f"s{index}", *([f"{name}/s{index - 1}"] if index else []))
        for name in COMPONENTS
        for index in range(3)
    ]
    steps.append(step("last", "s", *(f"{name}/s2" for name in COMPONENTS)))
    return plan_of(train_name(), steps, {**COMPONENTS, "last": tuple(COMPONENTS)}, concurrency=6, on_failure=on_failure)


@pytest.fixture
async def impatient(impatient_temporal_address: str, ledger_url: str, tmp_path: Path) -> AsyncIterator[Stage]:
    """Give a stage on a server that suggests to continue early."""
    client = await dial(Servers(temporal_address=impatient_temporal_address, database_url=""))
    async with staged(client, ledger_url, tmp_path) as given:
        yield given


async def runs(stage: Stage) -> int:
    """Count the runs of the last train."""
    query = f"WorkflowId = '{stage.workflow_ids[-1]}'"
    return len([run async for run in stage.client.list_workflows(query)])


async def test_a_long_train_is_released_over_several_runs(impatient: Stage) -> None:
    """Each step is done once, and the journal has no gap and no double."""
    name = await impatient.control.start(impatient.request(train()))
    record = await impatient.ended(name)
    assert record.outcome is Outcome.RELEASED
    assert await runs(impatient) > 1
    assert max(Counter(impatient.world.history()).values()) == 1
    events = await impatient.reader.events(name)
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    assert sum(event.type == "step:done" for event in events) == 91


async def test_a_long_way_back_goes_over_several_runs(impatient: Stage) -> None:
    """Everything is undone once, what cannot be is listed once, and the cause survives."""
    impatient.world.order("last/s", "refuse")
    impatient.world.order("c7/s0", "undo")
    record = await impatient.ended(await impatient.control.start(impatient.request(train())))
    assert record.outcome is Outcome.RESIDUE
    assert await runs(impatient) > 2
    assert impatient.world.present() == {"c7/s0"}
    assert [(item.component, item.step) for item in record.residue] == [("c7", "s0")]
    assert record.cause == "last/s: the far side said no"
