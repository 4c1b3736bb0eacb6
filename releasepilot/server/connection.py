"""Connections that end by themselves: uvicorn's own, with a bound on each wait for the other side.

uvicorn bounds the silence after an answer, and nothing else. Whoever opens as many connections as there may be, and
then says nothing, never ends what they say, or never takes what they are told, would shut everybody else out.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import cast

from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

#: Seconds in which the head of a request has to arrive, and in which what was said has to be taken.
PATIENCE = 10.0
#: Beyond so many times the connections that are answered, one is not even told to come back: descriptors are few.
_CROWD = 2


class BoundedConnection(H11Protocol):
    """A connection whose other side has so long for what it has to do.

    While a request is answered, the application bounds how long its body may take.
    """

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to wait for the first head."""
        super().connection_made(cast(asyncio.Transport, transport))
        self._arrival = _Deadline(self.loop, self.timeout_keep_alive_handler)
        self._departure = _Deadline(self.loop, self.transport.abort)
        # The least that is not taken at once is heard of, so that a connection that closes over it is bounded, too.
        self.transport.set_write_buffer_limits(high=0)
        if self.limit_concurrency and len(self.connections) > _CROWD * self.limit_concurrency:
            self.transport.abort()
        self._expect()

    def data_received(self, data: bytes) -> None:
        """Wait on from where the wait began, however slowly the rest comes."""
        super().data_received(data)
        self._expect()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no more."""
        super().connection_lost(exc)
        self._arrival.lift()
        self._departure.lift()

    def pause_writing(self) -> None:
        """Begin to wait until the other side has taken what was written."""
        super().pause_writing()
        self._departure.set()

    def resume_writing(self) -> None:
        """Go on: the other side has taken it."""
        super().resume_writing()
        self._departure.lift()

    def _expect(self) -> None:
        """Wait for a head, or, after an answer that came before its end, for the rest of a body; else for nothing."""
        cycle = cast(RequestResponseCycle | None, self.cycle)
        if self.transport.is_closing() or (cycle is not None and not cycle.response_complete):
            self._arrival.lift()
        else:
            self._arrival.set()


class _Deadline:
    """A moment at which a wait ends, which is not moved by beginning to wait once more."""

    def __init__(self, loop: asyncio.AbstractEventLoop, end: Callable[[], None]) -> None:
        self._loop = loop
        self._end = end
        self._timer: asyncio.TimerHandle | None = None

    def set(self) -> None:
        """Begin to wait, unless that has begun."""
        if self._timer is None:
            self._timer = self._loop.call_later(PATIENCE, self._end)

    def lift(self) -> None:
        """Wait no more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
