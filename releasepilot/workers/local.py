"""The embedded stack from outside: start it where it does not run, ask about it, end it.

All functions block, for up to a minute where a stack starts or ends.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from releasepilot import __version__
from releasepilot.errors import StackError
from releasepilot.settings import Settings
from releasepilot.workers import postgres
from releasepilot.workers.folder import Endpoints, StackState, Standing, StateFolder
from releasepilot.workers.locks import holder, one_at_a_time
from releasepilot.workers.logs import tail
from releasepilot.workers.supervisor import TAKEN

#: The worker that the supervisor keeps running.
WORKER_COMMAND = (sys.executable, "-m", "releasepilot.cli.main", "worker", "--queue", "all")
_PAUSE = 0.03
#: A part that ended so often in a row, soon after its start, is not waited for.
_HOPELESS = 3


def _silent(_: str) -> None:
    """Show no progress."""


def ensure_stack(
    settings: Settings,
    *,
    progress: Callable[[str], None] = _silent,
    worker_command: Sequence[str] = WORKER_COMMAND,
    patience: float = 90.0,
) -> Endpoints:
    """Return where the servers are, after starting the embedded ones where they do not run.

    Configured servers are returned as they are. Processes that call this at once start one stack; one of another
    version of ReleasePilot is replaced. StackError, with the end of the log, where it does not come up within
    `patience` seconds. An empty `worker_command` runs no worker.
    """
    if not settings.embedded:
        return Endpoints(temporal_address=settings.temporal_address, database_url=settings.database_url)
    folder = StateFolder(settings.state_dir)
    folder.make()
    if (state := _usable(folder)) is not None:
        _refuse_other_keys(settings, state)
        return state.endpoints
    with one_at_a_time(folder.start_lock):
        return _Start(settings, folder, progress, worker_command).until(time.monotonic() + patience)


def stop_stack(settings: Settings, *, patience: float = 60.0) -> bool:
    """End the embedded stack in order and return whether one ran; StackError where it does not end in time."""
    folder = StateFolder(settings.state_dir)
    deadline = time.monotonic() + patience
    first = pid = holder(folder.supervisor_lock)
    told = False
    while pid is not None and pid in (first, 0):
        if pid and not told:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)
            told = True
        if time.monotonic() > deadline:
            raise StackError(
                f"the supervisor (process {pid}) does not end", hint=f"see {folder.logs}, or end it with kill -9"
            )
        time.sleep(_PAUSE)
        pid = holder(folder.supervisor_lock)
        first = first or pid
    return first is not None


def remove_stack(settings: Settings) -> None:
    """End the embedded stack and delete its state folder with everything in it, also where root's database is."""
    stop_stack(settings)
    folder = StateFolder(settings.state_dir)
    postgres.remove(folder.postgres)
    shutil.rmtree(folder.root, ignore_errors=True)


def stack_status(settings: Settings) -> StackState | None:
    """Return what the running supervisor says; None where none runs, or has not said anything yet."""
    folder = StateFolder(settings.state_dir)
    return folder.read() if holder(folder.supervisor_lock) is not None else None


def _usable(folder: StateFolder) -> StackState | None:
    """Return the state of a stack that is ready and of this version."""
    state = folder.read() if holder(folder.supervisor_lock) else None
    return state if state and state.standing is Standing.READY and state.version == __version__ else None


def _refuse_other_keys(settings: Settings, state: StackState) -> None:
    """Refuse to speak to a worker where one of both could not read what the other one writes."""
    ours, theirs = tuple(settings.payload_key_references), state.payload_keys
    if ours[:1] == theirs[:1] or (ours and theirs and ours[0] in theirs and theirs[0] in ours):
        return
    raise StackError(
        f"the embedded servers run with the payload keys {_listed(theirs)}, and this command has {_listed(ours)}",
        hint="set RELEASEPILOT_PAYLOAD_KEYS to the keys of both, and run `releasepilot down`",
    )


def _listed(ids: tuple[str, ...]) -> str:
    return ", ".join(ids) or "none"


class _Start:
    """One attempt to have a running stack. Its maker holds the lock for starting."""

    def __init__(
        self,
        settings: Settings,
        folder: StateFolder,
        progress: Callable[[str], None],
        worker_command: Sequence[str],
    ) -> None:
        self._settings = settings
        self._folder = folder
        self._progress = progress
        self._command = tuple(worker_command)
        self._spawned = False
        self._shown = ""
        #: Failures that parts had before this attempt.
        self._before: dict[str, int] = {}

    def until(self, deadline: float) -> Endpoints:
        """Start, wait and return; StackError after the deadline."""
        while time.monotonic() < deadline:
            if holder(self._folder.supervisor_lock) is None:
                self._spawn()
            elif (state := self._folder.read()) is not None:
                self._check(state)
                if state.version != __version__:
                    self._show(f"replacing the servers of version {state.version}")
                    stop_stack(self._settings)
                    self._spawned = False
                elif _usable(self._folder):
                    _refuse_other_keys(self._settings, state)
                    return state.endpoints
            time.sleep(_PAUSE)
        raise self._failure("the embedded servers did not come up in time", self._supervisor_log)

    @property
    def _supervisor_log(self) -> Path:
        return self._folder.logs / "supervisor.log"

    def _spawn(self) -> None:
        """Start a supervisor; StackError where the one that was started has ended."""
        if self._spawned:
            raise self._failure("the embedded servers could not be started", self._supervisor_log)
        self._show("starting PostgreSQL and Temporal")
        options = [
            f"--state-dir={self._folder.root}",
            f"--idle-minutes={self._settings.idle_minutes}",
            f"--temporal-namespace={self._settings.temporal_namespace}",
            "--detach",
            "--",
            *self._command,
        ]
        with self._supervisor_log.open("ab") as log:
            done = subprocess.run(  # noqa: S603 - our own module with our own folder
                [sys.executable, "-m", "releasepilot.workers.supervisor", *options],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self._folder.root,
                start_new_session=True,
                check=False,
            )
        if done.returncode not in (0, TAKEN):
            raise self._failure("the embedded servers could not be started", self._supervisor_log)
        self._spawned = done.returncode == 0

    def _check(self, state: StackState) -> None:
        """Show which parts are ready; StackError where one of them fails again and again."""
        ready = [part.name for part in state.parts if part.ready]
        if state.standing is Standing.STARTING and ready:
            self._show(f"ready: {', '.join(ready)}")
        for part in state.parts:
            before = self._before.setdefault(part.name, part.failures)
            if part.failures >= max(_HOPELESS, before + 1):
                raise self._failure(
                    f"{part.name} ends as soon as it is started", self._folder.logs / f"{part.name}.log"
                )

    def _show(self, text: str) -> None:
        if text != self._shown:
            self._shown = text
            self._progress(text)

    def _failure(self, what: str, log: Path) -> StackError:
        """Tell what happened with the end of the log that knows more."""
        end = tail(log)
        message = f"{what}; {log} ends with:\n{end}" if end else f"{what}; {log} is empty"
        return StackError(message, hint="`releasepilot doctor` says what is missing on this machine")
