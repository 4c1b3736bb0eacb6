"""An issuer of tokens with keys of its own, as an identity provider is one."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from releasepilot.model.gate import Actor
from releasepilot.model.trust import AUDIENCE, Trust

ISSUER = "https://id.example.org"


class Issuer:
    """Makes tokens, and tells the public key that they are checked with."""

    def __init__(self) -> None:
        self.private = Ed25519PrivateKey.generate()
        public = json.loads(jwt.algorithms.OKPAlgorithm.to_jwk(self.private.public_key()))
        self.trust = Trust(issuer=ISSUER, keys=json.dumps({"keys": [{**public, "kid": "one"}]}))

    def token(self, account: str, *, key: object = None, algorithm: str = "EdDSA", **claims: Any) -> str:
        """Make a token of an account that lives for an hour."""
        ends = datetime.now(UTC) + timedelta(hours=1)
        told = {"sub": account, "iss": ISSUER, "aud": AUDIENCE, "exp": ends, **claims}
        return jwt.encode(told, key or self.private, algorithm=algorithm, headers={"kid": "one"})  # type: ignore[arg-type]

    def actor(self, account: str, **claims: Any) -> Actor:
        """Return an account with its token."""
        return Actor(account=account, realm=ISSUER, token=self.token(account, **claims))
