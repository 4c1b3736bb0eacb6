"""How values travel through Temporal: as JSON, without the fields that nobody set.

A request of a thousand components is mostly defaults. Left out, they take no room in a history that holds the request
three times, and stay within Temporal's limits for one payload. It is also why a default may never change its meaning.
"""

from __future__ import annotations

from typing import Final

from temporalio.contrib.pydantic import PydanticPayloadConverter, ToJsonOptions
from temporalio.converter import CompositePayloadConverter, DataConverter

#: Made once: Temporal makes a converter anew for each workflow task, and these remember how each model is read.
_CONVERTERS: Final = tuple(PydanticPayloadConverter(ToJsonOptions(exclude_unset=True)).converters.values())


class PayloadConverter(CompositePayloadConverter):
    """Pydantic's converters with their one option. Temporal makes it by the class."""

    def __init__(self) -> None:
        super().__init__(*_CONVERTERS)


DATA_CONVERTER = DataConverter(payload_converter_class=PayloadConverter)
