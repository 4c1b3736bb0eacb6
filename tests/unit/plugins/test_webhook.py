"""Word from outside is believed once, while it is fresh, and only from who knows the secret."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from releasepilot.plugins.changes.webhook import MAX_BODY, TOLERANCE, signature_of, timely, verified

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
SECRET = b"0123456789abcdef0123456789abcdef"
BODY = b'{"number": "CHG0030001", "state": "-1"}'
SIGNED = signature_of(BODY, SECRET, int(NOW.timestamp()))


def test_a_genuine_delivery_has_an_id() -> None:
    """The same delivery has the same one, so that it can be remembered."""
    assert verified(BODY, SIGNED, SECRET, NOW)
    assert verified(BODY, SIGNED, SECRET, NOW) == verified(BODY, SIGNED, SECRET, NOW + timedelta(minutes=1))


@pytest.mark.parametrize("away", [TOLERANCE + timedelta(seconds=1), -TOLERANCE - timedelta(seconds=1)])
def test_it_is_taken_while_it_is_fresh(away: timedelta) -> None:
    """Neither old words nor those of a clock that is ahead count."""
    assert verified(BODY, SIGNED, SECRET, NOW + away) == ""
    assert timely(SIGNED, NOW + away) is None


@given(body=st.binary(max_size=60), secret=st.binary(min_size=32, max_size=40))
def test_another_body_or_secret_is_refused(body: bytes, secret: bytes) -> None:
    """A signature is one of a body by a secret."""
    assert bool(verified(body, SIGNED, SECRET, NOW)) is (body == BODY)
    assert bool(verified(BODY, SIGNED, secret, NOW)) is (secret == SECRET)


@given(signature=st.text(max_size=100))
def test_noise_is_refused(signature: str) -> None:
    """Whatever stands in the header, it is not believed, and nothing is raised."""
    assert timely(signature, NOW) is None
    assert verified(BODY, signature, SECRET, NOW) == ""


@pytest.mark.parametrize("away", [timedelta(0), TOLERANCE, -TOLERANCE])
def test_what_takes_no_secret_is_judged_without_one(away: timedelta) -> None:
    """The form and the moment, up to the edge of the tolerance, are those of anybody."""
    assert timely("t=1764072000,v1=" + "0" * 64, datetime.fromtimestamp(1764072000, UTC) + away) == 1764072000


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
