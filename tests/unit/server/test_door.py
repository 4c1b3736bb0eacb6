"""Who is let in: whoever proves who they are, or this machine by its own names."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from support.tokens import ISSUER, Issuer

from releasepilot.errors import IdentityUnproven, RequestRefused, StackError
from releasepilot.model.trust import Trust
from releasepilot.server.door import Door


def bearer(token: str) -> dict[str, str]:
    """Send a token, from a name that is not this machine's."""
    return {"authorization": f"Bearer {token}", "host": "releases.example.org"}


def test_a_token_of_the_issuer_opens_it() -> None:
    """By whatever name the service is asked."""
    issuer = Issuer()
    admitted = Door(issuer.trust, "0.0.0.0").admit(bearer(issuer.token("anna")))  # noqa: S104 - nothing listens
    assert admitted is not None
    assert (admitted.account, admitted.realm) == ("anna", ISSUER)


def test_no_other_token_does() -> None:
    """Another key's, one that is over, one for somebody else, one without a signature, none: all get one answer."""
    issuer, past = Issuer(), datetime.now(UTC) - timedelta(seconds=1)
    door = Door(issuer.trust, "127.0.0.1")
    token = issuer.token("anna")
    refused = [
        {},
        {"host": "127.0.0.1"},
        {"authorization": token},
        {"authorization": f"Basic {token}"},
        {"authorization": "Bearer "},
        bearer("no.token.this"),
        bearer("x" * 100_000),
        bearer(Issuer().token("anna")),
        bearer(issuer.token("anna", exp=past)),
        bearer(issuer.token("anna", aud="another")),
        bearer(issuer.token("anna", iss="https://evil.example.org")),
        bearer(token.rpartition(".")[0] + "."),
        bearer(token[:-4] + "AAAA"),
    ]
    told = set()
    for headers in refused:
        with pytest.raises(IdentityUnproven) as raised:
            door.admit(headers)
        told.add(raised.value.message)
        assert token not in raised.value.message
    assert len(told) == 1


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.1:8440", "localhost:8440", "LOCALHOST", "[::1]:8440", "[::1]"])
def test_without_an_issuer_this_machine_is_let_in(host: str) -> None:
    """By the names that lead to it whatever a name server says."""
    assert Door(None, "127.0.0.1").admit({"host": host}) is None


@pytest.mark.parametrize(
    "host", ["", "evil.example.org", "evil.example.org:8440", "127.0.0.1.evil.org", "localhost.", "::1", "10.0.0.1"]
)
def test_a_page_of_somebody_else_is_not(host: str) -> None:
    """A name that was made lead here is not one of ours (DNS rebinding)."""
    with pytest.raises(RequestRefused) as raised:
        Door(None, "127.0.0.1").admit({"host": host})
    assert raised.value.status == 421


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.1", "releases.example.org", ""])  # noqa: S104 - refused
def test_without_an_issuer_nothing_listens_to_others(host: str) -> None:
    """The service does not start where anybody could ask."""
    with pytest.raises(StackError, match="loopback"):
        Door(None, host)


def test_keys_that_are_none_are_said_at_once() -> None:
    """Not by the first who asks."""
    with pytest.raises(StackError, match="key set"):
        Door(Trust(issuer=ISSUER, keys="{}"), "127.0.0.1")
