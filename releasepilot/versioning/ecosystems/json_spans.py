"""Where the strings of a JSON document stand, by their path."""

from __future__ import annotations

import json
import re
from typing import Any

from releasepilot.errors import ManifestError
from releasepilot.model.plan import Splice
from releasepilot.versioning.ecosystems.manifest import Write

#: Keys from the root; arrays count as their index.
Path = tuple[str | int, ...]

_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]')


def parse(name: str, text: str) -> dict[str, Any]:
    """Read a JSON object; ManifestError with file, line and cause where it is none. A byte order mark is skipped."""
    try:
        document = json.loads(text.removeprefix("\ufeff"))
        if _SURROGATE.search(text):
            json.dumps(document, ensure_ascii=False).encode()
    except json.JSONDecodeError as error:
        raise ManifestError(
            f"{name}:{error.lineno}:{error.colno}: {error.msg}", hint="Correct the file so that it is valid JSON."
        ) from error
    except RecursionError:
        raise ManifestError(f"{name}: it is nested too deeply", hint="Check that this is the right file.") from None
    except ValueError as error:
        # A number of more digits than Python converts, or half of a surrogate pair.
        raise ManifestError(f"{name}: {error}", hint="Check that this is the right file.") from error
    if not isinstance(document, dict):
        raise ManifestError(f"{name}:1: it is not a JSON object", hint="Check that this is the right file.")
    return document


def spans(text: str) -> dict[Path, tuple[int, int]]:
    """Return where the string values stand, quotes included; of duplicate keys the last, as JSON readers do.

    The text must be valid JSON.
    """
    found: dict[Path, tuple[int, int]] = {}
    # One entry a level: the index in an array, or the key last read in an object.
    trail: list[str | int] = []
    expects_key: list[bool] = []
    for token in _TOKEN.finditer(text):
        mark = token[0]
        if mark == "{":
            trail.append("")
            expects_key.append(True)
        elif mark == "[":
            trail.append(0)
            expects_key.append(False)
        elif mark in "}]":
            trail.pop()
            expects_key.pop()
        elif mark == ",":
            _advance(trail, expects_key)
        elif mark == ":":
            expects_key[-1] = False
        elif expects_key and expects_key[-1]:
            trail[-1] = json.loads(mark)
        else:
            found[tuple(trail)] = token.span()
    return found


def _advance(trail: list[str | int], expects_key: list[bool]) -> None:
    """Step over a comma: the next index, or the next key."""
    here = trail[-1]
    if isinstance(here, int):
        trail[-1] = here + 1
    else:
        expects_key[-1] = True


def writer(span: tuple[int, int]) -> Write:
    """Return what replaces a string value, keeping its quotes."""
    return lambda value: (Splice(start=span[0] + 1, end=span[1] - 1, text=json.dumps(value, ensure_ascii=False)[1:-1]),)
