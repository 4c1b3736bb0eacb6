"""The routes: which address is answered by what, and how an error looks."""

from __future__ import annotations

import asyncio
import json
import logging
import re
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from releasepilot.control import Control
from releasepilot.errors import (
    IdentityUnproven,
    ReleasePilotError,
    RequestRefused,
    StackError,
    TrainUnknown,
)
from releasepilot.model.value import json_list_text, json_text
from releasepilot.plugins.changes.webhook import MAX_BODY, SIGNATURE_HEADER
from releasepilot.server.door import Door
from releasepilot.server.hooks import Delivery, Hooks

_log = logging.getLogger("releasepilot.server")
_refused = logging.getLogger("releasepilot.server.refused")

#: Seconds in which a body has to arrive.
_BODY_TIME = 10.0
#: Seconds in which a server answers that is well.
_HEALTH_TIME = 3.0
#: No id and no name of a train is longer.
_LONGEST_KEY = 200
_MOST_TRAINS = 1000
#: As many as `history` shows.
_TRAINS = 20
_HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}

Endpoint = Callable[[Request], Awaitable[Response]]


class Api:
    """The answers."""

    def __init__(self, control: Control, hooks: Hooks, door: Door) -> None:
        """Answer from the control, take word by the hooks, and let in whom the door admits."""
        self._control = control
        self._hooks = hooks
        self._door = door

    def app(self) -> Starlette:
        """Return the application."""
        return Starlette(
            routes=[
                Route("/healthz", self.health),
                Route("/api/trains", self._guarded(self.trains)),
                Route("/api/trains/{train}", self._guarded(self.train)),
                Route("/api/trains/{train}/explain", self._guarded(self.explain)),
                Route("/webhooks/{name}", self.word, methods=["POST"]),
            ],
            exception_handlers={ReleasePilotError: _failed, HTTPException: _unknown, Exception: _unforeseen},
        )

    async def health(self, _request: Request) -> Response:
        """Say whether the servers behind this one answer, and nothing else: anybody may ask."""
        try:
            async with asyncio.timeout(_HEALTH_TIME):
                await self._control.healthy()
        except (StackError, TimeoutError):
            return _json(json.dumps({"status": "unavailable"}), 503)
        return _json(json.dumps({"status": "ok"}))

    async def trains(self, request: Request) -> Response:
        """Give the latest trains, as `history --json` does."""
        limit = request.query_params.get("limit", str(_TRAINS))
        if not re.fullmatch(r"[0-9]{1,4}", limit) or not 1 <= int(limit) <= _MOST_TRAINS:
            raise RequestRefused("`limit` is no such number", hint=f"give one from 1 to {_MOST_TRAINS}")
        return _json(json_list_text(await self._control.history(int(limit))))

    async def train(self, request: Request) -> Response:
        """Say where a train stands, as `status --json` does."""
        return _json(json_text(await self._control.explain(await self._resolved(request))))

    async def explain(self, request: Request) -> Response:
        """Say what a train waits for, as `explain --json` does."""
        view = await self._control.explain(await self._resolved(request))
        return _json(json_list_text(view.conditions))

    async def word(self, request: Request) -> Response:
        """Take word of another system: where it is believed, the steps that wait for that system look at once."""
        name = request.path_params["name"]
        if name not in self._hooks:
            raise RequestRefused("there is no such webhook", status=404)
        body = await _body(request)
        delivery = await self._hooks.believed(name, body, request.headers.get(SIGNATURE_HEADER, ""))
        if delivery is None:
            raise RequestRefused("the signature is not one to be believed now", status=401)
        if delivery.again:
            # Whoever repeats it can do so at will, so this line is one of those that are bounded.
            _refused.warning("word from %s came again, and woke nothing", name)
            return _json(json.dumps({"woken": 0}), 202)
        return _json(json.dumps({"woken": await self._woken(name, body, delivery)}), 202)

    async def _woken(self, name: str, body: bytes, delivery: Delivery) -> int:
        """Wake whom a delivery concerns, and say how many; one that comes to nothing may be sent again."""
        try:
            woken = await self._control.wake(name, _correlation(body))
        except BaseException:
            self._hooks.forget(delivery)
            raise
        self._hooks.arrived(delivery)
        _log.info("word from %s woke %s", name, ", ".join(woken) or "nothing")
        return len(woken)

    def _guarded(self, endpoint: Endpoint) -> Endpoint:
        async def guarded(request: Request) -> Response:
            self._door.admit(request.headers)
            return await endpoint(request)

        return guarded

    async def _resolved(self, request: Request) -> str:
        key = request.path_params["train"]
        if len(key) > _LONGEST_KEY:
            raise TrainUnknown("no train has so long a name")
        return await self._control.resolve(key)


async def _body(request: Request) -> bytes:
    """Read a body as far as it may be long, and for as long as that may take."""
    found = bytearray()
    try:
        async with asyncio.timeout(_BODY_TIME):
            async for chunk in request.stream():
                found += chunk
                if len(found) > MAX_BODY:
                    raise RequestRefused("the body is too large", status=413)
    except TimeoutError:
        raise RequestRefused("the body did not arrive in time", status=408) from None
    except ClientDisconnect:
        raise RequestRefused("the sender went away", status=400) from None
    return bytes(found)


def _correlation(body: bytes) -> str:
    """Return the correlation id that a believed body names; empty where it names none, which is word for all."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        raise RequestRefused("the body is no JSON object")
    named = document.get("correlation_id")
    return named if isinstance(named, str) else ""


def _json(text: str, status: int = 200, **headers: str) -> Response:
    return Response(text, status, {**_HEADERS, **headers}, media_type="application/json")


def _status(error: ReleasePilotError) -> int:
    """Return the status of HTTP that says what kind of error this is."""
    if isinstance(error, RequestRefused):
        return error.status
    if isinstance(error, IdentityUnproven):
        return 401
    if isinstance(error, TrainUnknown):
        return 404
    return 503 if isinstance(error, StackError) else 409


async def _failed(request: Request, error: Any) -> Response:
    """Answer with the stable code; log who was refused and why, in lines that are bounded."""
    status = _status(error)
    if isinstance(error, RequestRefused | IdentityUnproven):
        peer = request.client.host if request.client else "?"
        _refused.warning("refused with %d: %s (%.60s, from %s)", status, error.message, request.url.path, peer)
    elif isinstance(error, StackError):
        # Why stands in the log alone: it names what is nobody else's business, such as where a secret stands.
        why = f": {error.__cause__.message}" if isinstance(error.__cause__, ReleasePilotError) else ""
        _refused.error("could not answer: %s%s", error.message, why)
    asked = {"WWW-Authenticate": "Bearer"} if isinstance(error, IdentityUnproven) else {}
    return _json(json.dumps(error.fields()), status, **asked)


async def _unknown(request: Request, error: Any) -> Response:
    """Answer what no route does."""
    hint = "ask for /healthz, /api/trains, /api/trains/{train} or /api/trains/{train}/explain"
    said = RequestRefused(f"nothing answers {request.method:.20} here", status=error.status_code, hint=hint)
    answer = await _failed(request, said)
    for name, value in (error.headers or {}).items():
        answer.headers[name] = value
    return answer


async def _unforeseen(_request: Request, _error: Any) -> Response:
    """Tell nothing of a bug to whoever asked; the log has it."""
    bug = ReleasePilotError("something went wrong that was not foreseen", hint="the log of the service says what")
    return _json(json.dumps(bug.fields()), 500)
