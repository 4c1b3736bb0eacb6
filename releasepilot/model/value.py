"""The base of every noun, and the canonical form that digests are made of."""

from __future__ import annotations

import hashlib
import re
import shlex
from collections.abc import Sequence
from typing import Annotated

import rfc8785
from pydantic import BaseModel, BeforeValidator, ConfigDict


class Value(BaseModel):
    """A frozen value. Unknown fields are ignored, so that old histories still decode; user input forbids them."""

    model_config = ConfigDict(frozen=True, populate_by_name=True, ser_json_bytes="utf8")

    def canonical(self) -> bytes:
        """Return the RFC 8785 form: the same bytes on any machine for equal values.

        Fields that have their default are left out: a later version may add one, and old values keep their digest.
        """
        return rfc8785.dumps(self.model_dump(mode="json", by_alias=True, exclude_defaults=True))


def json_text(value: Value) -> str:
    """Return a value as every reader of JSON is told it: with the names of its fields that are documented."""
    return value.model_dump_json(indent=2, by_alias=True) + "\n"


def json_list_text(values: Sequence[Value]) -> str:
    """Return values as a JSON array, one to a line."""
    rows = ",\n".join(value.model_dump_json(by_alias=True) for value in values)
    return f"[\n{rows}\n]\n" if rows else "[]\n"


def digest_of(value: Value) -> str:
    """Return `sha256:<hex>` of the canonical form."""
    return "sha256:" + hashlib.sha256(value.canonical()).hexdigest()


def is_empty(value: object) -> bool:
    """Whether a key says nothing: one that is newer than a digest is left out of it with `exclude_if`."""
    return not value


_DURATION = "a duration is a number of seconds or a text such as 30s, 10m, 72h, 7d"
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def bounded(text: str, size: int) -> str:
    """Return at most `size` bytes of a text in UTF-8, the end of it where it is longer: that is where causes stand."""
    data = text.encode("utf-8", "replace")
    return text if len(data) <= size else "…" + data[-size + 3 :].decode("utf-8", "ignore")


def read_seconds(value: object) -> int:
    """Read `30`, `"30s"`, `"10m"`, `"72h"` or `"7d"` as seconds; ValueError where it is none of these."""
    if isinstance(value, bool):
        raise ValueError(_DURATION)  # noqa: TRY004 - pydantic collects ValueError
    if isinstance(value, int):
        return value
    match = re.fullmatch(r"(\d{1,9})([smhd]?)", value) if isinstance(value, str) else None
    if match is None:
        raise ValueError(_DURATION)
    return int(match[1]) * _UNITS[match[2] or "s"]


#: Whole seconds; a catalog may write `30s`, `10m`, `72h` or `7d`.
Seconds = Annotated[int, BeforeValidator(read_seconds, json_schema_input_type=int | str)]


def _argv(value: object) -> object:
    """Keep a command as the list of its words, whichever way it was written."""
    if isinstance(value, str):
        return tuple(shlex.split(value))
    # JSON has no tuples, and strict validation takes no list for one once it has passed through here.
    return tuple(value) if isinstance(value, list) else value


#: A command as its words. A catalog may write one text, which is split as a POSIX shell would, without running one.
Argv = Annotated[tuple[str, ...], BeforeValidator(_argv, json_schema_input_type=str | list[str])]

__all__ = [
    "Argv",
    "Seconds",
    "Value",
    "bounded",
    "digest_of",
    "is_empty",
    "json_list_text",
    "json_text",
    "read_seconds",
]
