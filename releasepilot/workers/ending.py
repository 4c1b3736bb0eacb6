"""The end of a worker: told once, it is over within a bound, whatever the steps do that it runs."""

from __future__ import annotations

import logging
import os
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Event, Lock, Thread
from types import FrameType, TracebackType
from typing import Any, Final, Self

from temporalio import activity
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput, Interceptor

from releasepilot.workflows.ports import HEARTBEAT

_ENDING: Final = (signal.SIGTERM, signal.SIGINT)
#: Seconds after the grace in which what was cancelled may come to its end.
PATIENCE: Final = 5.0
#: Seconds that the last words may take, where somebody holds the log.
_LAST_WORDS: Final = 2.0
#: The exit code of a worker that left something behind.
_LEFT: Final = 1

_log = logging.getLogger("releasepilot.worker")


class Underway(Interceptor):
    """What a worker does at this moment. It is asked from another thread, because the worker's own may be stuck."""

    def __init__(self) -> None:
        self._running: dict[int, str] = {}

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:  # noqa: A002
        """Keep each activity in mind while it runs."""
        return _Noting(next, self)

    @contextmanager
    def noted(self) -> Iterator[None]:
        """Keep the current activity in mind within this block."""
        info = activity.info()
        key = id(info)
        self._running[key] = f"{info.activity_id} of {info.workflow_id}, attempt {info.attempt}"
        try:
            yield
        finally:
            del self._running[key]

    def told(self) -> list[str]:
        """Say what runs, one line each."""
        return list(self._running.values())


class _Noting(ActivityInboundInterceptor):
    def __init__(self, next: ActivityInboundInterceptor, underway: Underway) -> None:  # noqa: A002
        super().__init__(next)
        self._underway = underway

    async def execute_activity(self, input: ExecuteActivityInput) -> Any:  # noqa: A002
        with self._underway.noted():
            return await super().execute_activity(input)


class Ending:
    """Within this block the first SIGTERM or SIGINT is passed on, and so many seconds later the process has ended.

    A thread listens, not the event loop: a step may block that, or leave a thread behind that never ends. Only code
    that never lets go of Python's own lock is out of reach; a kill ends it.
    """

    def __init__(self, underway: Underway, seconds: float) -> None:
        self._underway = underway
        self._seconds = seconds
        self._told = False
        self._tell: Callable[[], object] | None = None
        self._lock = Lock()
        self._over = Event()
        self._reader, self._writer = socket.socketpair()
        self._writer.setblocking(False)
        self._thread = Thread(target=self._watch, name="ending", daemon=True)

    def __enter__(self) -> Self:
        self._wakeup = signal.set_wakeup_fd(self._writer.fileno(), warn_on_full_buffer=False)
        self._before = {number: signal.signal(number, _heard) for number in _ENDING}
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        signal.set_wakeup_fd(self._wakeup)
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._writer.close()
        self._thread.join()
        self._reader.close()

    def pass_on(self, tell: Callable[[], object]) -> None:
        """Call this from another thread at the first signal; at once, where that was already."""
        with self._lock:
            self._tell = tell
            told = self._told
        if told:
            tell()

    def _watch(self) -> None:
        # The other end is closed when the block ends.
        if not self._reader.recv(1):
            return
        with self._lock:
            self._told = True
            tell = self._tell
        if tell:
            # The loop that is told may have ended meanwhile.
            with suppress(RuntimeError):
                tell()
        if not self._over.wait(self._seconds):
            self._leave()

    def _leave(self) -> None:
        """End the process under whatever does not end."""
        saying = Thread(target=self._say, daemon=True)
        saying.start()
        saying.join(_LAST_WORDS)
        os._exit(_LEFT)

    def _say(self) -> None:
        left = self._underway.told()
        for one in left:
            _log.warning(
                "%s does not end; another worker takes it up after %.0f s without a sign of life",
                one,
                HEARTBEAT.total_seconds(),
            )
        what = f"{len(left)} that did not end" if left else "a thread that an attempt has left behind"
        _log.warning("ended %.0f s after it was told to, with %s", self._seconds, what)


def _heard(_number: int, _frame: FrameType | None) -> None:
    """Do nothing: without a handler of Python's own, nobody would be woken."""
