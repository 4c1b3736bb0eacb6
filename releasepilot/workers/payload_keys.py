"""The keys that payloads are encrypted with, looked up once when a process starts."""

from __future__ import annotations

import asyncio
import base64
import binascii

from releasepilot.errors import StackError, StepError
from releasepilot.plugins.secrets.keeper import Secrets
from releasepilot.settings import Settings
from releasepilot.workflows.encryption import PayloadKeys


def payload_keys(settings: Settings) -> PayloadKeys | None:
    """Return the configured keys, None where there are none; StackError where one cannot be had.

    It blocks, outside of any event loop.
    """
    references = settings.payload_key_references
    if not references:
        return None
    return asyncio.run(_looked_up(references, Secrets(settings.secrets)))


async def _looked_up(references: dict[str, str], secrets: Secrets) -> PayloadKeys:
    keys = {}
    for name, reference in references.items():
        try:
            text = await secrets.read(reference)
        except StepError as error:
            raise StackError(f"the payload key {name!r} cannot be read: {error.message}", hint=_HINT) from None
        try:
            keys[name] = base64.b64decode(text, altchars=b"-_" if "-" in text or "_" in text else None, validate=True)
        except (binascii.Error, ValueError):
            # Without its cause: that repeats what was read.
            raise StackError(f"the payload key {name!r} is not base64", hint=_HINT) from None
    return PayloadKeys(keys=keys)


_HINT = "make one with: openssl rand -base64 32; RELEASEPILOT_PAYLOAD_KEYS says where it stands"
