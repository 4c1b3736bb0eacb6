"""A real PostgreSQL for tests, from the wheel that the embedded stack uses."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import psycopg

from releasepilot.store.migrate import migrate
from releasepilot.workers import postgres
from releasepilot.workers.part import Part
from releasepilot.workers.ports import free_port


@contextmanager
def running_postgres(tmp: Path) -> Iterator[str]:
    """Yield the URL of an empty database of a server that ends with this block, or with this process.

    Call it from the main thread: on Linux the server also ends with the thread that started it.
    """
    folder = tmp / "postgres"
    cluster = postgres.prepare(folder)
    port = free_port()
    part = Part(
        "postgres",
        logs=tmp,
        locks=tmp,
        launch=lambda: cluster.launch(port),
        ready=lambda: cluster.answers(port),
    )
    deadline = time.monotonic() + 60
    try:
        while not part.is_ready:
            part.tend()
            assert time.monotonic() < deadline, part.log.read_text()
            time.sleep(0.02)
        yield cluster.url(port)
    finally:
        part.stop()
        postgres.remove(folder)


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
