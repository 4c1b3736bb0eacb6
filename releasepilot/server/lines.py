"""Log lines whose number nobody outside can drive up: a disk must not fill because somebody knocks."""

from __future__ import annotations

import logging
from collections.abc import Callable
from time import monotonic


class Bounded(logging.Filter):
    """Lets so many lines of a logger pass in a while, and says with the next one how many were left out."""

    def __init__(self, most: int = 20, seconds: float = 60.0, clock: Callable[[], float] = monotonic) -> None:
        """Let `most` lines pass in each `seconds` of the clock."""
        super().__init__()
        self._most = most
        self._seconds = seconds
        self._clock = clock
        self._since = clock()
        self._passed = 0
        self._left_out = 0

    def filter(self, record: logging.LogRecord) -> bool:
        """Say whether a line passes."""
        if self._clock() - self._since >= self._seconds:
            if self._left_out:
                record.msg, record.args = f"{record.getMessage()} ({self._left_out} lines before it were left out)", ()
            self._since, self._passed, self._left_out = self._clock(), 0, 0
        if self._passed >= self._most:
            self._left_out += 1
            return False
        self._passed += 1
        return True
