"""Windows for tests, and moments written shortly."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from releasepilot.governance.windows import occurrences
from releasepilot.model.window import Window


def a_window(**changes: Any) -> Window:
    """Make a window of one hour on the day that the first tests look at, changed."""
    return Window(**{"name": "w", "zone": "UTC", "start": "2026-01-05T09:00", "duration": "1h", **changes})


def utc(text: str) -> datetime:
    """Read a moment in UTC, such as `2026-03-08T07:30`."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def spans(window: Window, begin: str, end: str) -> list[tuple[str, str]]:
    """Return the occurrences between two days as moments in UTC, such as `03-08T07:30`."""
    found = occurrences(window, utc(begin), utc(end))
    return [(f"{one.begin.astimezone(UTC):%m-%dT%H:%M}", f"{one.end.astimezone(UTC):%m-%dT%H:%M}") for one in found]
