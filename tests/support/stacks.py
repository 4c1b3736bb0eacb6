"""Embedded stacks for tests: real servers, a worker that only waits, and nothing left behind."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from support.patience import PATIENCE

from releasepilot.settings import Settings
from releasepilot.workers.folder import PartState, Standing
from releasepilot.workers.local import remove_stack, stack_status

#: A process in the worker's place: it writes down what it was told, and waits.
WAITING = """
import json, os, time
told = {name: value for name, value in os.environ.items() if name.startswith("RELEASEPILOT_")}
open("told.new", "w").write(json.dumps(told))
os.replace("told.new", "told.json")
time.sleep(100000)
"""
WORKER = (sys.executable, "-c", WAITING)


@contextmanager
def a_stack(state_dir: Path, **environ: str) -> Iterator[Settings]:
    """Yield settings whose stack is ended afterwards, and its database removed."""
    settings = Settings.load(environ, state_dir=state_dir)
    try:
        yield settings
    finally:
        remove_stack(settings)


def part(settings: Settings, name: str) -> PartState:
    """Return what the supervisor says of one part."""
    state = stack_status(settings)
    assert state is not None
    return next(part for part in state.parts if part.name == name)


def is_ready(settings: Settings) -> bool:
    """Whether all parts are up."""
    state = stack_status(settings)
    return state is not None and state.standing is Standing.READY


def pids_of(settings: Settings) -> list[int]:
    """Return the processes of a running stack, the supervisor's first."""
    state = stack_status(settings)
    assert state is not None
    return [pid for pid in (state.pid, *(part.pid for part in state.parts)) if pid]


def eventually(true: Callable[[], bool], seconds: float = PATIENCE) -> float:
    """Wait until it is true and return the seconds that took."""
    began = time.monotonic()
    while not true():
        assert time.monotonic() - began < seconds, "it did not come true in time"
        time.sleep(0.02)
    return time.monotonic() - began


def ask(database_url: str, query: str) -> object:
    """Return the first value of a query's answer."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        cursor = connection.execute(query.encode())
        row = cursor.fetchone() if cursor.description else None
        return None if row is None else row[0]


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that only waits to be reaped does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False
