"""Servers that several test packages share, one of each kind a test process; and the order of modules."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.postgres import fresh_database
from temporalio.client import Client

from releasepilot.control import Servers, dial
from releasepilot.workers.throwaway import running_postgres, running_temporal

#: About how many seconds a test takes where it is not marked: one that is slow, one with Temporal, and any other.
_SLOW, _SERVED, _PLAIN = 12.0, 2.0, 0.05


def pytest_configure(config: pytest.Config) -> None:
    """Keep our order of modules: by itself xdist ends with those of few tests, which are those that take longest."""
    if hasattr(config.option, "loadscopereorder"):
        config.option.loadscopereorder = False


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the modules that take longest, so that no process works on one while all others have ended."""
    takes: Counter[Path] = Counter()
    for item in items:
        takes[item.path] += _seconds(item)
    items.sort(key=lambda item: -takes[item.path])


def _seconds(item: pytest.Item) -> float:
    if (takes := item.get_closest_marker("takes")) is not None:
        return float(takes.args[0])
    if item.get_closest_marker("slow") is not None:
        return _SLOW
    return _SERVED if "temporal_address" in getattr(item, "fixturenames", ()) else _PLAIN


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Give the URL of a running PostgreSQL."""
    with running_postgres(tmp_path_factory.mktemp("postgres")) as url:
        yield url


@pytest.fixture(scope="session")
def ledger_url(postgres: str) -> Iterator[str]:
    """Give the URL of a migrated database that all trains of this process share."""
    with fresh_database(postgres) as url:
        yield url


@pytest.fixture(scope="session")
def temporal_address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Give the address of a running Temporal server."""
    with running_temporal(Path(tmp_path_factory.mktemp("temporal"))) as address:
        yield address


@pytest.fixture(scope="session")
def impatient_temporal_address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Give the address of a server that finds a history of 150 events long."""
    folder = Path(tmp_path_factory.mktemp("impatient"))
    with running_temporal(folder, "limit.historyCount.suggestContinueAsNew=150") as address:
        yield address


@pytest.fixture
async def temporal(temporal_address: str) -> Client:
    """Connect to that server, for one test."""
    return await dial(Servers(temporal_address=temporal_address, database_url=""))
