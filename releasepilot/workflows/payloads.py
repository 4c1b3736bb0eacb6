"""How values travel through Temporal: as JSON, without the fields that nobody set, and packed where that is long.

A request of a thousand components is mostly defaults. Left out, they take no room in a history that holds the request
three times. It is also why a default may never change its meaning. The outline of eight thousand steps says much the
same eight thousand times: packed, it stays far from Temporal's limit of 2 MiB for one payload.
"""

from __future__ import annotations

import zlib
from typing import Any, Final

from temporalio.api.common.v1 import Payload
from temporalio.contrib.pydantic import PydanticJSONPlainPayloadConverter, PydanticPayloadConverter, ToJsonOptions
from temporalio.converter import CompositePayloadConverter, DataConverter, EncodingPayloadConverter
from temporalio.exceptions import ApplicationError, FailureError

from releasepilot.errors import PayloadUnreadable

#: Bytes of JSON from which on a value is packed. What is shorter can be read in Temporal's own views.
PACKED_FROM: Final = 64 * 1024
#: Bytes that a packed value has at most, unpacked; a few kilobytes can pretend to be gigabytes.
_LARGEST: Final = 256 * 1024 * 1024
#: The encoding of a payload that is encrypted,
ENCRYPTED = b"binary/encrypted"
#: where it names its key,
KEY_ID = "encryption-key-id"
#: and where the codec of this process says why it could not decrypt it.
REASON = "releasepilot-unreadable"

_HINT = "give RELEASEPILOT_PAYLOAD_KEYS the same keys in every worker and command"
#: What stands in the place of a failure's message where that is encrypted.
_ENCODED = "Encoded failure"


class _Unreadable(EncodingPayloadConverter):
    """Meets what is still encrypted when it is read, and refuses it in words."""

    @property
    def encoding(self) -> str:
        return ENCRYPTED.decode()

    def to_payload(self, value: Any) -> None:
        """Make nothing: no value is made unreadable."""

    def from_payload(self, payload: Payload, type_hint: type | None = None) -> Any:
        """Raise PayloadUnreadable, which is no error that fails a workflow: another worker may have the key."""
        del type_hint
        name = payload.metadata.get(KEY_ID, b"").decode("utf-8", "replace")[:100]
        reason = payload.metadata.get(REASON, b"").decode("utf-8", "replace")[:600]
        raise PayloadUnreadable(
            f"a payload cannot be decrypted: {reason or f'it names the key {name!r}, and no keys are configured here'}",
            hint=_HINT,
        )


def unreadable(error: BaseException | None) -> PayloadUnreadable | None:
    """Return what a failure of Temporal says of a payload that somebody could not decrypt; None of any other."""
    while isinstance(error, FailureError):
        if isinstance(error, ApplicationError) and error.type == PayloadUnreadable.__name__:
            return PayloadUnreadable(error.message, hint=_HINT)
        if error.message == _ENCODED:
            return PayloadUnreadable("why it failed is encrypted with a key that is not known here", hint=_HINT)
        error = error.cause
    return None


class _Json(PydanticJSONPlainPayloadConverter):
    """JSON by pydantic, packed where it is long."""

    def __init__(self) -> None:
        super().__init__(ToJsonOptions(exclude_unset=True))

    def to_payload(self, value: Any) -> Payload | None:
        """Turn a value into JSON."""
        payload = super().to_payload(value)
        if payload is None or len(payload.data) < PACKED_FROM:
            return payload
        return Payload(metadata={"encoding": _Packed.encoding.encode()}, data=zlib.compress(payload.data))


class _Packed(EncodingPayloadConverter):
    """Reads what `_Json` has packed."""

    encoding = "json/zlib"

    def __init__(self, json: _Json) -> None:
        self._json = json

    def to_payload(self, value: Any) -> Payload | None:
        """Leave every value to the converters before it."""

    def from_payload(self, payload: Payload, type_hint: type | None = None) -> Any:
        """Unpack a value and read it; ValueError where it is no value that was packed."""
        reader = zlib.decompressobj()
        try:
            data = reader.decompress(payload.data, _LARGEST)
        except zlib.error as error:
            raise ValueError(f"a payload of {len(payload.data)} bytes is not packed as it says: {error}") from error
        if not reader.eof:
            raise ValueError(f"a payload of {len(payload.data)} bytes is cut off, or unpacks to more than {_LARGEST}")
        return self._json.from_payload(Payload(data=data), type_hint)


def _converters() -> tuple[EncodingPayloadConverter, ...]:
    """Return pydantic's converters with ours for JSON, and those that only read."""
    json = _Json()
    others = (one for one in PydanticPayloadConverter().converters.values() if one.encoding != json.encoding)
    return (*others, json, _Packed(json), _Unreadable())


#: Made once: Temporal makes a converter anew for each workflow task, and these remember how each model is read.
_CONVERTERS: Final = _converters()


class PayloadConverter(CompositePayloadConverter):
    """All of them. Temporal makes it by the class."""

    def __init__(self) -> None:
        super().__init__(*_CONVERTERS)


DATA_CONVERTER = DataConverter(payload_converter_class=PayloadConverter)
