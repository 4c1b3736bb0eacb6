"""A real HTTP server whose answers a test decides."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Answers:
    """What the server says next. The last answer is repeated."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        #: The paths that were asked for.
        self.asked: list[str] = []
        #: The headers that came with each of them.
        self.headers: list[dict[str, str]] = []
        self._next: list[tuple[int, str, dict[str, str]]] = [(200, "", {})]

    def say(self, status: int, body: str = "", **headers: str) -> None:
        """Answer this, from now on."""
        self._next = [(status, body, headers)]

    def then(self, status: int, body: str = "", **headers: str) -> None:
        """Answer this after what was said before was answered once."""
        self._next.append((status, body, headers))

    def take(self, path: str, sent: dict[str, str]) -> tuple[int, str, dict[str, str]]:
        """Return the answer to one request."""
        self.asked.append(path)
        self.headers.append(sent)
        return self._next.pop(0) if len(self._next) > 1 else self._next[0]


@contextmanager
def running_answers() -> Iterator[Answers]:
    """Run the server on a free port."""
    holder: list[Answers] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body, headers = holder[0].take(self.path, dict(self.headers))
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body.encode())))
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_args: Any) -> None:
            """Stay silent."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        holder.append(Answers(server.server_address[1]))
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield holder[0]
        finally:
            server.shutdown()
            thread.join()
