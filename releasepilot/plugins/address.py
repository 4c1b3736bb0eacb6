"""Addresses that credentials may be sent to."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

_LOOPBACK = ("127.0.0.1", "::1", "localhost")


def is_private(url: str) -> bool:
    """Whether nobody on the way can read what is sent there: https, or this machine."""
    parts = urlsplit(url)
    return parts.scheme == "https" or parts.hostname in _LOOPBACK


def checked_server(value: str) -> str:
    """Accept the address of a server that credentials may be sent to."""
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise ValueError("the address of the server begins with https:// and names a host")
    if parts.username is not None or parts.password is not None:
        raise ValueError("credentials do not belong into the address: name them with `password` or `token`")
    if not is_private(value):
        raise ValueError("credentials go over https:// alone, except to this machine")
    return value.rstrip("/")


#: The address of a server, without a path of its interface.
Server = Annotated[str, Field(max_length=500), AfterValidator(checked_server)]
