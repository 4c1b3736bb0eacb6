"""The embedded worker and the commands know the same payload keys, or the command says that they do not."""

from __future__ import annotations

import base64
import os
from pathlib import Path

import pytest
from support.stacks import WORKER, a_stack

from releasepilot.errors import StackError
from releasepilot.settings import Settings
from releasepilot.workers.local import ensure_stack, stack_status


def test_a_command_with_other_keys_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before a train is started that nobody could read. While keys are rotated both may lead."""
    monkeypatch.setenv("TEST_KEY", base64.b64encode(os.urandom(32)).decode())

    def told(value: str) -> Settings:
        return Settings.load({"RELEASEPILOT_PAYLOAD_KEYS": value} if value else {}, state_dir=tmp_path / "state")

    running = "new=env:TEST_KEY,old=env:TEST_KEY"
    monkeypatch.setenv("RELEASEPILOT_PAYLOAD_KEYS", running)
    with a_stack(tmp_path / "state", RELEASEPILOT_PAYLOAD_KEYS=running) as settings:
        ensure_stack(settings, worker_command=WORKER)
        state = stack_status(settings)
        assert state is not None
        assert state.payload_keys == ("new", "old")
        for agreeing in (running, "new=env:TEST_KEY", "old=env:TEST_KEY,new=env:TEST_KEY"):
            ensure_stack(told(agreeing), worker_command=WORKER)
        for other in ("", "old=env:TEST_KEY", "newer=env:TEST_KEY", "newer=env:TEST_KEY,new=env:TEST_KEY"):
            with pytest.raises(StackError, match="payload keys new, old, and this command has"):
                ensure_stack(told(other), worker_command=WORKER)
