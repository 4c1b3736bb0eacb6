"""Workers as processes of their own, which a test may kill."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from support.patience import PATIENCE


@dataclass
class WorkerHost:
    """A machine that runs one worker at a time; the mirrors on its disk outlive the worker."""

    folder: Path
    environ: dict[str, str]
    #: What its workers are told beside that.
    options: tuple[str, ...] = ("--queue", "all")
    _process: subprocess.Popen[bytes] | None = field(default=None)

    @property
    def log(self) -> Path:
        """What the workers wrote."""
        return self.folder / "worker.log"

    @property
    def pid_file(self) -> Path:
        """Holds the worker's process id, for those who want to kill it."""
        return self.folder / "worker.pid"

    def start(self) -> None:
        """Start a worker and wait until it takes steps."""
        assert self._process is None
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "releasepilot.cli.main", "worker", *self.options],
                env={**os.environ, **self.environ},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        self.pid_file.write_text(str(self._process.pid))
        deadline = time.monotonic() + PATIENCE
        while b"taking steps" not in self.log.read_bytes():
            assert self._process.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.02)

    def died(self) -> bool:
        """Whether somebody has killed the worker; it is then reaped."""
        if self._process is None or self._process.poll() is None:
            return False
        assert self._process.returncode == -signal.SIGKILL, self.log.read_text()
        self._process = None
        return True

    def stop(self) -> None:
        """End the worker in order."""
        if self._process is not None:
            self.end()

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Tell the worker to end, and return its exit code; one that does not end is killed, and fails the test."""
        assert self._process is not None
        process, self._process = self._process, None
        process.send_signal(number)
        try:
            return process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise


@contextmanager
def worker_host(
    folder: Path,
    temporal_address: str,
    database_url: str,
    *options: str,
    **environ: str,
) -> Iterator[WorkerHost]:
    """Give a machine for workers on configured servers; afterwards its worker is ended.

    Without `options` they take all queues; `environ` is what else their environment has.
    """
    folder.mkdir(parents=True)
    host = WorkerHost(
        folder=folder,
        environ={
            "RELEASEPILOT_STATE_DIR": str(folder / "state"),
            "RELEASEPILOT_TEMPORAL_ADDRESS": temporal_address,
            "RELEASEPILOT_DATABASE_URL": database_url,
            **environ,
        },
        options=options or ("--queue", "all"),
    )
    try:
        yield host
    finally:
        host.stop()
