"""One theatre for all simulated trains of this folder."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from releasepilot.control import Servers
from releasepilot.plugins.registry import Registry
from releasepilot.plugins.spec import Tools
from releasepilot.simulate.rehearsal import Rehearsal, rehearsal, theatre


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    """Run the servers of simulations."""
    with theatre(tmp_path_factory.mktemp("theatre")) as running:
        yield running


@pytest.fixture
async def rehearsed(servers: Servers, tmp_path: Path) -> AsyncIterator[Rehearsal]:
    """Give workers whose actuators stand in for the installed ones."""
    async with rehearsal(servers, tmp_path, Registry.load(Tools(cache=tmp_path))) as running:
        yield running


@pytest.fixture
def thorough() -> bool:
    """Whether the long form was asked for, as `make crashes` does."""
    return bool(os.environ.get("RELEASEPILOT_THOROUGH"))
