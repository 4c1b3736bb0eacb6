"""Embedded stacks for the tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.stacks import WORKER, a_stack

from releasepilot.settings import Settings
from releasepilot.workers.local import ensure_stack


@pytest.fixture
def settings(tmp_path: Path) -> Iterator[Settings]:
    """Yield settings for a stack that does not run yet."""
    with a_stack(tmp_path / "state") as settings:
        yield settings


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """Yield settings of a stack that runs."""
    with a_stack(tmp_path_factory.mktemp("stack") / "state") as settings:
        ensure_stack(settings, worker_command=WORKER)
        yield settings
