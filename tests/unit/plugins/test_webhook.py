"""Word from outside is believed once, while it is fresh, and only from who knows the secret."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from releasepilot.plugins.changes.webhook import MAX_BODY, TOLERANCE, signature_of, verified

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
SECRET = b"0123456789abcdef0123456789abcdef"
BODY = b'{"number": "CHG0030001", "state": "-1"}'
SIGNED = signature_of(BODY, SECRET, int(NOW.timestamp()))


def test_a_genuine_delivery_has_an_id() -> None:
    """The same delivery has the same one, so that it can be remembered."""
    assert verified(BODY, SIGNED, SECRET, NOW)
    assert verified(BODY, SIGNED, SECRET, NOW) == verified(BODY, SIGNED, SECRET, NOW + timedelta(minutes=1))


def test_it_is_taken_once() -> None:
    """A replay within the tolerance has an id that is known."""
    known = {verified(BODY, SIGNED, SECRET, NOW)}
    assert verified(BODY, SIGNED, SECRET, NOW, known) == ""


@pytest.mark.parametrize("away", [TOLERANCE + timedelta(seconds=1), -TOLERANCE - timedelta(seconds=1)])
def test_it_is_taken_while_it_is_fresh(away: timedelta) -> None:
    """Neither old words nor those of a clock that is ahead count."""
    assert verified(BODY, SIGNED, SECRET, NOW + away) == ""


@given(body=st.binary(max_size=60), secret=st.binary(min_size=32, max_size=40))
def test_another_body_or_secret_is_refused(body: bytes, secret: bytes) -> None:
    """A signature is one of a body by a secret."""
    assert bool(verified(body, SIGNED, SECRET, NOW)) is (body == BODY)
    assert bool(verified(BODY, SIGNED, secret, NOW)) is (secret == SECRET)


@given(signature=st.text(max_size=100))
def test_noise_is_refused(signature: str) -> None:
    """Whatever stands in the header, it is not believed, and nothing is raised."""
    assert verified(BODY, signature, SECRET, NOW) == ""


def test_a_moment_has_one_spelling() -> None:
    """Else one delivery would have several ids."""
    assert verified(BODY, SIGNED.replace("t=", "t=0"), SECRET, NOW) == ""
    assert verified(BODY, SIGNED.upper(), SECRET, NOW) == ""


def test_a_short_secret_is_none() -> None:
    """It could be guessed."""
    assert verified(BODY, signature_of(BODY, b"", int(NOW.timestamp())), b"", NOW) == ""
    assert verified(BODY, signature_of(BODY, b"short", int(NOW.timestamp())), b"short", NOW) == ""


def test_a_body_is_bounded() -> None:
    """More than a MiB is not looked at."""
    body = b"x" * (MAX_BODY + 1)
    assert verified(body, signature_of(body, SECRET, int(NOW.timestamp())), SECRET, NOW) == ""
