"""How long a test waits for what has to come: it only guards against hanging, so it costs nothing when all is well."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

_GivenT = TypeVar("_GivenT")

#: Seconds. Far beyond what the slowest machine needs, and well below the time that a test may take.
PATIENCE = 120.0


async def until(condition: Callable[[], bool]) -> None:
    """Wait until something holds."""
    async with asyncio.timeout(PATIENCE):
        while not condition():  # noqa: ASYNC110 - whoever changes it knows nothing of this loop
            await asyncio.sleep(0.02)


async def answer(ask: Callable[[], Awaitable[_GivenT]], fits: Callable[[_GivenT], bool]) -> _GivenT:
    """Ask until an answer fits, and return that one; TimeoutError tells the last that did not."""
    given: list[_GivenT] = []
    try:
        async with asyncio.timeout(PATIENCE):
            while True:
                given[:] = [await ask()]
                if fits(given[0]):
                    return given[0]
                await asyncio.sleep(0.05)
    except TimeoutError as error:
        raise TimeoutError(f"the last answer is {given}") from error
