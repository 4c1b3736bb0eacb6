"""The fence before a write: whoever has lost their claim does not write any more."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from time import monotonic

from temporalio import activity

from releasepilot.errors import StepFenced
from releasepilot.store.read import Reader
from releasepilot.workflows.ports import StepCall


class Fence:
    """Stands before the writes of one attempt.

    A claim is lost when its workflow has been closed for the lease, or has ended without waiting for an attempt that
    timed out. Temporal hands no attempt to a closed workflow, and gives up none before its time; so one that is younger
    than half of the lease, and of both its time-outs, cannot have lost it, and asks nobody.
    """

    def __init__(self, reader: Reader, call: StepCall, lease: timedelta) -> None:
        """Begin with the attempt."""
        self._lease = lease
        self._reader = reader
        self._call = call
        self._began = monotonic()

    async def pass_through(self) -> None:
        """Return where the claim is held still; StepFenced where another train may have it."""
        if not self._call.ticket or self._age() < min(self._lease, *_time_outs()) / 2:
            return
        if not await self._reader.holds_claim(self._call.ticket):
            raise StepFenced(
                f"train {self._call.train} holds {self._call.step} no longer: its workflow was closed, and another may "
                "have taken its place",
                hint="roll the train back when the other one has ended",
            )

    def _age(self) -> timedelta:
        """Return how old the attempt is: by the server's word where the process stood still before it began."""
        started = activity.info().started_time
        return max(timedelta(seconds=monotonic() - self._began), datetime.now(UTC) - started)


def _time_outs() -> Iterator[timedelta]:
    """Yield how long the attempt may take, and how long it may give no sign of life."""
    info = activity.info()
    for one in (info.start_to_close_timeout, info.heartbeat_timeout):
        if one:
            yield one
