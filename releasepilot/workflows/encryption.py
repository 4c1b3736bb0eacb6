"""Payloads that nobody reads who has no key: AES-256-GCM over what Temporal keeps of values and failures.

Each payload names the key that it was encrypted with and the workflow that it belongs to. Both are bound to it as
associated data, so it cannot be given to another workflow. Nothing finer is bound: when a workflow is replayed,
Temporal does not say which of its activities a payload is of.

What cannot be decrypted is passed on as it is, and refused where it is read. So a vote with an unknown key is refused
by itself, and a workflow that needs an unknown key waits for a worker that has it, instead of being lost.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib import import_module
from typing import Any, Self

from temporalio.api.common.v1 import Payload
from temporalio.converter import (
    ActivitySerializationContext,
    DataConverter,
    DefaultFailureConverterWithEncodedAttributes,
    PayloadCodec,
    SerializationContext,
    WithSerializationContext,
    WorkflowSerializationContext,
)

from releasepilot.errors import StackError
from releasepilot.workflows.payloads import DATA_CONVERTER, ENCRYPTED, KEY_ID, REASON

#: What a payload says of where it belongs: the namespace and the workflow's id.
_FOR = "releasepilot-for"
#: Bytes of a key, and of a number that is used once.
KEY_SIZE = 32
_NONCE = 12
#: Changes with the form of what is encrypted.
_FORM = b"releasepilot-1"
#: What Temporal puts behind the id of a workflow that a schedule starts.
_DUE = re.compile(rb"-\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
_SCHEDULES = b"schedule/"


@dataclass(frozen=True, kw_only=True)
class PayloadKeys:
    """The keys by id, never shown. The first one encrypts, all of them decrypt."""

    keys: Mapping[str, bytes] = field(repr=False)

    def __post_init__(self) -> None:
        """Refuse what is no key, by its id."""
        for name, key in self.keys.items():
            if len(key) != KEY_SIZE:
                raise StackError(
                    f"the payload key {name!r} has {len(key)} bytes and not {KEY_SIZE}",
                    hint="make one with: openssl rand -base64 32",
                )

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids, that of the key which encrypts first."""
        return tuple(self.keys)


def converter_of(keys: PayloadKeys | None) -> DataConverter:
    """Return how values travel with these keys; without keys as they are, at no cost.

    StackError where keys are given and what encrypts is not installed.
    """
    if keys is None or not keys.keys:
        return DATA_CONVERTER
    return replace(
        DATA_CONVERTER,
        payload_codec=Codec.of(keys),
        failure_converter_class=DefaultFailureConverterWithEncodedAttributes,
    )


@dataclass(frozen=True, kw_only=True)
class _Ring:
    """The ciphers of the keys."""

    #: The id of the key that encrypts.
    current: bytes
    ciphers: Mapping[bytes, Any] = field(repr=False)

    @property
    def known(self) -> str:
        """The ids of all keys, in words."""
        return ", ".join(name.decode() for name in self.ciphers)


class Codec(PayloadCodec, WithSerializationContext):
    """Encrypts and decrypts payloads, of one workflow where it is told of which."""

    def __init__(self, ring: _Ring, place: bytes = b"") -> None:
        """Use these ciphers. `place` is where payloads belong; empty where nobody says."""
        self._ring = ring
        self._place = place

    @classmethod
    def of(cls, keys: PayloadKeys) -> Self:
        """Use these keys."""
        ciphers = {name.encode(): _cipher(key) for name, key in keys.keys.items()}
        return cls(_Ring(current=keys.ids[0].encode(), ciphers=ciphers))

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of the keys {self._ring.known}>"

    def with_context(self, context: SerializationContext) -> Self:
        """Return the codec of one workflow."""
        if not isinstance(context, WorkflowSerializationContext | ActivitySerializationContext):
            return self
        return type(self)(self._ring, f"{context.namespace}\n{context.workflow_id or ''}".encode())

    async def encode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """Encrypt each payload with all that it says of itself."""
        return [self._encrypted(payload) for payload in payloads]

    async def decode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """Decrypt each payload that was encrypted; pass on the others, and those that cannot be, with the reason."""
        return [self._decrypted(one) if one.metadata.get("encoding") == ENCRYPTED else one for one in payloads]

    def _encrypted(self, payload: Payload) -> Payload:
        name, nonce = self._ring.current, secrets.token_bytes(_NONCE)
        associated = _associated(name, self._place)
        sealed = self._ring.ciphers[name].encrypt(nonce, payload.SerializeToString(), associated)
        metadata = {"encoding": ENCRYPTED, KEY_ID: name, _FOR: self._place}
        return Payload(metadata=metadata, data=nonce + sealed)

    def _decrypted(self, payload: Payload) -> Payload:
        name, place = payload.metadata.get(KEY_ID, b""), payload.metadata.get(_FOR, b"")
        cipher = self._ring.ciphers.get(name)
        if cipher is None:
            known = self._ring.known
            return _refused(payload, f"it is encrypted with the key {_shown(name)}, and known here are {known}")
        if not _belongs(place, self._place):
            return _refused(payload, f"it belongs to {_shown(place)} and stands in {_shown(self._place)}")
        try:
            plain = cipher.decrypt(payload.data[:_NONCE], payload.data[_NONCE:], _associated(name, place))
        except Exception:  # noqa: BLE001 - of a library that is loaded late: the tag does not fit, or there is none
            return _refused(payload, f"it was changed, or {_shown(name)} was another key when it was encrypted")
        return Payload.FromString(plain)


def _associated(name: bytes, place: bytes) -> bytes:
    """Return what a payload is bound to, each part with its length."""
    return b"".join(len(part).to_bytes(4, "big") + part for part in (_FORM, name, place))


def _belongs(place: bytes, here: bytes) -> bool:
    """Whether a payload may be read where it stands.

    Schedules are the exception: what starts a workflow is encrypted before it has its whole id, and a workflow that
    a schedule started reads how the train which it has started ended.
    """
    if not place or not here or place == here:
        return True
    namespace, _, workflow = place.partition(b"\n")
    reading, _, reader = here.partition(b"\n")
    if namespace != reading or not reader.startswith(_SCHEDULES):
        return False
    return workflow.startswith(b"train/") or _DUE.fullmatch(reader.removeprefix(workflow)) is not None


def _refused(payload: Payload, reason: str) -> Payload:
    return Payload(metadata={**payload.metadata, REASON: reason.encode()}, data=payload.data)


def _shown(text: bytes) -> str:
    """Show what came from outside: bounded, on one line."""
    return repr(text[:200].decode("utf-8", "replace"))


def _cipher(key: bytes) -> Any:
    """Return the cipher of a key; StackError where what encrypts is not installed."""
    try:
        return import_module("cryptography.hazmat.primitives.ciphers.aead").AESGCM(key)
    except ImportError as error:
        raise StackError(
            "payload keys are configured, but cryptography is not installed",
            hint="install releasepilot[encryption], or unset RELEASEPILOT_PAYLOAD_KEYS",
        ) from error
