"""`http`: a health check. The step is done when an address answers as expected, for as long as asked."""

from __future__ import annotations

import asyncio
import hashlib
import re
import time
from typing import ClassVar
from urllib.parse import urlsplit

import httpx
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from releasepilot.errors import StepError
from releasepilot.model.catalog import StepDeclaration
from releasepilot.model.receipt import Observation, Presence, Receipt
from releasepilot.model.step import Queue, SagaClass, Undo
from releasepilot.model.value import Seconds, is_empty
from releasepilot.plugins.address import is_private
from releasepilot.plugins.markers import Markers, MarkerState
from releasepilot.plugins.placeholders import facts_of, fill, fill_url
from releasepilot.plugins.secrets.reference import SecretRef
from releasepilot.plugins.spec import Call, Tools
from releasepilot.repositories.command import redact

#: Bytes of an answer that are looked at.
_BODY = 1 << 20
_REDIRECTS = 5
_ONE_ANSWER = 30.0
_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")


class HttpConfig(BaseModel):
    """What to ask, what to expect, and how long to be patient."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    #: http or https. Placeholders such as `{version}` are filled in, percent-encoded.
    url: str = Field(max_length=2000)
    #: The status, or one of several.
    expect: int | list[int] = 200
    #: A text that the first MiB of the answer must contain; placeholders are filled in.
    contains: str | None = Field(default=None, min_length=1)
    #: The address must answer as expected all this time.
    hold: Seconds = Field(default=0, alias="for", ge=0, le=86400)
    #: Give up after this long without the expected answer.
    within: Seconds = Field(default=60, ge=0, le=86400)
    #: Time between two probes.
    interval: Seconds = Field(default=1, ge=1, le=3600)
    #: Where a token stands that is sent as `Authorization: Bearer`.
    token: SecretRef | None = Field(default=None, exclude_if=is_empty)
    #: Headers, each with the secret that its reference names. Secrets are sent by https, or to this machine, and to
    #: the host of the address alone.
    secret_headers: dict[str, SecretRef] = Field(default_factory=dict, exclude_if=is_empty)

    @field_validator("url")
    @classmethod
    def _plain(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("the address begins with http:// or https:// and names a host")
        return value

    @field_validator("secret_headers")
    @classmethod
    def _headers(cls, value: dict[str, SecretRef]) -> dict[str, SecretRef]:
        for name in value:
            if not _HEADER.fullmatch(name):
                raise ValueError(f"{name!r} cannot be the name of a header")
        return value

    @model_validator(mode="after")
    def _guarded(self) -> HttpConfig:
        if self.has_secrets and not is_private(self.url):
            raise ValueError("credentials go over https:// alone, except to this machine")
        return self

    @property
    def has_secrets(self) -> bool:
        """Whether credentials are sent."""
        return self.token is not None or bool(self.secret_headers)

    @property
    def statuses(self) -> tuple[int, ...]:
        """The statuses that are expected."""
        return (self.expect,) if isinstance(self.expect, int) else tuple(self.expect)


class Http:
    """Asks, and changes nothing: so there is nothing to take back."""

    name: ClassVar[str] = "http"
    Config: ClassVar[type[BaseModel]] = HttpConfig
    saga_class: ClassVar[SagaClass] = SagaClass.COMPENSATABLE
    undo: ClassVar[Undo] = Undo.FULL
    queue: ClassVar[Queue] = Queue.DEPLOY
    declarable: ClassVar[bool] = False
    effect: ClassVar[bool] = False

    def __init__(self, tools: Tools) -> None:
        self._markers = Markers(tools.cache)

    @classmethod
    def objection(cls, declaration: StepDeclaration, config: BaseModel) -> str:
        """Refuse an answer that must hold for longer than one attempt may take."""
        if isinstance(config, HttpConfig) and config.hold >= declaration.timeout:
            return f"`for` is {config.hold} seconds and one attempt may take {declaration.timeout}: raise `timeout`"
        return ""

    async def observe(self, call: Call[HttpConfig]) -> Observation:
        """Ask once. Where the answer must hold for a time, it counts only after `apply` has seen that."""
        if call.config.hold and not self._has_held(call):
            return Observation(presence=Presence.ABSENT, detail="it has not yet held for its time")
        async with await _client(call) as client:
            wrong = await _probe(client, call)
        if wrong:
            return Observation(presence=Presence.ABSENT, detail=wrong)
        return Observation(presence=Presence.PRESENT, found=redact(_url(call)).partition("?")[0])

    async def apply(self, call: Call[HttpConfig]) -> dict[str, str]:
        """Ask until the answer has been as expected for its time; `StepError` where it is not in time."""
        config = call.config
        give_up = time.monotonic() + config.within
        good_since: float | None = None
        async with await _client(call) as client:
            while True:
                call.beat()
                wrong = await _probe(client, call)
                now = time.monotonic()
                good_since = None if wrong else (good_since if good_since is not None else now)
                if good_since is not None and now - good_since >= config.hold:
                    break
                if wrong and now >= give_up:
                    raise StepError(
                        f"{redact(_url(call))} was not healthy within {config.within} seconds: {wrong}",
                        hint="look at the deployment, or raise `within`",
                        component=call.release.component,
                    )
                await asyncio.sleep(self._pause(config, now, good_since))
        if config.hold:
            self._markers.write(call.effect_key, MarkerState.APPLIED, _artefact(call))
        return {}

    async def revert(self, _call: Call[HttpConfig], _receipt: Receipt | None) -> str:
        """Do nothing: nothing was changed."""
        return ""

    def _has_held(self, call: Call[HttpConfig]) -> bool:
        marker = self._markers.read(call.effect_key)
        return marker is not None and marker.state is MarkerState.APPLIED and marker.artefact == _artefact(call)

    def _pause(self, config: HttpConfig, now: float, good_since: float | None) -> float:
        """Wait one interval, or less where the time to hold ends earlier."""
        if good_since is None:
            return config.interval
        return min(config.interval, max(0.0, good_since + config.hold - now))


async def _client(call: Call[HttpConfig]) -> httpx.AsyncClient:
    """Give a client for one call, with the credentials that are asked for."""
    config = call.config
    headers = {name: await call.secrets.read(reference) for name, reference in config.secret_headers.items()}
    if config.token is not None:
        headers["Authorization"] = f"Bearer {await call.secrets.read(config.token)}"
    # As bytes: what httpx would read as ASCII may be a password in any letters.
    return httpx.AsyncClient(
        headers={name.encode(): value.encode() for name, value in headers.items()},
        follow_redirects=False,
        timeout=httpx.Timeout(_ONE_ANSWER, connect=10.0),
    )


def _url(call: Call[HttpConfig]) -> str:
    return fill_url(call.config.url, facts_of(call))


async def _probe(client: httpx.AsyncClient, call: Call[HttpConfig]) -> str:
    """Ask once and say what is wrong with the answer; empty where nothing is."""
    config = call.config
    contains = fill(config.contains, facts_of(call)) if config.contains else ""
    try:
        async with asyncio.timeout(_ONE_ANSWER):
            return await _judge(client, _url(call), config, contains)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        # The library repeats a header that it cannot send.
        return call.secrets.hide(f"no answer: {type(error).__name__} {error}".rstrip())
    except TimeoutError:
        return f"no whole answer within {_ONE_ANSWER:g} seconds"


async def _judge(client: httpx.AsyncClient, url: str, config: HttpConfig, contains: str) -> str:
    """Compare an answer with what is expected.

    Redirects are followed, but only within the address's scheme, and with credentials only to the same server.
    """
    request = client.build_request("GET", url)
    for _ in range(_REDIRECTS):
        response = await client.send(request, stream=True)
        try:
            following = response.next_request
            if response.status_code in config.statuses:
                return await _missing(response, contains)
        finally:
            await response.aclose()
        if following is None or not _may_follow(request.url, following.url, config):
            return f"it answered {response.status_code} instead of {' or '.join(map(str, config.statuses))}"
        request = following
    return f"it redirected {_REDIRECTS} times"


def _may_follow(here: httpx.URL, there: httpx.URL, config: HttpConfig) -> bool:
    """Whether a redirect leads to somewhere that may see what was sent here."""
    if config.has_secrets:
        return (here.scheme, here.netloc) == (there.scheme, there.netloc)
    return here.scheme == there.scheme


async def _missing(response: httpx.Response, contains: str) -> str:
    """Look for the text in the first MiB of the answer."""
    if not contains:
        return ""
    body = b""
    async for chunk in response.aiter_bytes():
        body += chunk
        if contains.encode() in body:
            return ""
        if len(body) > _BODY:
            break
    return f"its answer does not contain {contains!r}"


def _artefact(call: Call[HttpConfig]) -> str:
    """Tell checks apart: of another version, or by other expectations."""
    what = f"{call.release.to_version}\n{call.config.model_dump_json()}"
    return hashlib.sha256(what.encode()).hexdigest()
