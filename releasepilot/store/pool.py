"""Connections to the database, shared by readers and writers."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, TypeAlias

import psycopg
from psycopg.rows import TupleRow
from psycopg_pool import AsyncConnectionPool

from releasepilot.errors import StackError

Connection: TypeAlias = psycopg.AsyncConnection[TupleRow]
Pool: TypeAlias = AsyncConnectionPool[Connection]

#: Seconds to wait for a connection: longer than the embedded database needs to come back after a crash.
PATIENCE = 15.0

_HINT = "`releasepilot doctor` says what is wrong with the database"


def unreachable(error: psycopg.Error) -> StackError:
    """Make the error that people see of one of the driver's, in one line and without the address's password."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    if isinstance(error, psycopg.errors.UndefinedTable | psycopg.errors.UndefinedColumn):
        return StackError(f"the database does not have this version's tables: {lines[0]}", hint=_HINT)
    return StackError(f"the database cannot be used: {lines[0]}", hint=_HINT)


@asynccontextmanager
async def open_pool(database_url: str, *, max_size: int = 8, patience: float = PATIENCE) -> AsyncIterator[Pool]:
    """Open connections to a migrated database; StackError where it does not answer.

    Whoever takes one waits `patience` seconds for it where the database is away, and so long at most a pool that has
    lost it tries by itself: after that the next who asks has it try at once, however long the database was away.
    """
    try:
        # A pool only reports that time ran out; a plain connection says why.
        async with await psycopg.AsyncConnection.connect(database_url, connect_timeout=int(PATIENCE)):
            pass
    except psycopg.Error as error:
        raise unreachable(error) from error
    kwargs: dict[str, Any] = {"autocommit": True, "application_name": "releasepilot"}
    pool: Pool = AsyncConnectionPool(
        database_url,
        min_size=1,
        max_size=max_size,
        timeout=patience,
        reconnect_timeout=patience,
        kwargs=kwargs,
        check=AsyncConnectionPool.check_connection,
        open=False,
    )
    async with pool:
        yield pool


@asynccontextmanager
async def connected(pool: Pool) -> AsyncIterator[Connection]:
    """Take a connection that answers; StackError where there is none, or where it breaks while it is used."""
    try:
        async with pool.connection() as connection:
            yield connection
    except psycopg.Error as error:
        raise unreachable(error) from error
