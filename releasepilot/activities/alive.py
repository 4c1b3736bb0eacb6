"""Signs of life: a worker that dies is noticed by their absence, and another takes its work up."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import TypeVar

from temporalio import activity

_GivenT = TypeVar("_GivenT")

#: Seconds between two signs of life.
_BEAT = 2.0


class _Heart:
    """Beats from the event loop until it is stopped; a step that is quicker than the first beat costs one timer."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._next = self._loop.call_later(_BEAT, self._beat)

    def _beat(self) -> None:
        activity.heartbeat()
        self._next = self._loop.call_later(_BEAT, self._beat)

    def stop(self) -> None:
        self._next.cancel()


async def alive(work: Coroutine[None, None, _GivenT]) -> _GivenT:
    """Await the work and tell the server every other second that it goes on."""
    heart = _Heart()
    try:
        return await work
    finally:
        heart.stop()
