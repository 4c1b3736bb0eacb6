"""Servers for a while: a Temporal and a PostgreSQL of one's own in a folder, for simulations and tests."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from releasepilot.errors import StackError
from releasepilot.workers import postgres, temporal_server
from releasepilot.workers.part import Part
from releasepilot.workers.ports import free_port

#: Seconds within which a server starts, also on a machine that is busy.
_PATIENCE = 60.0


@contextmanager
def running_temporal(folder: Path, *dynamic: str) -> Iterator[str]:
    """Run the embedded stack's Temporal for a block, on a file in `folder`; yield its address.

    `dynamic` is configuration beside the embedded stack's, `key=value`. Call it from the main thread: on Linux the
    server also ends with the thread that started it. StackError where it does not start.
    """
    ports = {name: free_port() for name in temporal_server.PORTS}
    launch = temporal_server.launch(folder, ports, "default")
    more = [word for value in dynamic for word in ("--dynamic-config-value", value)]
    part = Part(
        "temporal",
        logs=folder,
        locks=folder,
        launch=lambda: replace(launch, argv=(*launch.argv, *more)),
        ready=lambda: temporal_server.open_workflows(ports["temporal_http"], "default") is not None,
    )
    with _running(part):
        yield f"127.0.0.1:{ports['temporal']}"


@contextmanager
def running_postgres(folder: Path, *settings: str) -> Iterator[str]:
    """Run a PostgreSQL of its own in `folder` for a block; yield the URL of an empty database, which goes with it.

    `settings` are the server's, `name=value`. Call it from the main thread, as `running_temporal`.
    """
    home = folder / "postgres"
    cluster = postgres.prepare(home)
    port = free_port()
    launch = cluster.launch(port)
    more = [word for value in settings for word in ("-c", value)]
    part = Part(
        "postgres",
        logs=folder,
        locks=folder,
        launch=lambda: replace(launch, argv=(*launch.argv, *more)),
        ready=lambda: cluster.answers(port),
    )
    try:
        with _running(part):
            yield cluster.url(port)
    finally:
        postgres.remove(home)


@contextmanager
def _running(part: Part) -> Iterator[None]:
    """Start a part, wait until it is ready, and end it with the block."""
    deadline = time.monotonic() + _PATIENCE
    try:
        while not part.is_ready:
            part.tend()
            if time.monotonic() > deadline:
                said = part.log.read_text(errors="replace").strip()[-600:]
                raise StackError(f"{part.name} does not start: {said}", hint="`releasepilot doctor`")
            time.sleep(0.02)
        yield
    finally:
        part.stop()


__all__ = ["running_postgres", "running_temporal"]
