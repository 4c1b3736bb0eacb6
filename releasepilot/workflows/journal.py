"""The journal of a running workflow: events in order, written to the ledger in batches."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from typing import Final

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from pydantic import JsonValue

    from releasepilot.model.event import Event, EventType
    from releasepilot.model.step import Queue
    from releasepilot.workflows.ports import LEDGER_RETRY, LEDGER_TIMEOUT, Activity, Batch, Written, task_queue

#: How old an event may become before it is written.
_FRESHNESS: Final = timedelta(milliseconds=400)
#: More than so many events are written at once.
_BATCH: Final = 400


class Journal:
    """Events that have happened, and how many of them are in the ledger."""

    def __init__(self, train: str, next_seq: int = 1) -> None:
        """Continue a train's journal at a sequence number."""
        self.train = train
        self.next_seq = next_seq
        self.pending: list[Event] = []
        #: Workflows that need not wait for this train any longer.
        self.freed: tuple[str, ...] = ()
        self._urgent = False
        self._closed = False

    def note(self, kind: EventType, step: str = "", actor: str = "", **data: JsonValue) -> None:
        """Write down that something happened now."""
        self.pending.append(
            Event(seq=self.next_seq, at=workflow.now(), type=kind, step=step, actor=actor, data=dict(data))
        )
        self.next_seq += 1

    async def keep(self) -> None:
        """Write batches until closed; run as a task beside the work."""
        while self.pending or not self._closed:
            await workflow.wait_condition(lambda: bool(self.pending) or self._closed)
            if not self._hurry():
                with suppress(TimeoutError):
                    await workflow.wait_condition(self._hurry, timeout=_FRESHNESS, timeout_summary="ledger batch")
            await self._write()

    async def flush(self) -> None:
        """Return when everything noted so far is in the ledger."""
        last = self.next_seq - 1
        self._urgent = True
        await workflow.wait_condition(lambda: not self.pending or self.pending[0].seq > last)

    def close(self) -> None:
        """Let `keep` end after the next write."""
        self._closed = True

    def _hurry(self) -> bool:
        return self._urgent or self._closed or len(self.pending) >= _BATCH

    async def _write(self) -> None:
        self._urgent = False
        batch = tuple(self.pending[:_BATCH])
        if batch:
            written: Written | None = await workflow.execute_activity(
                Activity.RECORD,
                Batch(train=self.train, events=batch),
                result_type=Written,
                task_queue=task_queue(Queue.ENGINE),
                start_to_close_timeout=LEDGER_TIMEOUT,
                retry_policy=LEDGER_RETRY,
                summary=f"{len(batch)} events",
            )
            del self.pending[: len(batch)]
            # Before there were claims nothing came back.
            self.freed += written.freed if written else ()
