"""`vault:mount/path#key`: the key-value engines of HashiCorp Vault and OpenBao, versions 1 and 2, by their HTTP API."""

from __future__ import annotations

import json
import ssl
import time
from collections.abc import Awaitable, Callable, Mapping
from functools import cached_property
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import httpx

from releasepilot.errors import SecretRefused, SecretUnreachable
from releasepilot.plugins.secrets.config import VaultAuth, VaultLogin
from releasepilot.plugins.secrets.reference import Reference, SecretRef

#: Seconds that one question may take.
_ONE_ANSWER = 15.0
#: Seconds that a login is used for at most, however long the server would take its token.
_LOGIN = 300.0
_KEY_VALUE = ("kv", "generic")
#: Statuses after which the same question may be answered: 412 is a replica that has not caught up, 472 and 473 are
#: servers that stand by.
_LATER = (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.PRECONDITION_FAILED, HTTPStatus.TOO_MANY_REQUESTS, 472, 473)


class Vault:
    """Reads secrets as one of its clients. A login is used for minutes, a secret is kept by nobody."""

    def __init__(self, login: VaultLogin, read: Callable[[SecretRef], Awaitable[str]]) -> None:
        """Log in as told; `read` looks the worker's own credential up."""
        self._login = login
        self._read = read
        #: The token of a login, and until when it is used.
        self._token = ""
        self._until = 0.0

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._login.address}>"

    async def read(self, reference: Reference) -> str:
        """Return one key of a secret."""
        async with self._client(reference) as client:
            known = self._token if time.monotonic() < self._until else ""
            try:
                return await self._secret(client, reference, known or await self._logged_in(client, reference))
            except SecretRefused:
                if not known:
                    raise
                # The server may have taken the login back before its time.
                self._until = 0.0
                return await self._secret(client, reference, await self._logged_in(client, reference))

    def _client(self, reference: Reference) -> httpx.AsyncClient:
        headers = {"X-Vault-Request": "true"}
        if self._login.namespace:
            headers["X-Vault-Namespace"] = self._login.namespace
        try:
            verify = self._certificates
        except (OSError, ssl.SSLError) as error:
            raise SecretRefused(
                f"{reference.text}: the certificates in {self._login.ca_file} cannot be read: {type(error).__name__}",
                hint="correct RELEASEPILOT_VAULT_CA",
            ) from None
        # It follows no redirect: another host must never see the token.
        return httpx.AsyncClient(
            base_url=f"{self._login.address}/v1/",
            headers=headers,
            verify=verify,
            follow_redirects=False,
            timeout=httpx.Timeout(_ONE_ANSWER, connect=5.0),
        )

    @cached_property
    def _certificates(self) -> ssl.SSLContext:
        if self._login.ca_file:
            return ssl.create_default_context(cafile=self._login.ca_file)
        return httpx.create_ssl_context()

    async def _logged_in(self, client: httpx.AsyncClient, reference: Reference) -> str:
        """Return a token: the worker's own, or that of a new login."""
        login = self._login
        credential = await self._read(login.credential)
        if login.auth is VaultAuth.TOKEN:
            return credential
        proof = (
            {"role_id": login.role, "secret_id": credential}
            if login.auth is VaultAuth.APPROLE
            else {"role": login.role, "jwt": credential}
        )
        path = f"auth/{quote(login.mount or login.auth.value)}/login"
        said = (await _answer(client, reference, "POST", path, body=proof)).get("auth")
        token = said.get("client_token") if isinstance(said, Mapping) else None
        if not isinstance(said, Mapping) or not isinstance(token, str) or not token:
            raise SecretRefused(f"{reference.text}: the login gave no token", hint=_hint(HTTPStatus.BAD_REQUEST))
        lease = said.get("lease_duration")
        self._token = token
        self._until = time.monotonic() + min(_LOGIN, lease / 2 if isinstance(lease, int) and lease > 0 else _LOGIN)
        return token

    async def _secret(self, client: httpx.AsyncClient, reference: Reference, token: str) -> str:
        """Find out which engine stands there, as Vault's own command does, and read the key."""
        where = quote(reference.where)
        engine = _data(await _answer(client, reference, "GET", f"sys/internal/ui/mounts/{where}", token=token))
        mount, options = str(engine.get("path", "")), engine.get("options")
        if engine.get("type") not in _KEY_VALUE or not where.startswith(mount):
            raise SecretRefused(
                f"{reference.text} is not in a key-value engine",
                hint="reading elsewhere would make a new credential each time",
            )
        version = options.get("version") if isinstance(options, Mapping) else None
        path = f"{mount}data/{where[len(mount) :]}" if version == "2" else where
        data = _data(await _answer(client, reference, "GET", path, token=token))
        found = _data(data) if version == "2" else data
        secret = found.get(reference.key)
        if not isinstance(secret, str):
            raise SecretRefused(f"{reference.text}: there is no text under this key", hint="correct what follows the #")
        return secret


async def _answer(
    client: httpx.AsyncClient,
    reference: Reference,
    method: str,
    path: str,
    *,
    token: str = "",
    body: Mapping[str, str] | None = None,
) -> Mapping[str, Any]:
    """Ask once, and return the object of the answer. The server's own words are left out: they may repeat ours."""
    where = f"{reference.text}: {client.base_url.host}"
    try:
        response = await client.request(method, path, json=body, headers={"X-Vault-Token": token} if token else None)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise SecretUnreachable(
            f"{where} does not answer: {type(error).__name__}{_of_certificate(error)}",
            hint="look whether it runs, and whether RELEASEPILOT_VAULT_ADDRESS and RELEASEPILOT_VAULT_CA are right",
        ) from None
    status = response.status_code
    if response.is_server_error or status in _LATER:
        raise SecretUnreachable(f"{where} answered {status}", hint="look whether it is sealed or stands by")
    if not response.is_success:
        raise SecretRefused(f"{where} refused it with {status}", hint=_hint(status))
    try:
        said = json.loads(response.content)
    except ValueError:
        said = None
    if not isinstance(said, dict):
        raise SecretUnreachable(f"{where} answered with something else than an object", hint=_hint(status))
    return said


def _of_certificate(error: Exception) -> str:
    """Say that a certificate is not trusted: the kind of the error alone does not tell."""
    return ", its certificate is not trusted" if "CERTIFICATE_VERIFY_FAILED" in str(error) else ""


def _data(said: Mapping[str, Any]) -> Mapping[str, Any]:
    data = said.get("data")
    return data if isinstance(data, Mapping) else {}


def _hint(status: int) -> str:
    if status == HTTPStatus.NOT_FOUND:
        return "correct the path: nothing stands there, or it was deleted"
    if status == HTTPStatus.FORBIDDEN:
        return "correct the path, or give the worker's role a policy that reads it"
    return "look at RELEASEPILOT_VAULT_ADDRESS, and at how the worker logs in there"
