"""Reading answers of servers that nobody vouches for: what has another form than is documented counts as empty."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def mapping(value: object) -> Mapping[str, Any]:
    """Return an object of JSON, empty where it is none."""
    return value if isinstance(value, Mapping) else {}


def items(value: object) -> list[Any]:
    """Return a list of JSON, empty where it is none."""
    return value if isinstance(value, list) else []
