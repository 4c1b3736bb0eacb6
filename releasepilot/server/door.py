"""Who may ask questions: whoever proves who they are, or, where nobody has to, this machine alone."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from releasepilot.errors import IdentityUnproven, RequestRefused, StackError
from releasepilot.governance.tokens import check_keys, claimed, doubt
from releasepilot.model.gate import Actor
from releasepilot.model.trust import Trust

#: Texts without a token in them.
_NO_TOKEN = "a token of the trusted issuer is needed"  # noqa: S105 - a message
_HOW = "send it in the header `Authorization: Bearer <token>`"

#: By these names a browser reaches this machine, whatever a name server says.
_LOCAL = frozenset({"localhost", "127.0.0.1", "[::1]"})


def _now() -> datetime:
    return datetime.now(UTC)


def is_loopback(host: str) -> bool:
    """Whether an address is reached from this machine alone."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class Door:
    """Lets requests in. It is shut unless there is a reason to open it."""

    def __init__(self, trust: Trust | None, host: str, now: Callable[[], datetime] = _now) -> None:
        """Guard a service that listens on `host`; StackError where nobody could be told from anybody."""
        if trust is not None:
            check_keys(trust)
        elif not is_loopback(host):
            raise StackError(
                f"without trusted keys the service listens on loopback alone, and not on {host}",
                hint="set RELEASEPILOT_TRUSTED_KEYS and RELEASEPILOT_TRUSTED_ISSUER, or listen on 127.0.0.1",
            )
        self._trust = trust
        self._hosts = _LOCAL | {f"[{host}]" if ":" in host else host}
        self._now = now

    def admit(self, headers: Mapping[str, str]) -> Actor | None:
        """Return who asks, None where nobody has to say; IdentityUnproven or RequestRefused where they may not."""
        if self._trust is None:
            self._check_host(headers.get("host", ""))
            return None
        kind, _, token = headers.get("authorization", "").partition(" ")
        if kind.lower() != "bearer" or not token.strip():
            raise IdentityUnproven(_NO_TOKEN, hint=_HOW)
        try:
            actor = claimed(token.strip())
        except (StackError, ValueError):
            raise IdentityUnproven(_NO_TOKEN, hint=_HOW) from None
        if doubt(actor, self._trust, self._now()):
            raise IdentityUnproven(_NO_TOKEN, hint="get a new one")
        return actor

    def _check_host(self, host: str) -> None:
        """Refuse a name that somebody made lead here, so that a page of theirs could read (DNS rebinding)."""
        name, colon, port = host.rpartition(":")
        if not (colon and port.isdecimal()):
            name = host
        if name.lower() not in self._hosts:
            raise RequestRefused(
                "this service answers to the names of this machine alone", status=421, hint="ask 127.0.0.1"
            )
