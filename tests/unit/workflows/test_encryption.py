"""Payloads are read by who has the key, in the workflow that they belong to, and by nobody else."""

from __future__ import annotations

import pytest
from temporalio.api.common.v1 import Payload
from temporalio.api.failure.v1 import Failure
from temporalio.converter import ActivitySerializationContext, DataConverter, WorkflowSerializationContext
from temporalio.exceptions import ApplicationError

from releasepilot.errors import PayloadUnreadable, StackError
from releasepilot.workflows.encryption import KEY_SIZE, PayloadKeys, converter_of
from releasepilot.workflows.payloads import DATA_CONVERTER

OLD, NEW = b"o" * KEY_SIZE, b"n" * KEY_SIZE
WORD = "platinum"


def keys(**given: bytes) -> PayloadKeys:
    """Name keys, the one that encrypts first."""
    return PayloadKeys(keys=given)


def inside(keys: PayloadKeys | None, workflow: str, namespace: str = "default") -> DataConverter:
    """Convert as for one workflow."""
    return converter_of(keys).with_context(WorkflowSerializationContext(namespace, workflow))


async def test_a_payload_shows_only_its_key_and_where_it_belongs() -> None:
    """Twice the same value is two payloads: nobody sees that they are equal."""
    here = inside(keys(new=NEW), "train/june/1")
    [first], [second] = await here.encode([WORD]), await here.encode([WORD])
    assert WORD.encode() not in first.SerializeToString()
    assert first.data != second.data
    assert set(first.metadata.values()) == {b"binary/encrypted", b"new", b"default\ntrain/june/1"}
    assert await here.decode([first, second]) == [WORD, WORD]


def test_without_keys_nothing_is_added() -> None:
    """It is the very same converter."""
    assert converter_of(None) is DATA_CONVERTER
    assert converter_of(PayloadKeys(keys={})) is DATA_CONVERTER


async def test_keys_are_rotated() -> None:
    """Who knows both reads both, and writes with the first; who has lost the old one is told its name."""
    [payload] = await inside(keys(old=OLD), "w").encode([WORD])
    both = inside(keys(new=NEW, old=OLD), "w")
    assert await both.decode([payload]) == [WORD]
    [again] = await both.encode([WORD])
    assert await inside(keys(new=NEW), "w").decode([again]) == [WORD]
    with pytest.raises(PayloadUnreadable, match="'old', and known here are new"):
        await inside(keys(new=NEW), "w").decode([payload])


async def test_what_was_written_before_there_were_keys_is_read() -> None:
    """A train that runs when the first key comes goes on."""
    [payload] = await DATA_CONVERTER.encode([WORD])
    assert await inside(keys(new=NEW), "w").decode([payload]) == [WORD]


async def test_who_has_no_keys_is_told() -> None:
    """The code is stable, the key is named, and the remedy is the variable."""
    [payload] = await inside(keys(new=NEW), "w").encode([WORD])
    with pytest.raises(PayloadUnreadable, match="'new', and no keys are configured") as caught:
        await DATA_CONVERTER.decode([payload])
    assert "RELEASEPILOT_PAYLOAD_KEYS" in caught.value.hint


@pytest.mark.parametrize(
    ("written_in", "read_in", "read"),
    [
        ("train/june/1", "train/june/1", True),
        ("train/june/1", "train/june/2", False),
        ("train/june/1", "rollback/june/1", False),
        ("schedule/june", "schedule/june-2026-06-01T09:00:00Z", True),
        ("schedule/june", "schedule/june-more-2026-06-01T09:00:00Z", False),
        ("schedule/june", "train/june/1", False),
        ("train/june/1", "schedule/june-2026-06-01T09:00:00Z", True),
        ("rollback/june/1", "schedule/june-2026-06-01T09:00:00Z", False),
    ],
)
async def test_a_payload_belongs_to_one_workflow(written_in: str, read_in: str, read: bool) -> None:
    """Whoever can write into Temporal's database moves none to another train.

    A schedule's workflow is started before it has its whole id, and reads how its train ended.
    """
    [payload] = await inside(keys(new=NEW), written_in).encode([WORD])
    if read:
        assert await inside(keys(new=NEW), read_in).decode([payload]) == [WORD]
    else:
        with pytest.raises(PayloadUnreadable, match="belongs to"):
            await inside(keys(new=NEW), read_in).decode([payload])


