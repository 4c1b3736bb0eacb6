"""Logs that say where they belong, and telemetry that is silent unless it is asked for."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from support.patience import PATIENCE

from releasepilot.telemetry import JsonFormatter, PlainFormatter, bound, fields_of


def _record(message: str = "pushed", **extra: object) -> logging.LogRecord:
    return logging.getLogger("releasepilot.test").makeRecord(
        "releasepilot.test", logging.INFO, __file__, 1, message, (), None, extra=extra
    )


def test_fields_come_from_the_surroundings_and_the_record() -> None:
    """What a block binds is on every line in it; what a record says itself wins."""
    assert fields_of(_record()) == {}
    with bound(train="core-1", component="api"):
        assert fields_of(_record()) == {"train": "core-1", "component": "api"}
        with bound(step="api/push"):
            assert fields_of(_record(component="web")) == {"train": "core-1", "component": "web", "step": "api/push"}
        assert "step" not in fields_of(_record())
    assert fields_of(_record()) == {}


def test_json_lines_are_objects_with_the_fields() -> None:
    """A machine reads time, level, logger, message and fields, whatever the message holds."""
    line = JsonFormatter().format(_record("two\nlines \u2028", train="core-1"))
    assert "\n" not in line
    read = json.loads(line)
    assert (read["message"], read["train"], read["level"]) == ("two\nlines \u2028", "core-1", "INFO")
    assert read["time"].endswith("+00:00")


def test_plain_lines_cannot_be_forged() -> None:
    """A commit message with a line break or an escape sequence stays on its line and does not steer the terminal."""
    line = PlainFormatter().format(_record("ok\n2026 ERROR forged \x1b[31m", step="api/push"))
    assert "\n" not in line
    assert "\x1b" not in line
    assert line.endswith("[step=api/push]")


def test_without_an_endpoint_no_sdk_is_loaded() -> None:
    """Where nothing is configured, neither OpenTelemetry's SDK nor Temporal's plugin is imported."""
    code = (
        "import sys; from pathlib import Path; from releasepilot.settings import Settings;"
        "from releasepilot.telemetry import set_up;"
        "t = set_up(Settings.load({}, state_dir=Path('/x')), 'test'); assert t.plugins() == []; t.close();"
        "assert not [m for m in sys.modules if m.startswith(('opentelemetry.sdk', 'temporalio'))]"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


class _Collector(BaseHTTPRequestHandler):
    """Takes what is exported and remembers where it was sent."""

    paths: list[str]

    def do_POST(self) -> None:
        """Take an export."""
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.paths.append(self.path)
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
        """Say nothing."""


@pytest.fixture
def collector() -> Iterator[tuple[str, list[str]]]:
    """Yield the address of a collector, and the paths that it was sent to."""
    paths: list[str] = []
    handler = type("Collector", (_Collector,), {"paths": paths})
    with HTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", paths
        server.shutdown()
        thread.join()


def test_with_an_endpoint_traces_and_metrics_are_sent(collector: tuple[str, list[str]]) -> None:
    """What was measured leaves the process at the latest when it is closed, and the client gets its plugin."""
    address, paths = collector
    code = (
        "import sys; from pathlib import Path; from releasepilot.settings import Settings;"
        "from releasepilot.telemetry import set_up; from opentelemetry import metrics, trace;"
        "s = Settings.load({'OTEL_EXPORTER_OTLP_ENDPOINT': sys.argv[1]}, state_dir=Path('/x'));"
        "t = set_up(s, 'test'); assert len(t.plugins()) == 1;"
        "trace.get_tracer('t').start_span('s').end(); metrics.get_meter('m').create_counter('c').add(1); t.close()"
    )
    subprocess.run([sys.executable, "-c", code, address], check=True, timeout=PATIENCE)
    assert set(paths) == {"/v1/traces", "/v1/metrics"}
