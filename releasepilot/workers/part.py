"""One process of the embedded stack: started, watched, started again, stopped. It never outlives its supervisor."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from releasepilot.errors import StackError
from releasepilot.workers.locks import FileLock, holder

#: Seconds to wait before the first, second, ... start in a row that failed; the last one repeats.
_BACKOFF = (0.0, 0.5, 1.0, 2.0, 5.0, 15.0)
#: Seconds that a process must live to count as started well.
_SETTLED = 10.0
#: After so many failures in a row, answering is not enough: it must also have lived for a while.
_DOUBTFUL = 2
_PROBATION = 3.0
_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True, kw_only=True)
class Account:
    """An unprivileged account of the operating system."""

    uid: int
    gid: int


@dataclass(frozen=True, kw_only=True)
class Launch:
    """How to start a part."""

    argv: tuple[str, ...]
    env: Mapping[str, str]
    #: Where it runs.
    folder: Path
    #: What ends it in order, from its supervisor or when that is killed.
    stop: signal.Signals = signal.SIGTERM
    #: Seconds that an orderly end may take.
    grace: float = 5.0
    #: Whom it runs as; None is the supervisor's account.
    account: Account | None = None


class Part:
    """A process that is kept running.

    `launch` is called before every start, so it may choose a port anew. `ready` is asked until it is true. Both
    are called from the thread that calls `tend`, which must be the main one: Linux ends a child with the thread
    that started it.
    """

    def __init__(
        self, name: str, *, logs: Path, locks: Path, launch: Callable[[], Launch], ready: Callable[[], bool]
    ) -> None:
        self.name = name
        self.log = logs / f"{name}.log"
        #: How often it was started.
        self.starts = 0
        #: How often in a row it ended soon after its start.
        self.failures = 0
        self.is_ready = False
        self._lock = FileLock(locks / f"{name}.lock")
        self._plan = launch
        self._probe = ready
        self._launch: Launch | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._started_at = 0.0
        self._due = 0.0

    @property
    def pid(self) -> int | None:
        """The process id, None where it does not run."""
        return None if self._process is None else self._process.pid

    def wake_in(self) -> float | None:
        """Return after how many seconds `tend` has something to do, None where only a signal tells."""
        if self._process is None:
            return max(0.0, self._due - time.monotonic())
        return None if self.is_ready else 0.03

    def tend(self) -> None:
        """Notice an end, start when it is time, ask whether it is ready."""
        if self._process is not None and self._process.poll() is not None:
            self._ended()
        if self._process is None and time.monotonic() >= self._due:
            self._start()
        if self._process is not None and not self.is_ready:
            doubtful = self.failures >= _DOUBTFUL and time.monotonic() - self._started_at < _PROBATION
            self.is_ready = not doubtful and self._probe()

    def stop(self) -> None:
        """End the process, in order if it does so in time."""
        if self._process is None or self._launch is None:
            return
        self._process.send_signal(self._launch.stop)
        try:
            self._process.wait(self._launch.grace)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None
        self.is_ready = False

    def restart(self) -> None:
        """End the process and start it anew."""
        self.stop()
        self._due = 0.0

    def _ended(self) -> None:
        """Plan the next start: at once after a good run, later after each start in a row that failed."""
        lived = time.monotonic() - self._started_at
        self.failures = 0 if lived >= _SETTLED and self.is_ready else self.failures + 1
        self._due = time.monotonic() + _BACKOFF[min(max(self.failures - 1, 0), len(_BACKOFF) - 1)]
        self._process = None
        self.is_ready = False

    def _start(self) -> None:
        self._clear_leftover()
        self._launch = self._plan()
        try:
            with self.log.open("ab") as log:
                self._process = _spawn(self._launch, log.fileno(), self._lock.descriptor)
            self._lock.sign(self._process.pid)
        except OSError as error:
            raise StackError(f"{self.name} cannot be started: {error}", hint="`releasepilot doctor`") from error
        finally:
            self._lock.drop()
        self.starts += 1
        self._started_at = time.monotonic()

    def _clear_leftover(self) -> None:
        """Take the part's lock: wait for a process of an earlier supervisor to end, and end it where it does not."""
        if self._lock.take(patience=5.0):
            return
        pid = holder(self._lock.file)
        if pid:
            os.kill(pid, signal.SIGKILL)
        if not self._lock.take(patience=5.0):
            raise StackError(
                f"an earlier {self.name} still runs (process {pid}) and holds {self._lock.file}",
                hint="end that process",
            )


def _spawn(launch: Launch, log: int, lock: int) -> subprocess.Popen[bytes]:
    """Start a process that inherits the lock and ends with its parent."""
    parent = os.getpid()
    account = launch.account

    def tie() -> None:
        _end_with(parent, launch.stop)

    return subprocess.Popen(  # noqa: S603 - the words come from this package and its settings
        launch.argv,
        env=launch.env,
        cwd=launch.folder,
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        pass_fds=(lock,),
        user=None if account is None else account.uid,
        group=None if account is None else account.gid,
        extra_groups=None if account is None else [],
        preexec_fn=tie if sys.platform == "linux" else None,  # noqa: PLW1509 - the supervisor has one thread
    )


def _end_with(parent: int, number: signal.Signals) -> None:
    """Ask Linux for a signal at the parent's death. A change of account resets this, so it comes after."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(number), 0, 0, 0)
    if os.getppid() != parent:
        _vanish()


def _vanish() -> NoReturn:
    """End, as the parent died too early to be tied to, without running the exit functions of its copy."""
    os._exit(1)
