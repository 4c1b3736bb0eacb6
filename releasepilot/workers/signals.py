"""Sleeping until a signal or a time, in a process with one thread."""

from __future__ import annotations

import select
import signal
import socket
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Self

_ENDING = (signal.SIGTERM, signal.SIGINT)


class Signals:
    """Within this block, SIGTERM and SIGINT call `stop`, and these and a child's end wake a `wait`."""

    def __init__(self, stop: Callable[[], None]) -> None:
        self._stop = stop
        self._reader, self._writer = socket.socketpair()
        self._reader.setblocking(False)
        self._writer.setblocking(False)

    def __enter__(self) -> Self:
        signal.set_wakeup_fd(self._writer.fileno(), warn_on_full_buffer=False)
        for number in _ENDING:
            signal.signal(number, self._told)
        # A handler that does nothing: without one the signal would not wake anybody.
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        signal.set_wakeup_fd(-1)
        self._reader.close()
        self._writer.close()

    def wait(self, seconds: float) -> None:
        """Return at the next signal, or after so many seconds."""
        if select.select([self._reader], [], [], seconds)[0]:
            self._reader.recv(4096)

    def _told(self, _number: int, _frame: FrameType | None) -> None:
        self._stop()
