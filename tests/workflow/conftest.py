"""A stage for trains: real Temporal, real PostgreSQL, steps with real effects; every history replays."""

from __future__ import annotations

import gc
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from support.temporal import Stage
from support.temporal import stage as staged
from temporalio.client import Client
from temporalio.worker import Replayer

from releasepilot.workers.pool import WORKFLOWS
from releasepilot.workers.sandbox import runner
from releasepilot.workflows.ports import LEASE


@pytest.fixture
async def stage(
    temporal: Client, ledger_url: str, tmp_path: Path, request: pytest.FixtureRequest
) -> AsyncIterator[Stage]:
    """Give a worker without a cache; afterwards replay, twice, every history that the test made.

    A test may give another lease as this fixture's parameter.
    """
    async with staged(temporal, ledger_url, tmp_path, lease=getattr(request, "param", LEASE)) as given:
        yield given
    await replay_twice(given)


async def replay_twice(given: Stage) -> None:
    """Replay on a heap that differs each time, which is what shows an iteration over a set."""
    ballast: list[object] = []
    for round_number in range(2):
        ballast.append([object() for _ in range(997 * (round_number + 1))])
        gc.collect()
        for workflow_id in given.workflow_ids:
            history = await given.client.get_workflow_handle(workflow_id).fetch_history()
            replayer = Replayer(
                workflows=list(WORKFLOWS),
                data_converter=given.client.data_converter,
                namespace=given.client.namespace,
                workflow_runner=runner(),
            )
            await replayer.replay_workflow(history)
