"""Signs of life: a worker that dies is noticed by their absence, and another takes its work up."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import TypeVar

from temporalio import activity

_GivenT = TypeVar("_GivenT")

#: Seconds between two signs of life.
_BEAT = 2.0


async def alive(work: Coroutine[None, None, _GivenT]) -> _GivenT:
    """Await the work and tell the server every other second that it goes on."""
    task = asyncio.ensure_future(work)
    try:
        while not (await asyncio.wait({task}, timeout=_BEAT))[0]:
            activity.heartbeat()
    except asyncio.CancelledError:
        task.cancel()
        await asyncio.wait({task})
        raise
    return task.result()
