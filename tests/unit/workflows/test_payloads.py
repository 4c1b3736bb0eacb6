"""How values travel: without what nobody set, and packed where that is long."""

from __future__ import annotations

import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from temporalio.api.common.v1 import Payload

from releasepilot.model.gate import Actor
from releasepilot.workflows.payloads import PACKED_FROM, PayloadConverter

CONVERTER = PayloadConverter()


def test_what_nobody_set_is_left_out() -> None:
    """A default takes no room, and is there again when the value is read."""
    payload = CONVERTER.to_payload(Actor(account="anna"))
    assert payload.data == b'{"account":"anna"}'
    assert CONVERTER.from_payload(payload, Actor) == Actor(account="anna")


@pytest.mark.parametrize(("length", "encoding"), [(PACKED_FROM - 3, b"json/plain"), (PACKED_FROM - 2, b"json/zlib")])
def test_what_is_long_is_packed(length: int, encoding: bytes) -> None:
    """From 64 KiB of JSON on, two quotes among them, a value takes a fraction of its room."""
    payload = CONVERTER.to_payload("x" * length)
    assert payload.metadata["encoding"] == encoding
    assert (len(payload.data) < 1000) == (encoding == b"json/zlib")
    assert CONVERTER.from_payload(payload, str) == "x" * length


@given(st.lists(st.text(), max_size=20), st.sampled_from([1, 10_000]))
def test_every_value_comes_back(texts: list[str], times: int) -> None:
    """Packed or not, what is read is what was written."""
    payload = CONVERTER.to_payload(texts * times)
    assert CONVERTER.from_payload(payload, list[str]) == texts * times


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"none", "not packed as it says"),
        (zlib.compress(b'"text"')[:-3], "cut off"),
        (zlib.compress(b" " * (256 * 1024 * 1024 + 1)), "unpacks to more than"),
    ],
    ids=["garbage", "truncated", "bomb"],
)
def test_what_was_not_packed_here_is_refused(data: bytes, said: str) -> None:
    """A few kilobytes that pretend to be gigabytes are given up at a bound."""
    with pytest.raises(ValueError, match=said):
        CONVERTER.from_payload(Payload(metadata={"encoding": b"json/zlib"}, data=data), str)
