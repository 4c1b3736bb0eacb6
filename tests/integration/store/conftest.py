"""A database of its own for each test, on one real server."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest
from support.postgres import fresh_database

from releasepilot.store.pool import Pool, open_pool
from releasepilot.workers.throwaway import running_postgres


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Yield the URL of a running server."""
    with running_postgres(tmp_path_factory.mktemp("store")) as url:
        yield url


@pytest.fixture
def database_url(server: str) -> Iterator[str]:
    """Yield the URL of a migrated, empty database."""
    with fresh_database(server) as url:
        yield url


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator[Pool]:
    """Yield connections to it."""
    async with open_pool(database_url) as pool:
        yield pool
