"""Signed tokens (RFC 7519): who somebody is, by the word of an issuer. PyJWT is loaded where there is one."""

from __future__ import annotations

import json
from datetime import datetime
from functools import lru_cache
from importlib import import_module
from typing import Any

from releasepilot.errors import StackError
from releasepilot.model.gate import Actor
from releasepilot.model.trust import AUDIENCE, Trust

#: Signatures by a private key. With a shared secret whoever can check a token could make one.
_ALGORITHMS = ("EdDSA", "ES256", "ES384", "RS256", "PS256")
#: Longer texts are no tokens of ours.
_LONGEST = 16_384


def claimed(token: str) -> Actor:
    """Return who a token says that it is of, unchecked: whoever counts what they do checks it. StackError if none."""
    jwt = _library()
    try:
        claims = jwt.decode(token[:_LONGEST], options={"verify_signature": False})
        return Actor(account=_account(claims), realm=str(claims["iss"]), token=token)
    except (jwt.PyJWTError, KeyError, ValueError) as error:
        raise StackError(
            f"RELEASEPILOT_TOKEN is no token: {type(error).__name__}", hint="get a new one, or unset the variable"
        ) from None


def doubt(actor: Actor, trust: Trust | None, now: datetime) -> str:
    """Say why somebody is not taken for who they say they are; empty where they are, or where nobody has to be."""
    if trust is None:
        return ""
    if not actor.token:
        return f"{actor} has no token, and the workers take nobody's word without one: set RELEASEPILOT_TOKEN"
    jwt = _library()
    try:
        key = _keys(trust.keys)[jwt.get_unverified_header(actor.token[:_LONGEST]).get("kid", "")]
        claims = jwt.decode(
            actor.token,
            key,
            algorithms=list(_ALGORITHMS),
            audience=AUDIENCE,
            issuer=trust.issuer,
            # The time is the caller's to say: a workflow has a clock of its own.
            options={"require": ["exp", "sub"], "verify_exp": False, "verify_nbf": False, "verify_iat": False},
        )
        account, ends, begins = _account(claims), float(claims["exp"]), float(claims.get("nbf", 0))
    except (jwt.PyJWTError, KeyError, ValueError, TypeError, AttributeError) as error:
        # Never the token itself, nor what it holds.
        return f"the token of {actor} is not taken: {type(error).__name__}"
    if not begins <= now.timestamp() < ends:
        return f"the token of {actor} is not valid at this time: get a new one"
    if (account, trust.issuer) != (actor.account, actor.realm):
        return f"{actor} acts with a token of {account}"
    return ""


def check_keys(trust: Trust) -> None:
    """Raise StackError where the keys cannot be used, so that a worker says so when it starts."""
    try:
        _keys(trust.keys)
    except (KeyError, ValueError, TypeError, AttributeError, _library().PyJWTError) as error:
        raise StackError(
            f"RELEASEPILOT_TRUSTED_KEYS names no usable key set: {error}", hint="give it a JWK set of public keys"
        ) from None


def _account(claims: dict[str, Any]) -> str:
    account = claims["sub"]
    if not isinstance(account, str) or not account:
        raise ValueError("a token needs a subject")
    return account


@lru_cache(maxsize=8)
def _keys(text: str) -> dict[str, Any]:
    """Read a key set by key id; a private or shared key in it is refused."""
    found: dict[str, Any] = {}
    for entry in json.loads(text)["keys"]:
        if "d" in entry or entry.get("kty") == "oct":
            raise ValueError("it holds a private or a shared key")
        found[entry["kid"]] = _library().PyJWK.from_dict(entry).key
    if not found:
        raise ValueError("it is empty")
    return found


def _library() -> Any:
    try:
        return import_module("jwt")
    except ModuleNotFoundError as missing:
        raise StackError(
            "tokens cannot be read without PyJWT", hint="pip install 'releasepilot[identity]'"
        ) from missing
