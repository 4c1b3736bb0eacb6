"""Trains with the real actuators on shared servers."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from support.trains import Depot
from support.trains import depot as opened
from temporalio.client import Client


@pytest.fixture
async def depot(temporal: Client, ledger_url: str, tmp_path: Path) -> AsyncIterator[Depot]:
    """Give a depot with a worker on all queues."""
    async with opened(temporal, ledger_url, tmp_path) as given:
        yield given
