"""The queries by name. A query begins with `-- name: <name>`, followed by comments that describe it."""

from __future__ import annotations

import re
from importlib.resources import files

_NAME = re.compile(r"^-- name: (\w+)$", re.MULTILINE)


def queries(file: str) -> dict[str, bytes]:
    """Return the queries of one `.sql` file here, without their comments; ValueError for a name used twice."""
    _, *parts = _NAME.split((files(__package__) / file).read_text(encoding="utf-8"))
    found: dict[str, bytes] = {}
    for name, text in zip(parts[::2], parts[1::2], strict=True):
        if name in found:
            raise ValueError(f"{file} holds two queries named {name}")
        lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("--")]
        found[name] = "\n".join(lines).rstrip(";").encode()
    return found