async def test_a_payload_belongs_to_one_namespace() -> None:
    """Two namespaces may have trains of one name, and one key."""
    [payload] = await inside(keys(new=NEW), "w", "default").encode([WORD])
    with pytest.raises(PayloadUnreadable, match="belongs to"):
        await inside(keys(new=NEW), "w", "another").decode([payload])


async def test_an_activity_reads_what_is_its_workflows() -> None:
    """Temporal says of a replayed payload only which workflow it is of."""
    activity = ActivitySerializationContext("default", "1", "prepare", "rp-git", "w", "Train", is_local=False)
    there = converter_of(keys(new=NEW)).with_context(activity)
    [payload] = await there.encode([WORD])
    assert await inside(keys(new=NEW), "w").decode([payload]) == [WORD]


@pytest.mark.parametrize("what", ["data", "key", "place", "short"])
async def test_what_was_changed_is_refused(what: str) -> None:
    """A flipped bit, another key's name, another place in its own words, a stump."""
    ring = keys(new=NEW, old=OLD)
    [payload] = await inside(ring, "w").encode([WORD])
    metadata, data = dict(payload.metadata), payload.data
    if what == "data":
        data = data[:-1] + bytes([data[-1] ^ 1])
    elif what == "key":
        metadata["encryption-key-id"] = b"old"
    elif what == "place":
        metadata["releasepilot-for"] = b"default\nx"
    else:
        data = data[:5]
    with pytest.raises(PayloadUnreadable, match="it was changed"):
        await inside(ring, "x" if what == "place" else "w").decode([Payload(metadata=metadata, data=data)])


async def test_what_comes_from_outside_is_shown_as_data() -> None:
    """A key's name that was made up is bounded and on one line."""
    metadata = {"encoding": b"binary/encrypted", "encryption-key-id": b"a\x1b[31m\n" + b"x" * 5000}
    with pytest.raises(PayloadUnreadable) as caught:
        await inside(keys(new=NEW), "w").decode([Payload(metadata=metadata, data=b"")])
    assert caught.value.message.isprintable()
    assert len(caught.value.message) < 800


async def test_failures_are_encrypted_with_their_stack_traces() -> None:
    """Message, details, causes: only the type is read by everybody."""
    here, failure = inside(keys(new=NEW), "w"), Failure()
    try:
        try:
            int("palladium")
        except ValueError as error:
            raise ApplicationError(WORD, "rhodium", type="RP402") from error
    except ApplicationError as error:
        await here.encode_failure(error, failure)
    raw = failure.SerializeToString()
    assert b"RP402" in raw
    assert not any(word in raw for word in (b"platinum", b"palladium", b"rhodium", b"test_encryption.py"))
    told = await here.decode_failure(failure)
    assert isinstance(told, ApplicationError)
    assert (told.message, told.details) == (WORD, ("rhodium",))


def test_what_is_no_key_is_refused_by_its_name() -> None:
    """A key of the wrong size is not repeated."""
    with pytest.raises(StackError, match="'new' has 7 bytes") as caught:
        keys(new=b"hunter2")
    assert "hunter2" not in str(caught.value)


def test_keys_are_not_shown() -> None:
    """Whatever is logged."""
    ring = PayloadKeys(keys={"new": b"s3cret-s3cret-s3cret-s3cret-s3cr"})
    shown = f"{ring!r} {converter_of(ring)!r} {converter_of(ring).payload_codec!r}"
    assert "s3cret" not in shown
    assert "new" in shown
