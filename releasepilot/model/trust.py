"""Whose word a worker takes for who somebody is."""

from __future__ import annotations

from releasepilot.model.value import Value

#: What tokens must be made for.
AUDIENCE = "releasepilot"


class Trust(Value):
    """The issuer of tokens, and the public keys that it signs them with."""

    issuer: str
    #: A JSON Web Key Set (RFC 7517), as text. Public keys alone.
    keys: str
