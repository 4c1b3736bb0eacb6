"""What is hidden is hidden in every form in which programs repeat it, and in nothing else."""

from __future__ import annotations

import base64
import html
import json
import shlex
from urllib.parse import quote, quote_plus, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from releasepilot.plugins.secrets.hiding import Hider, forms_of

SECRET = "p@ss/w\"rd'+ü&1"  # noqa: S105 - it opens nothing
_LINE = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=8, max_size=40).filter(lambda one: one.strip())


def hider(*secrets: str) -> Hider:
    """Know these."""
    made = Hider()
    for secret in secrets:
        made.learn(secret)
    return made


@pytest.mark.parametrize(
    "said",
    [
        SECRET,
        f"before{SECRET}after",
        quote(SECRET),
        quote(SECRET, safe=""),
        quote(SECRET, safe="").lower(),
        quote_plus(SECRET),
        urlencode({"password": SECRET}),
        json.dumps({"password": SECRET}),
        json.dumps({"password": SECRET}, ensure_ascii=False),
        repr(SECRET),
        repr({"password": SECRET}),
        html.escape(SECRET),
        shlex.quote(SECRET),
        SECRET.encode().hex(),
        base64.b64encode(SECRET.encode()).decode(),
        base64.urlsafe_b64encode(SECRET.encode()).decode(),
    ],
)
def test_every_form_is_hidden(said: str) -> None:
    """Whatever a program makes of it, the text that is left gives none of it away."""
    left = hider(SECRET).hide(said)
    assert "***" in left
    assert "w" + '"rd' not in left
    assert not any(form in left for form in forms_of(SECRET))


@given(secret=_LINE, user=st.text("abc:", min_size=1, max_size=6), rest=st.text("xyz", max_size=5))
def test_base64_of_more_than_the_secret_is_hidden(secret: str, user: str, rest: str) -> None:
    """As in a header of basic authentication: at most a character at each end is left of it."""
    said = base64.b64encode(f"{user}{secret}{rest}".encode()).decode()
    left = hider(secret).hide(said)
    shown = base64.b64encode(secret.encode()).decode()
    assert "***" in left
    assert len(left) <= len(said) - len(shown) + 8


@given(secret=_LINE, before=st.text(max_size=20), after=st.text(max_size=20))
def test_a_secret_is_never_left(secret: str, before: str, after: str) -> None:
    """Wherever it stands."""
    assert secret not in hider(secret).hide(f"{before}{secret}{after}").replace("***", "\0")


@given(secret=st.text("abcdefgh", min_size=4, max_size=30), kept=st.integers(0, 200))
def test_a_text_that_was_cut_begins_with_no_end_of_it(secret: str, kept: int) -> None:
    """The tail of an output that is nothing but the secret, over and over, is nothing at all."""
    tail = (secret * 60)[-kept:] if kept else ""
    assert set(hider(secret).hide_part(tail)) <= {"*"}


def test_bytes_that_were_cut_within_a_character_are_hidden_too() -> None:
    """A letter of two bytes may be cut in the middle."""
    secret = "grüße-aus-der-mitte"  # noqa: S105 - it opens nothing
    for kept in range(len(secret.encode())):
        tail = secret.encode()[len(secret.encode()) - kept :].decode("utf-8", "replace")
        assert not hider(secret).hide_part(tail)


def test_of_two_secrets_the_longer_one_goes_whole() -> None:
    """A secret that begins as another leaves no rest of itself."""
    for order in (("hunter", "hunter-and-more"), ("hunter-and-more", "hunter")):
        assert hider(*order).hide("it is hunter-and-more") == "it is ***"


def test_what_is_too_short_hides_nothing() -> None:
    """A secret of three letters would take the words out of every message."""
    assert hider("and").hide("this and that") == "this and that"
    assert not hider("and").knows


def test_nobody_sees_what_is_known() -> None:
    """Not even in a debugger's first line."""
    assert SECRET not in repr(hider(SECRET))
