"""Histories that earlier versions recorded still replay: a running train survives an upgrade."""

from __future__ import annotations

from pathlib import Path

import pytest
from temporalio.client import WorkflowHistory
from temporalio.worker import Replayer
from temporalio.workflow import NondeterminismError

from releasepilot.workers.pool import WORKFLOWS
from releasepilot.workers.sandbox import runner
from releasepilot.workflows.payloads import DATA_CONVERTER

HISTORIES = sorted(Path(__file__).with_name("histories").glob("*.json"))
TEXTS = {path: path.read_text() for path in HISTORIES}


def replayer() -> Replayer:
    """Make a replayer as the workers are made."""
    return Replayer(workflows=list(WORKFLOWS), data_converter=DATA_CONVERTER, workflow_runner=runner())


def test_there_are_histories() -> None:
    """Every scenario of the recorder is kept at least once."""
    assert len(HISTORIES) >= 6


@pytest.mark.parametrize("path", HISTORIES, ids=lambda path: path.stem)
async def test_a_kept_history_replays(path: Path) -> None:
    """Today's code takes the turns that the history tells of."""
    await replayer().replay_workflow(WorkflowHistory.from_json(path.stem, TEXTS[path]))


async def test_a_history_that_tells_of_other_turns_does_not_replay() -> None:
    """The net can catch: an activity of another name is found."""
    changed = TEXTS[HISTORIES[0]].replace('"apply_step"', '"apply_other"')
    with pytest.raises(NondeterminismError):
        await replayer().replay_workflow(WorkflowHistory.from_json("changed", changed))
