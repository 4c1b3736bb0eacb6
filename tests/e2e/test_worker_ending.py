"""A worker that is told to end while a step runs: it ends within a bound, and the step comes to its end elsewhere."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from support.crews import crew
from support.temporal import Stage, train_name
from support.worker_process import WorkerHost, worker_host
from support.world import installed, plan_of, step
from temporalio.client import Client

from releasepilot.model.step import Queue, StepStatus
from releasepilot.model.train import Outcome

TESTS = Path(__file__).parents[1]


@pytest.fixture
async def stage(temporal: Client, ledger_url: str, tmp_path: Path) -> AsyncIterator[Stage]:
    """Give workers of this process that take no step."""
    ours = (Queue.ENGINE, Queue.GIT)
    async with crew(temporal, ledger_url, tmp_path, lambda posting: replace(posting, queues=ours)) as given:
        yield given


@pytest.fixture
def host(temporal_address: str, ledger_url: str, tmp_path: Path) -> Iterator[WorkerHost]:
    """Give a machine for workers that take the steps, into the same world; they have a second of grace."""
    path = os.pathsep.join([str(installed(tmp_path / "installed")), str(TESTS), os.environ.get("PYTHONPATH", "")])
    environ = {"PYTHONPATH": path, "RELEASEPILOT_CACHE_DIR": str(tmp_path)}
    options = ("--queue", "deploy", "--grace", "1")
    with worker_host(tmp_path / "host", temporal_address, ledger_url, *options, **environ) as given:
        yield given


async def begin(stage: Stage, host: WorkerHost, order: str) -> str:
    """Start a train, and return its id when its step has had its effect and does as ordered."""
    plan = plan_of(train_name(), [step("lib", "push")], {"lib": ()})
    stage.world.order("lib/push", order)
    await asyncio.to_thread(host.start)
    train = await stage.control.start(stage.request(plan))
    async with asyncio.timeout(60):
        while not stage.world.history():  # noqa: ASYNC110 - another process writes it
            await asyncio.sleep(0.05)
    return train


async def goes_on(stage: Stage, host: WorkerHost, train: str) -> None:
    """The next worker finds what the step has done, and does not do it again."""
    stage.world.heal("lib/push")
    await asyncio.to_thread(host.start)
    assert (await stage.ended(train)).outcome is Outcome.RELEASED
    assert stage.world.history() == ["+lib/push"]
    (row,) = await stage.reader.steps(train)
    assert row.receipt is not None
    assert row.receipt.adopted


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_what_ends_within_the_grace_is_reported(stage: Stage, host: WorkerHost, number: signal.Signals) -> None:
    """The worker waits for it and ends with 0; nobody does it again."""
    host.options = ("--queue", "deploy", "--grace", "20")
    train = await begin(stage, host, "take a while")
    assert await asyncio.to_thread(host.end, number) == 0
    assert (await stage.ended(train)).outcome is Outcome.RELEASED
    (row,) = await stage.reader.steps(train)
    assert row.status is StepStatus.DONE
    assert row.receipt is not None
    assert not row.receipt.adopted


async def test_what_takes_longer_is_cancelled_and_taken_up_by_the_next_worker(stage: Stage, host: WorkerHost) -> None:
    """The worker ends with 0, because it has left nothing behind."""
    train = await begin(stage, host, "never end")
    assert await asyncio.to_thread(host.end) == 0
    await goes_on(stage, host, train)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("order", "told"),
    [
        ("never let go", "apply_step lib/push of train/{name}/{digest}, attempt 1 does not end"),
        ("block", "apply_step lib/push of train/{name}/{digest}, attempt 1 does not end"),
        ("leave a thread", "a thread that an attempt has left behind"),
    ],
)
async def test_what_ignores_that_keeps_no_worker(stage: Stage, host: WorkerHost, order: str, told: str) -> None:
    """The process ends by itself with 1, says what it leaves, and the next worker takes it up."""
    train = await begin(stage, host, order)
    assert await asyncio.to_thread(host.end) == 1
    name, _, digest = train.rpartition("-")
    assert told.format(name=name, digest=digest) in host.log.read_text()
    await goes_on(stage, host, train)
