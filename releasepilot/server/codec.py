"""What lets Temporal's pages show payloads that are encrypted: a small server on loopback that has the keys.

It speaks the protocol of Temporal's codec servers: `POST /decode` and `POST /encode`, each with `{"payloads": [...]}`
and with as many payloads in its answer. The browser asks it, from the pages of one origin; Temporal never does.
"""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import Awaitable, Callable, Sequence
from http import HTTPStatus

import uvicorn
from google.protobuf import json_format
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from temporalio.api.common.v1 import Payload, Payloads

from releasepilot.errors import StackError
from releasepilot.workflows.encryption import Codec, PayloadKeys

#: Where it listens, and under which names it answers: a page of another name that leads here is not served.
HOST = "127.0.0.1"
_NAMES = [HOST, "localhost"]
#: Bytes of a question: more than a page of a history holds.
_LARGEST = 32 << 20
#: What Temporal's pages send.
_HEADERS = ["authorization", "content-type", "x-namespace"]

_Turn = Callable[[Sequence[Payload]], Awaitable[list[Payload]]]


def app(keys: PayloadKeys, origin: str) -> Starlette:
    """Make the application for the pages of one origin, such as `http://127.0.0.1:8233`."""
    codec = Codec.of(keys)

    def route(turn: _Turn) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            # A browser says which page asks. Programs such as `temporal` say nothing.
            if request.headers.get("origin", origin) != origin:
                return PlainTextResponse("pages of this origin are not served", HTTPStatus.FORBIDDEN)
            body = await _body(request)
            if body is None:
                return PlainTextResponse("the question is too large", HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
            try:
                asked = json_format.Parse(body, Payloads())
            except (json_format.ParseError, UnicodeDecodeError):
                return PlainTextResponse("this is not a list of payloads", HTTPStatus.BAD_REQUEST)
            said = Payloads(payloads=await turn(asked.payloads))
            return Response(json_format.MessageToJson(said), media_type="application/json")

        return answer

    return Starlette(
        routes=[
            Route("/decode", route(codec.decode), methods=["POST"]),
            Route("/encode", route(codec.encode), methods=["POST"]),
        ],
        middleware=[
            Middleware(TrustedHostMiddleware, allowed_hosts=_NAMES),
            Middleware(
                CORSMiddleware,
                allow_origins=[origin],
                allow_methods=["POST"],
                allow_headers=_HEADERS,
                allow_credentials=True,
                # Pages of another machine may ask this one.
                allow_private_network=True,
            ),
        ],
    )


async def serve(keys: PayloadKeys, origin: str, port: int, ready: Callable[[str], None]) -> None:
    """Serve on loopback until told to end; call `ready` with the address. StackError where the port is taken."""
    try:
        listening = socket.create_server((HOST, port))
    except OSError as error:
        raise StackError(
            f"port {port} cannot be listened on: {error.strerror}", hint="choose another one with --port"
        ) from None
    with listening:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            # uvicorn ends in order, and raises the signal again.
            loop.add_signal_handler(number, lambda: None)
        ready(f"http://{HOST}:{listening.getsockname()[1]}")
        config = uvicorn.Config(
            app(keys, origin), log_config=None, access_log=False, server_header=False, lifespan="off", ws="none"
        )
        await uvicorn.Server(config).serve(sockets=[listening])


async def _body(request: Request) -> bytes | None:
    """Read a question; None where it is larger than any."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > _LARGEST:
            return None
    return body
