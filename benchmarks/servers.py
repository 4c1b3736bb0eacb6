"""The servers of a benchmark: real ones, in a folder of their own, for as long as it takes."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from support.postgres import fresh_database

from releasepilot.workers.throwaway import running_postgres, running_temporal


class Running(NamedTuple):
    """Where the servers are, and a folder to work in."""

    address: str
    database: str
    folder: Path


@contextmanager
def running_servers() -> Iterator[Running]:
    """Run PostgreSQL and Temporal for a block."""
    with tempfile.TemporaryDirectory(prefix="releasepilot-bench-") as folder:
        root = Path(folder)
        for name in ("postgres", "temporal", "work"):
            (root / name).mkdir()
        with (
            running_postgres(root / "postgres") as url,
            fresh_database(url) as database,
            running_temporal(root / "temporal") as address,
        ):
            yield Running(address, database, root / "work")
