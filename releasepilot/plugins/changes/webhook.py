"""Word from a change management system that something happened, to be believed or not.

The sender signs the moment and the body with a secret that both know: `t=<unix seconds>,v1=<hex>`, where the second is
the HMAC-SHA256 of `<unix seconds>.<body>`. A believed word says only that it is worth looking: what is true is what
the system shows when it is asked.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from datetime import datetime, timedelta

#: The header that carries the signature.
SIGNATURE_HEADER = "X-ReleasePilot-Signature"
#: How far the clocks of sender and receiver may lie apart, and how long an id has to be remembered on either side.
TOLERANCE = timedelta(minutes=5)
#: The largest body that is looked at.
MAX_BODY = 1 << 20
#: The shortest secret that is one (NIST SP 800-107: as long as the hash).
MIN_SECRET = 32

_SIGNATURE = re.compile(r"t=([0-9]{1,12}),v1=([0-9a-f]{64})")


def timely(signature: str, now: datetime) -> int | None:
    """Return the moment that a signature names; None where it has another form, or the moment is too far from `now`.

    That takes no secret, so it is asked before one is read.
    """
    found = _SIGNATURE.fullmatch(signature)
    if found is None or abs(now.timestamp() - int(found[1])) > TOLERANCE.total_seconds():
        return None
    return int(found[1])


def verified(body: bytes, signature: str, secret: bytes, now: datetime) -> str:
    """Return the id of a delivery that is genuine and timely; empty where it is not.

    Whoever receives keeps each id for twice the tolerance, so that nothing is taken twice.
    """
    at = timely(signature, now)
    if at is None or len(body) > MAX_BODY or len(secret) < MIN_SECRET:
        return ""
    signed = signature_of(body, secret, at)
    # In a time that does not depend on where they differ.
    genuine = hmac.compare_digest(signed, signature)
    return hashlib.sha256(signed.encode()).hexdigest() if genuine else ""


def signature_of(body: bytes, secret: bytes, at: int) -> str:
    """Return the signature of a body, as the sender writes it."""
    digest = hmac.new(secret, f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={at},v1={digest}"
