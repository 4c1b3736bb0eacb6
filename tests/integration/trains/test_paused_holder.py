"""A worker that stands still while its train is taken from it: when it goes on, it does not write."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path
from typing import Any

import pytest
from support.patience import PATIENCE
from support.remotes import Change, Remote, make_remote
from support.trains import catalog_of
from support.trains import depot as opened
from support.worker_process import worker_host
from temporalio.client import Client

from releasepilot.model.catalog import Catalog
from releasepilot.model.train import Outcome
from releasepilot.workflows.ports import train_workflow_id

#: It says that it looks, and stands still before it has seen anything for as long as it is told to.
_LOOK = """
if [ -e "$FAR/hold" ]; then touch "$FAR/looking"; while [ -e "$FAR/hold" ]; do sleep 0.1; done; fi
grep -q "^$RELEASEPILOT_TRAIN$" "$FAR/log"
"""
_WRITE = 'echo "$RELEASEPILOT_TRAIN" >> "$FAR/log"'


def _catalog(remote: Remote, far: Path) -> Catalog:
    deploy: dict[str, Any] = {"uses": "exec", "name": "deploy", "shell": True, "tree": False, "undo": "none"}
    deploy |= {"class": "compensatable", "apply": _WRITE, "observe": _LOOK, "env": {"FAR": str(far)}}
    return catalog_of([{"name": "api", "repo": remote.url, "publish": [deploy]}])


@pytest.mark.slow
@pytest.mark.takes(70)
async def test_a_worker_that_stood_still_writes_nothing_after_its_train_was_taken(
    temporal: Client, temporal_address: str, ledger_url: str, tmp_path: Path
) -> None:
    """Stopped, its workflow terminated, another train deployed, and let go on: the far side is left alone."""
    far = tmp_path / "far"
    far.mkdir()
    (far / "log").touch()
    (far / "hold").touch()
    files = {"pyproject.toml": '[project]\nname = "api"\nversion = "1.0.0"\n'}
    remote = make_remote(tmp_path / "api.git", [Change(message="feat: begin", files=files, tag="v1.0.0"), "fix: one"])
    async with opened(temporal, ledger_url, tmp_path, working=False) as depot:
        with worker_host(tmp_path / "a", temporal_address, ledger_url) as stopped:
            await asyncio.to_thread(stopped.start)
            catalog = _catalog(remote, far)
            first = await depot.start(catalog, await depot.plan(catalog))
            async with asyncio.timeout(PATIENCE):
                while not (far / "looking").exists():  # noqa: ASYNC110 - another process writes it
                    await asyncio.sleep(0.05)
            pid = int(stopped.pid_file.read_text())
            os.kill(pid, signal.SIGSTOP)
            try:
                await temporal.get_workflow_handle(train_workflow_id(first)).terminate("its operator gave up")
                (far / "hold").unlink()
                with worker_host(tmp_path / "b", temporal_address, ledger_url) as other:
                    await asyncio.to_thread(other.start)
                    remote.add("fix: two")
                    catalog = _catalog(remote, far)
                    second = await depot.start(catalog, await depot.plan(catalog))
                    assert (await depot.ended(second)).outcome is Outcome.RELEASED
            finally:
                os.kill(pid, signal.SIGCONT)
            # In order, so that what it was at has come to its end.
            await asyncio.to_thread(stopped.stop)
            assert (far / "log").read_text() == f"{second}\n"
