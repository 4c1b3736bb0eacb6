"""A real HTTP service with JSON, that keeps state, knows its accounts, and can be told to misbehave."""

from __future__ import annotations

import base64
import json
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import Message
from email.parser import BytesParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, TypeVar
from urllib.parse import parse_qsl, urlsplit

from support.patience import PATIENCE


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One request."""

    method: str
    path: str
    query: Mapping[str, str]
    body: Any
    account: str
    headers: Message
    raw: bytes = b""


@dataclass(frozen=True, kw_only=True)
class Reply:
    """One answer."""

    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


class Refused(Exception):
    """The service says no."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass(kw_only=True)
class Fault:
    """What goes wrong with the next requests that match."""

    method: str
    path: str
    times: int
    #: Answer this in place of the truth.
    reply: Reply | None = None
    #: Have the effect all the same: the answer alone is lost.
    after: bool = False
    #: Seconds before the answer.
    delay: float = 0
    #: Set when it may be answered; None where nobody holds it back.
    held: threading.Event | None = None


class Service(ABC):
    """A service. A subclass answers."""

    def __init__(self) -> None:
        self.url = ""
        self.lock = threading.RLock()
        self.asked: list[Asked] = []
        self.passwords = {"bot": "s3cret-of-the-bot", "cab": "s3cret-of-the-cab"}
        self.faults: list[Fault] = []

    @abstractmethod
    def answer(self, asked: Asked) -> Reply:
        """Answer one request; raise `Refused` to say no."""

    def error(self, refused: Refused) -> Reply:
        """Say no in the service's own form."""
        return Reply(status=refused.status, body={"error": str(refused)})

    def break_after(self, method: str, path: str, *, times: int = 1, status: int = 502) -> None:
        """Have the effect of a request and lose its answer."""
        reply = Reply(status=status, body="bad gateway")
        self.faults.append(Fault(method=method, path=path, times=times, reply=reply, after=True))

    def reply(self, method: str, path: str, status: int, *, body: Any = None, times: int = 1, **headers: str) -> None:
        """Answer something else, without an effect."""
        said = Reply(status=status, body=body, headers={key.replace("_", "-"): value for key, value in headers.items()})
        self.faults.append(Fault(method=method, path=path, times=times, reply=said))

    def slow(self, method: str, path: str, seconds: float) -> None:
        """Answer late, once."""
        self.faults.append(Fault(method=method, path=path, times=1, delay=seconds))

    def hold(self, method: str, path: str) -> threading.Event:
        """Answer, once, only when the event that is returned is set."""
        held = threading.Event()
        self.faults.append(Fault(method=method, path=path, times=1, held=held))
        return held

    def count(self, method: str, path: str) -> int:
        """Say how often something was asked."""
        return sum(one.method == method and path in one.path for one in self.asked)

    def handle(self, asked: Asked) -> Reply:
        """Answer one request, with what goes wrong."""
        with self.lock:
            self.asked.append(asked)
            fault = self._fault(asked)
        if fault and fault.delay:
            time.sleep(fault.delay)
        if fault and fault.held:
            fault.held.wait(PATIENCE)
        if fault and fault.reply and not fault.after:
            return fault.reply
        with self.lock:
            try:
                self._identify(asked)
                said = self.answer(asked)
            except Refused as refused:
                said = self.error(refused)
        return fault.reply if fault and fault.reply else said

    def _fault(self, asked: Asked) -> Fault | None:
        for fault in self.faults:
            if fault.times > 0 and fault.method == asked.method and fault.path in asked.path:
                fault.times -= 1
                return fault
        return None

    def _identify(self, asked: Asked) -> None:
        """Know who asks, by Basic authentication."""
        if not asked.account:
            raise Refused(401, "User Not Authenticated")


ServiceT = TypeVar("ServiceT", bound=Service)


@contextmanager
def serving(service: ServiceT) -> Iterator[ServiceT]:
    """Serve on a free port of the loopback."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # Head and body in one packet: else each answer waits for an acknowledgement.
        wbufsize = -1
        disable_nagle_algorithm = True

        def do_any(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            said = service.handle(_asked(service, self, self.rfile.read(length)))
            sent = said.body if isinstance(said.body, bytes) else b"" if said.body is None else _json(said.body)
            self.send_response(said.status)
            for name, value in said.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(sent)))
            self.end_headers()
            self.wfile.write(sent)

        def log_message(self, *_args: Any) -> None:
            """Stay silent."""

    for method in ("GET", "POST", "PATCH", "PUT", "DELETE"):
        setattr(Handler, f"do_{method}", Handler.do_any)

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_args: Any) -> None:
            """A client that went away is no news."""

    with Server(("127.0.0.1", 0), Handler) as server:
        service.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield service
        finally:
            server.shutdown()
            thread.join()


def _json(body: Any) -> bytes:
    return json.dumps(body).encode()


def _asked(service: Service, handler: BaseHTTPRequestHandler, raw: bytes) -> Asked:
    parts = urlsplit(handler.path)
    kind = handler.headers.get("Content-Type", "")
    return Asked(
        method=handler.command,
        path=parts.path,
        query=dict(parse_qsl(parts.query, keep_blank_values=True)),
        body=json.loads(raw) if raw and kind.startswith("application/json") else None,
        account=_account(service, handler.headers.get("Authorization", "")),
        headers=handler.headers,
        raw=raw,
    )


def _account(service: Service, header: str) -> str:
    """Return whose credentials these are; empty where they are nobody's."""
    kind, _, word = header.partition(" ")
    if kind == "Bearer":
        return next((name for name, secret in service.passwords.items() if secret == word), "")
    if kind != "Basic":
        return ""
    name, _, password = base64.b64decode(word).decode().partition(":")
    return name if service.passwords.get(name) == password else ""


def parts_of(asked: Asked) -> list[Message]:
    """Return the parts of a form with files."""
    head = f"Content-Type: {asked.headers['Content-Type']}\r\n\r\n".encode()
    found = BytesParser().parsebytes(head + asked.raw).get_payload()
    return [one for one in found if isinstance(one, Message)] if isinstance(found, list) else []
