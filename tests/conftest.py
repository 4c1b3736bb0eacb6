"""Servers that several test packages share: one PostgreSQL and one Temporal a test process."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.postgres import fresh_database
from temporalio.client import Client

from releasepilot.control import Servers, dial
from releasepilot.workers.throwaway import running_postgres, running_temporal


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
