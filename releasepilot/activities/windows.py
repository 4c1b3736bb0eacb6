"""Release windows as an activity: what a train may not do itself is to read the clock and the calendars."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from math import ceil

from temporalio import activity

from releasepilot.activities.failure import failures_explained
from releasepilot.errors import NoWindow
from releasepilot.governance.crossing import room
from releasepilot.workflows.ports import Activity, WindowCall, WindowJudgement


def _now() -> datetime:
    return datetime.now(UTC)


class Windows:
    """Judges whether the components of a train may be released now."""

    def __init__(self, now: Callable[[], datetime] = _now) -> None:
        """Take the clock; it gives moments with their zone."""
        self._now = now

    @activity.defn(name=Activity.WINDOWS)
    async def judge(self, call: WindowCall) -> WindowJudgement:
        """Return the verdict on beginning now what takes `needs` seconds, and how long to wait until it may.

        NoWindow where the windows are closed and are not known to open again.
        """
        with failures_explained():
            now = self._now()
            components = {name: call.labels.get(name, {}) for name in call.components}
            found, closing = await asyncio.to_thread(room, call.windows, now, components, call.needs)
            if found.open:
                return WindowJudgement(verdict=found, closing=closing)
            if found.until is None:
                long = " that is long enough" if call.needs else ""
                raise NoWindow(
                    f"{found.reason}, and no opening{long} is known",
                    hint="correct the catalog's `windows`; `releasepilot windows next` asks them",
                )
            wait = max(1, ceil((found.until - now).total_seconds()))
            return WindowJudgement(verdict=found, wait=wait, closing=closing)
