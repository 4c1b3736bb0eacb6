"""Connections to a database that goes away, and comes back."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from chaos.proxy import proxy_to

from releasepilot.errors import StackError
from releasepilot.store.pool import open_pool
from releasepilot.store.read import Reader
from releasepilot.workers.ports import free_port


async def test_a_database_that_was_away_for_long_is_found_by_who_asks_next(database_url: str) -> None:
    """A pool that tries by itself waits longer each time; who asks is not kept waiting for that."""
    address = urlsplit(database_url)
    assert address.port
    async with proxy_to(address.port) as proxy:
        through = address._replace(netloc=address.netloc.replace(f":{address.port}", f":{proxy.port}")).geturl()
        async with open_pool(through, patience=1) as pool:
            reader = Reader(pool)
            await reader.answers()
            proxy.target = free_port()
            proxy.cut()
            for _ in range(5):
                with pytest.raises(StackError):
                    await reader.answers()
            proxy.target = address.port
            await reader.answers()
