"""Reading answers of servers that nobody vouches for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from releasepilot.errors import StepError


def mapping(value: object) -> Mapping[str, Any]:
    """Return an object of JSON, empty where it is none."""
    return value if isinstance(value, Mapping) else {}


def identifier(value: object) -> str:
    """Return what names a record in the path of the next question; StepError where it could be more than a name."""
    name = str(value)
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", name):
        raise StepError("the server does not name its record in the form that is documented")
    return name


def items(value: object) -> list[Any]:
    """Return a list of JSON, empty where it is none."""
    return value if isinstance(value, list) else []
