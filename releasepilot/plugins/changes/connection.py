"""A connection to one server: credentials for that server alone, time and size bounded, refusals as our errors."""

from __future__ import annotations

import asyncio
import base64
import json
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache
from http import HTTPStatus
from typing import Any, TypeVar
from urllib.parse import urlsplit

import httpx

from releasepilot.errors import StepError, StepNotReady, StepRefused
from releasepilot.governance.change import one_line
from releasepilot.plugins.changes.interface import AGAIN
from releasepilot.plugins.secrets.keeper import OpenSecrets
from releasepilot.plugins.secrets.reference import SecretRef

#: Bytes of an answer that are read; more is a mistake.
MAX_ANSWER = 8 << 20
#: Seconds that one question may take.
ONE_ANSWER = 60.0
#: The longest that we let a server keep us away.
_LONGEST_WAIT = 3600.0
_SECONDS_IN_WORDS = 8

_Result = TypeVar("_Result")


@dataclass(frozen=True, kw_only=True)
class Login:
    """Whose credentials are used; references, until the moment of a call."""

    #: With `user` a password, without it a bearer token.
    user: str
    secret: SecretRef


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a server said."""

    status: int
    #: The JSON, None where there is none.
    body: Any


class Connection:
    """Questions to one server. It follows no redirect: another host must never see the credentials."""

    def __init__(self, client: httpx.AsyncClient, *, component: str, hide: Callable[[str], str]) -> None:
        """Ask through a client; `hide` takes out of a text what may stand in no message."""
        self._client = client
        self._component = component
        self._hide = hide

    async def ask(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
        text: tuple[str, str] | None = None,
        files: Mapping[str, tuple[str, bytes, str]] | None = None,
        headers: Mapping[str, str] | None = None,
        missing: bool = False,
    ) -> Answer:
        """Ask once. `text` is a content type and a content; with `missing` a 404 is an answer and no error.

        Nothing is asked twice here. Whether a lost answer had its effect is found out by looking, in the next attempt.
        """
        request = self._client.build_request(
            method,
            path,
            params=params,
            json=body,
            content=text[1].encode() if text else None,
            files=files,
            headers={**(headers or {}), **({"Content-Type": text[0]} if text else {})},
        )
        where = f"{method} {request.url.path}"
        try:
            response, read = await (self._read(request) if method == "GET" else _to_its_end(self._read(request)))
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise self._lost(f"no answer to {where}: {type(error).__name__}") from None
        except TimeoutError:
            raise self._lost(f"no whole answer to {where} within {ONE_ANSWER:g} seconds") from None
        if not (missing and response.status_code == HTTPStatus.NOT_FOUND):
            self._judge(where, response, read)
        said = _json(read)
        if response.is_success and read and said is None:
            # A page for people, such as that of an instance which sleeps: it says nothing of what was asked.
            raise self._lost(f"{where} was answered with something else than JSON")
        return Answer(status=response.status_code, body=said)

    async def _read(self, request: httpx.Request) -> tuple[httpx.Response, bytes]:
        async with asyncio.timeout(ONE_ANSWER):
            response = await self._client.send(request, stream=True)
            try:
                read = b""
                async for chunk in response.aiter_bytes():
                    read += chunk
                    if len(read) > MAX_ANSWER:
                        raise self._lost(f"the answer of {request.url.host} is larger than {MAX_ANSWER >> 20} MiB")
            finally:
                await response.aclose()
            return response, read

    def _judge(self, where: str, response: httpx.Response, read: bytes) -> None:
        """Raise what a status means."""
        if response.is_success:
            return
        status, said = response.status_code, self._said(read)
        if response.is_redirect:
            host = urlsplit(response.headers.get("location", "")).hostname or "elsewhere"
            raise self._refused(f"{where} is sent on to {one_line(host)}", "write the address that answers itself")
        if status in (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE):
            after = _wait(response.headers.get("retry-after", ""))
            raise StepNotReady(
                f"{response.url.host} answered {status} and asks to wait {after:.0f} seconds",
                after=after,
                component=self._component,
            )
        if response.is_server_error or status == HTTPStatus.REQUEST_TIMEOUT:
            raise self._lost(f"{where} was answered with {status}{said}")
        if status == HTTPStatus.UNAUTHORIZED:
            raise self._refused(f"{where}: the credentials were not accepted{said}", "correct the secret on the worker")
        hint = "give the account the role that it needs" if status == HTTPStatus.FORBIDDEN else ""
        raise self._refused(f"{where} was refused with {status}{said}", hint)

    def _said(self, read: bytes) -> str:
        """Return the server's own words, on one line, without what is to be hidden."""
        # Before it is cut, which could be in the midst of a secret.
        text = one_line(self._hide(read.decode("utf-8", "replace")))
        return f": {text}" if text else ""

    def _lost(self, message: str) -> StepError:
        return StepError(message, hint="look whether the service is up", component=self._component)

    def _refused(self, message: str, hint: str) -> StepRefused:
        return StepRefused(message, hint=hint, component=self._component)


@asynccontextmanager
async def connect(server: str, login: Login, *, secrets: OpenSecrets, component: str) -> AsyncIterator[Connection]:
    """Connect: read the secret now, and forget it with the connection."""
    secret = await secrets.read(login.secret)
    secrets.learn(base64.b64encode(f"{login.user}:{secret}".encode()).decode())
    auth = httpx.BasicAuth(login.user, secret) if login.user else None
    headers = {"Accept": "application/json", **({} if login.user else {"Authorization": f"Bearer {secret}"})}
    async with httpx.AsyncClient(
        base_url=server,
        auth=auth,
        headers=headers,
        follow_redirects=False,
        verify=_trusted(),
        timeout=httpx.Timeout(ONE_ANSWER, connect=10.0),
    ) as client:
        yield Connection(client, component=component, hide=secrets.hide)


@lru_cache(maxsize=1)
def _trusted() -> ssl.SSLContext:
    """Load the certificates of authorities once: that takes longer than most questions."""
    return httpx.create_ssl_context()


async def _to_its_end(work: Awaitable[_Result]) -> _Result:
    """Let a request that changes something come to its end also where the caller is cancelled.

    The server would go on with it, and have its effect after the caller had looked for one to take back.
    """
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.gather(task, return_exceptions=True)
        raise


def _wait(header: str) -> float:
    """Read Retry-After, as seconds or as a date (RFC 9110, section 10.2.3), within bounds."""
    if header.isdecimal() and len(header) <= _SECONDS_IN_WORDS:
        return min(max(float(header), 1.0), _LONGEST_WAIT)
    try:
        wanted = (parsedate_to_datetime(header) - datetime.now(UTC)).total_seconds()
    except (ValueError, TypeError):
        return AGAIN
    return min(max(wanted, 1.0), _LONGEST_WAIT)


def _json(read: bytes) -> Any:
    """Return the JSON of an answer; None where it is empty or something else."""
    try:
        return json.loads(read)
    except (ValueError, RecursionError):
        return None
