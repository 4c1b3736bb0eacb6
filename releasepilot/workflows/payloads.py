"""How values travel through Temporal: as JSON, without the fields that nobody set.

A request of a thousand components is mostly defaults. Left out, they take no room in a history that holds the request
three times, and stay within Temporal's limits for one payload. It is also why a default may never change its meaning.
"""

from __future__ import annotations

from typing import Any

from temporalio.api.common.v1 import Payload
from temporalio.contrib.pydantic import PydanticPayloadConverter, ToJsonOptions
from temporalio.converter import DataConverter, EncodingPayloadConverter
from temporalio.exceptions import ApplicationError, FailureError

from releasepilot.errors import PayloadUnreadable

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


class PayloadConverter(PydanticPayloadConverter):
    """Pydantic's converter with its one option. Temporal makes it by the class."""

    def __init__(self) -> None:
        super().__init__(ToJsonOptions(exclude_unset=True))
        self.converters = {**self.converters, ENCRYPTED: _Unreadable()}


DATA_CONVERTER = DataConverter(payload_converter_class=PayloadConverter)
