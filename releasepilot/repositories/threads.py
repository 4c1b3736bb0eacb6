"""Blocking git work beside an event loop. The rest of the package knows no loop, and does not load one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from typing import TypeVar

from releasepilot.repositories.command import Cancellation

T = TypeVar("T")


async def in_thread(work: Callable[[Cancellation], T], executor: Executor | None = None) -> T:
    """Run blocking git work in a thread. A cancelled caller ends the git processes and waits for the thread."""
    cancellation = Cancellation()
    future = asyncio.get_running_loop().run_in_executor(executor, work, cancellation)
    try:
        return await asyncio.shield(future)
    except asyncio.CancelledError:
        cancellation.cancel()
        await asyncio.wait([future])
        if not future.cancelled():
            # Whatever it says now was caused by the cancellation.
            future.exception()
        raise
