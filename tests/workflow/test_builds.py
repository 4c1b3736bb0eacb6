"""Two builds of the workers at once: a train stays with the one that it began on, new ones begin on the current one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from support.crews import crew
from support.temporal import Stage, train_name
from support.world import plan_of, step
from temporalio.api.workflowservice.v1 import SetWorkerDeploymentCurrentVersionRequest
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode
from workflow.conftest import replay_twice

from releasepilot.control import Servers, dial
from releasepilot.model.plan import Plan
from releasepilot.model.train import Outcome, TrainPhase
from releasepilot.workers.pool import DEPLOYMENT, Posting
from releasepilot.workers.throwaway import running_temporal
from releasepilot.workflows.ports import train_workflow_id


@pytest.fixture
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Give the address of a server of its own: a current build concerns all workers of a server."""
    with running_temporal(tmp_path_factory.mktemp("builds")) as given:
        yield given


def build(name: str) -> Callable[[Posting], Posting]:
    """Return what gives a posting a build."""
    return lambda posting: replace(posting, build=name)


async def make_current(client: Client, name: str) -> None:
    """Have new trains begin on a build, once the server knows all of its queues."""
    asked = SetWorkerDeploymentCurrentVersionRequest(
        namespace=client.namespace, deployment_name=DEPLOYMENT, build_id=name, identity="test"
    )
    async with asyncio.timeout(60):
        while True:
            try:
                await client.workflow_service.set_worker_deployment_current_version(asked)
            except RPCError as error:
                if error.status not in (RPCStatusCode.NOT_FOUND, RPCStatusCode.FAILED_PRECONDITION):
                    raise
                await asyncio.sleep(0.1)
            else:
                return


async def build_of(client: Client, train: str) -> str:
    """Return the build that a train's workflow is run by."""
    told = await client.get_workflow_handle(train_workflow_id(train)).describe()
    return told.raw_description.workflow_execution_info.versioning_info.deployment_version.build_id


def two_steps() -> Plan:
    """Plan one step after another."""
    return plan_of(
        train_name(), [step("lib", "one", uses="diary"), step("lib", "two", "lib/one", uses="diary")], {"lib": ()}
    )


async def steps_in(stage: Stage, train: str) -> int:
    """Return how many steps of a train were begun by the workers of a stage."""
    return sum(line.startswith(f"{train}/") and line.endswith("/begun") for line in stage.world.history())


async def test_a_train_stays_with_its_build(address: str, ledger_url: str, tmp_path: Path) -> None:
    """What began before the new build is planned, run and ended by the old workers, beside what begins after it."""
    first, second = [await dial(Servers(temporal_address=address, database_url="")) for _ in range(2)]
    async with crew(first, ledger_url, tmp_path / "old", build("2026.1")) as old:
        await make_current(first, "2026.1")
        plan = two_steps()
        request = old.request(plan)
        old.world.order("lib/one", f"stand still for {request.train}")
        early = await old.control.start(request)
        async for view in old.control.watch(early):
            if view.phase is TrainPhase.RUNNING:
                break
        async with crew(second, ledger_url, tmp_path / "new", build("2026.2")) as new:
            await make_current(second, "2026.2")
            late = await new.control.start(new.request(two_steps()))
            assert (await new.ended(late)).outcome is Outcome.RELEASED
            old.world.heal("lib/one")
            assert (await old.ended(early)).outcome is Outcome.RELEASED
            assert [await build_of(first, train) for train in (early, late)] == ["2026.1", "2026.2"]
            assert [await steps_in(old, early), await steps_in(old, late)] == [2, 0]
            assert [await steps_in(new, early), await steps_in(new, late)] == [0, 2]
            # What is done to an ended train later is begun on the current build.
            await new.control.rollback(early)
            await new.control.rolled_back(early)
            assert [line.endswith("undone") for line in new.world.history()].count(True) == 2
    await replay_twice(old)
    await replay_twice(new)
