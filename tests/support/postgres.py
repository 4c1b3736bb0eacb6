"""Databases of a running PostgreSQL for tests."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

import psycopg

from releasepilot.store.migrate import migrate


@contextmanager
def fresh_database(url: str, *, migrated: bool = True) -> Iterator[str]:
    """Yield the URL of a new database of a running server, dropped at the end."""
    name = f"test_{uuid4().hex}"
    base, _, _ = url.rpartition("/")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"create database {name}".encode())
        try:
            if migrated:
                migrate(f"{base}/{name}")
            yield f"{base}/{name}"
        finally:
            connection.execute(f"drop database {name} with (force)".encode())
