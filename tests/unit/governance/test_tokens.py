"""Who somebody is, by the word of an issuer, and what is not taken for it."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta

import pytest
from support.tokens import ISSUER, Issuer

from releasepilot.errors import StackError
from releasepilot.governance.tokens import check_keys, claimed, doubt
from releasepilot.model.gate import Actor
from releasepilot.model.trust import Trust

NOW = datetime.now(UTC)
SOON = int((NOW + timedelta(hours=1)).timestamp())


def part(value: object) -> str:
    """Encode a part of a token as RFC 7515 does."""
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def test_a_token_says_who_it_is_of() -> None:
    """The account is the subject, the realm is the issuer, and workers that trust the issuer have no doubt."""
    issuer = Issuer()
    actor = claimed(issuer.token("anna"))
    assert (actor.account, actor.realm) == ("anna", ISSUER)
    assert doubt(actor, issuer.trust, NOW) == ""
    assert actor.token not in repr(actor)
    assert actor.bare.token == ""


def test_without_trust_nobody_is_asked() -> None:
    """The embedded stack takes its owner's word."""
    assert doubt(Actor(account="anna"), None, NOW) == ""


def test_what_is_not_taken() -> None:
    """No token, another's, another key, time, audience or issuer, no signature, and a public key used as a secret."""
    issuer, other = Issuer(), Issuer()
    claims = {"sub": "anna", "iss": ISSUER, "aud": "releasepilot", "exp": SOON}
    unsigned = f"{part({'alg': 'none', 'kid': 'one'})}.{part(claims)}."
    forged = f"{part({'alg': 'HS256', 'kid': 'one'})}.{part(claims)}.{part('x')}"
    tokens = {
        "": "anna has no token",
        issuer.token("mallory"): "anna acts with a token of mallory",
        other.token("anna"): "is not taken: InvalidSignatureError",
        issuer.token("anna", exp=NOW - timedelta(seconds=1)): "is not valid at this time",
        issuer.token("anna", nbf=NOW + timedelta(hours=1)): "is not valid at this time",
        issuer.token("anna", aud="another"): "is not taken: InvalidAudienceError",
        issuer.token("anna", iss="https://evil.example"): "is not taken: InvalidIssuerError",
        issuer.token("anna", sub=""): "is not taken",
        unsigned: "is not taken: InvalidAlgorithmError",
        forged: "is not taken: InvalidAlgorithmError",
        "a.b.c": "is not taken: DecodeError",
        "x" * 100: "is not taken: DecodeError",
    }
    for token, why in tokens.items():
        said = doubt(Actor(account="anna", realm=ISSUER, token=token), issuer.trust, NOW)
        assert why in said, said
        assert not token or token not in said


def test_a_realm_cannot_be_made_up() -> None:
    """An account of an operating system is nobody to a worker that asks for tokens."""
    issuer = Issuer()
    assert "acts with a token of anna" in doubt(
        Actor(account="anna", realm="os", token=issuer.token("anna")), issuer.trust, NOW
    )


def test_a_text_that_is_no_token_is_told_without_it() -> None:
    """The variable is named, and what it holds is not shown."""
    with pytest.raises(StackError, match="RELEASEPILOT_TOKEN is no token") as told:
        claimed("secret-text")
    assert "secret-text" not in str(told.value)


@pytest.mark.parametrize(
    "keys",
    [
        "",
        "{}",
        '{"keys": []}',
        '{"keys": [{"kty": "oct", "kid": "1", "k": "c2VjcmV0"}]}',
        '{"keys": [{"kty": "OKP", "crv": "Ed25519", "kid": "1", "x": "AA", "d": "AA"}]}',
        '{"keys": [{"kty": "OKP", "crv": "Ed25519", "x": "AA"}]}',
    ],
)
def test_keys_that_cannot_be_used_are_told_when_a_worker_starts(keys: str) -> None:
    """A shared or private key is none to check with."""
    with pytest.raises(StackError, match="names no usable key set"):
        check_keys(Trust(issuer=ISSUER, keys=keys))
