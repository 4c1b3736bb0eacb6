"""Services that run the newest artefact of their registry folder, and say which one that is."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


class _Service(ThreadingHTTPServer):
    """One service on a free loopback port."""

    daemon_threads = True

    def __init__(self, shelf: Path, *, broken: bool) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.shelf = shelf
        self.broken = broken

    def running(self) -> str:
        """Return the version that runs: the newest artefact on the shelf."""
        versions = [path.stem.rpartition("-")[2] for path in self.shelf.glob("*.tar")]
        return max(versions, key=lambda text: [int(part) for part in re.findall(r"\d+", text)], default="none")


class _Answer(BaseHTTPRequestHandler):
    """Answers every address with the version that runs."""

    server: _Service
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Answer 200, or 500 where the service is broken."""
        body = json.dumps({"version": self.server.running(), "healthy": not self.server.broken}).encode()
        self.send_response(HTTPStatus.INTERNAL_SERVER_ERROR if self.server.broken else HTTPStatus.OK)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 the name is the base class's
        """Keep quiet: the terminal shows the train."""


@contextmanager
def serving(registry: Path, names: tuple[str, ...], *, broken: str = "") -> Iterator[dict[str, str]]:
    """Run one service for each name over its folder of the registry; yield the address of its health check."""
    services = {name: _Service(registry / name, broken=name == broken) for name in names}
    for service in services.values():
        threading.Thread(target=service.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    try:
        yield {name: f"http://127.0.0.1:{service.server_port}/health" for name, service in services.items()}
    finally:
        for service in services.values():
            service.shutdown()
            service.server_close()
