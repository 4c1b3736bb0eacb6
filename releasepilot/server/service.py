"""One process that listens, answers, and ends in order."""

from __future__ import annotations

import asyncio
import logging
import signal
import socket
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

import uvicorn

from releasepilot.control import Servers, connect
from releasepilot.errors import StackError
from releasepilot.model.trust import Trust
from releasepilot.plugins.secrets.config import SecretsConfig
from releasepilot.plugins.secrets.keeper import Secrets
from releasepilot.server.app import Api
from releasepilot.server.connection import BoundedConnection
from releasepilot.server.door import Door
from releasepilot.server.hooks import Hooks
from releasepilot.server.lines import Bounded

_log = logging.getLogger("releasepilot.server")

#: Loggers whose lines anybody can cause who reaches the port.
_KNOCKED_AT = ("releasepilot.server.refused", "uvicorn.error", "psycopg.pool")
#: Seconds that whoever asks is held where the database is away, which comes back sooner when it was started again.
_PATIENCE = 5.0
#: Seconds that answers which have begun may take once the service is told to end.
_GRACE = 10
#: Connections at one time; more are told to come back.
CONNECTIONS = 200
#: Bytes that the head of a request may have.
_HEAD = 32 * 1024
#: Seconds until a connection that says nothing after an answer is closed.
_SILENCE = 5


@dataclass(frozen=True, kw_only=True)
class Post:
    """Where a service listens, and whom."""

    host: str
    #: 0 for any that is free.
    port: int
    trust: Trust | None = None
    #: The systems that may send word, with references to their secrets.
    hooks: Mapping[str, Sequence[str]] = field(default_factory=dict)
    #: Where these are looked up.
    secrets: SecretsConfig = field(default_factory=SecretsConfig)


class _Server(uvicorn.Server):
    """A server that leaves signals to whoever runs it: uvicorn raises them once more when it has ended."""

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        """Capture none."""
        yield


async def serve(servers: Servers, post: Post, *, ready: Callable[[str], None]) -> None:
    """Serve until SIGTERM or SIGINT; `ready` is told the address. StackError where it cannot begin."""
    door, hooks = Door(post.trust, post.host), Hooks(post.hooks, Secrets(post.secrets))
    await hooks.check()
    bounded = Bounded()
    for name in _KNOCKED_AT:
        logging.getLogger(name).addFilter(bounded)
    with _listening(post) as listener:
        async with connect(servers, patience=_PATIENCE) as control:
            server = _Server(_config(Api(control, hooks, door)))
            loop = asyncio.get_running_loop()
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.add_signal_handler(number, _end, server)
            ready(_address(listener))
            await server.serve(sockets=[listener])
    _log.info("ended")


def _end(server: uvicorn.Server) -> None:
    """Let the server end; at once where it is told again."""
    server.force_exit = server.should_exit
    server.should_exit = True


def _config(api: Api) -> uvicorn.Config:
    return uvicorn.Config(
        api.app(),
        log_config=None,
        access_log=False,
        server_header=False,
        # The address of whoever asks is that of the connection, whatever a header says.
        proxy_headers=False,
        lifespan="off",
        http=BoundedConnection,
        ws="none",
        limit_concurrency=CONNECTIONS,
        timeout_keep_alive=_SILENCE,
        timeout_graceful_shutdown=_GRACE,
        h11_max_incomplete_event_size=_HEAD,
    )


@contextmanager
def _listening(post: Post) -> Generator[socket.socket]:
    """Listen; StackError where the address cannot be had."""
    family = socket.AF_INET6 if ":" in post.host else socket.AF_INET
    try:
        listener = socket.create_server((post.host, post.port), family=family)
    except OSError as error:
        raise StackError(
            f"nothing can listen on {post.host}:{post.port}: {error.strerror or error}",
            hint="choose another address with --listen",
        ) from error
    try:
        yield listener
    finally:
        with suppress(OSError):
            listener.close()


def _address(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
