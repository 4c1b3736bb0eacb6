"""Log files of bounded size that other processes append to."""

from __future__ import annotations

import os
from pathlib import Path

_LIMIT = 8_000_000
_KEPT = 2_000_000
#: The longest line that a tail shows whole.
_LINE = 500


def bound(log: Path, *, limit: int = _LIMIT, kept: int = _KEPT) -> None:
    """Turn over a log that has grown beyond `limit` bytes: its last `kept` go to `<log>.1`, and it begins anew.

    Writers have it open for appending, so they go on at its new beginning. What they write in this moment is lost.
    """
    if not log.exists() or log.stat().st_size <= limit:
        return
    with log.open("r+b") as file:
        file.seek(-kept, os.SEEK_END)
        log.with_name(f"{log.name}.1").write_bytes(file.read())
        file.truncate(0)


def tail(log: Path, lines: int = 12) -> str:
    """Return the last lines of a log, empty where there is none."""
    try:
        with log.open("rb") as file:
            file.seek(0, os.SEEK_END)
            file.seek(max(0, file.tell() - lines * _LINE))
            text = file.read().decode("utf-8", "replace")
    except OSError:
        return ""
    return "\n".join(line[:_LINE] for line in text.strip().splitlines()[-lines:])
