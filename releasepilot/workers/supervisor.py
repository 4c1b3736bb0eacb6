"""The process that owns the embedded stack: it starts Temporal, PostgreSQL and a worker, and keeps them running.

`workers.local` starts it, as `python -m releasepilot.workers.supervisor`; it is not for people.
"""

from __future__ import annotations

import argparse
import logging
import math
import os
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from releasepilot import __version__
from releasepilot.errors import StackError
from releasepilot.settings import VARIABLES, Settings
from releasepilot.store.migrate import migrate
from releasepilot.workers import postgres, temporal_server
from releasepilot.workers.folder import Endpoints, PartState, StackState, Standing, StateFolder
from releasepilot.workers.locks import FileLock
from releasepilot.workers.logs import bound
from releasepilot.workers.part import Launch, Part
from releasepilot.workers.ports import Ports
from releasepilot.workers.signals import Signals

#: The exit code where another supervisor has the state folder.
TAKEN = 3
#: Seconds that a worker may take to finish what it does; a little more than it allows itself.
_WORKER_GRACE = 30.0
#: Seconds between looks at logs and idleness, at most.
_ROUND = 30.0
#: Seconds that an ending supervisor may take before a new one gives up.
_HANDOVER = 10.0

_log = logging.getLogger("releasepilot.supervisor")


class Supervisor:
    """Keeps the parts of one state folder running. Whoever makes it holds the folder's lock, and has one thread."""

    def __init__(self, settings: Settings, worker_command: Sequence[str], environ: Mapping[str, str]) -> None:
        self._settings = settings
        self._environ = environ
        self._command = tuple(worker_command)
        self._folder = folder = StateFolder(settings.state_dir)
        self._ports = Ports(folder.ports)
        self._port = self._ports.take("postgres", *temporal_server.PORTS)
        self._cluster = postgres.prepare(folder.postgres)
        places = {"logs": folder.logs, "locks": folder.locks}
        self._postgres = Part("postgres", **places, launch=self._launch_postgres, ready=self._postgres_answers)
        self._temporal = Part("temporal", **places, launch=self._launch_temporal, ready=self._temporal_answers)
        self._worker = Part("worker", **places, launch=self._launch_worker, ready=lambda: True)
        self._parts = (self._postgres, self._temporal, *([self._worker] if self._command else []))
        #: What the running worker was told.
        self._told: Endpoints | None = None
        self._migrated = False
        self._stopping = False
        self._started_at = datetime.now(UTC)
        self._round_at = time.monotonic() + self._round
        self._said: StackState | None = None
        #: When all parts were up for the first time, as a file's time.
        self._ready_at = math.inf

    def run(self) -> None:
        """Keep the parts running until told to end, or idle. StackError where a part cannot run at all."""
        with Signals(self.stop) as signals:
            try:
                while not self._stopping:
                    self._tend()
                    self._look_around()
                    if not self._stopping:
                        signals.wait(self._pause())
            finally:
                # The folder may be gone; the parts end all the same.
                with suppress(OSError):
                    self._say(Standing.STOPPING)
                for part in reversed(self._parts):
                    part.stop()
                self._folder.forget()

    def stop(self) -> None:
        """End at the next occasion."""
        self._stopping = True

    def _tend(self) -> None:
        """Start what does not run; the worker last, and again where the servers have moved."""
        self._postgres.tend()
        self._temporal.tend()
        if self._postgres.is_ready and self._temporal.is_ready:
            self._migrate()
        if self._migrated and self._command:
            if self._worker.pid is not None and self._told != self._endpoints():
                self._worker.restart()
            self._worker.tend()
        ready = all(part.is_ready for part in self._parts)
        self._ready_at = min(self._ready_at, time.time()) if ready else self._ready_at
        self._say(Standing.READY if ready else Standing.STARTING)

    def _migrate(self) -> None:
        """Bring the database to this version's schema, once."""
        if self._migrated:
            return
        try:
            applied = migrate(self._endpoints().database_url)
        except StackError:
            # A server that died meanwhile is started again, and asked again.
            self._postgres.tend()
            if self._postgres.is_ready:
                raise
        else:
            self._migrated = True
            _log.info("the database is up to date, %d migrations applied", applied)

    def _pause(self) -> float:
        """Return the seconds until there is something to do without a signal."""
        waits = [part.wake_in() for part in self._parts if part is not self._worker or self._migrated]
        due = [wait for wait in waits if wait is not None]
        return max(0.0, min([self._round_at - time.monotonic(), *due]))

    @property
    def _round(self) -> float:
        return min(_ROUND, self._settings.idle_minutes * 60 / 4)

    def _look_around(self) -> None:
        """Now and then, bound the logs and end where nobody needs the stack."""
        if time.monotonic() < self._round_at:
            return
        self._round_at = time.monotonic() + self._round
        for log in (*(part.log for part in self._parts), self._folder.logs / "supervisor.log"):
            bound(log)
        if not self._folder.supervisor_lock.exists():
            _log.warning("the state folder was removed")
            self._stopping = True
        elif self._is_idle() and self._no_work():
            # Say it first and look again: a command shows its interest first and looks at what is said after.
            self._say(Standing.STOPPING)
            self._stopping = self._is_idle()

    def _is_idle(self) -> bool:
        """Whether the last command is long ago. Before all parts were up, the one that started them still waits."""
        try:
            asked_at = self._folder.activity.stat().st_mtime
        except OSError:
            return False
        return time.time() - max(asked_at, self._ready_at) > self._settings.idle_minutes * 60

    def _no_work(self) -> bool:
        """Whether no workflow is open and no schedule is due some time. A server that does not say counts as busy."""
        asked = (self._port["temporal_http"], self._settings.temporal_namespace)
        return temporal_server.open_workflows(*asked) == 0 and temporal_server.coming_schedules(*asked) == 0

    def _launch_postgres(self) -> Launch:
        self._port |= self._ports.take("postgres")
        _log.info("starting postgres on port %d", self._port["postgres"])
        return self._cluster.launch(self._port["postgres"])

    def _postgres_answers(self) -> bool:
        return self._cluster.answers(self._port["postgres"])

    def _launch_temporal(self) -> Launch:
        self._port |= self._ports.take(*temporal_server.PORTS)
        _log.info("starting temporal on port %d", self._port["temporal"])
        return temporal_server.launch(self._folder.temporal, self._port, self._settings.temporal_namespace)

    def _temporal_answers(self) -> bool:
        counted = temporal_server.open_workflows(self._port["temporal_http"], self._settings.temporal_namespace)
        return counted is not None

    def _launch_worker(self) -> Launch:
        self._told = self._endpoints()
        told = {
            "state_dir": str(self._settings.state_dir),
            "temporal_address": self._told.temporal_address,
            "temporal_namespace": self._settings.temporal_namespace,
            "database_url": self._told.database_url,
        }
        _log.info("starting the worker")
        env = {**self._environ, **{VARIABLES[field]: value for field, value in told.items()}}
        return Launch(argv=self._command, env=env, folder=self._folder.root, grace=_WORKER_GRACE)

    def _endpoints(self) -> Endpoints:
        return Endpoints(
            temporal_address=f"127.0.0.1:{self._port['temporal']}",
            temporal_ui=f"http://127.0.0.1:{self._port['temporal_ui']}",
            database_url=self._cluster.url(self._port["postgres"]),
            supervisor_pid=os.getpid(),
        )

    def _say(self, standing: Standing) -> None:
        """Tell commands where the stack stands, where that has changed."""
        state = StackState(
            version=__version__,
            standing=standing,
            pid=os.getpid(),
            started_at=self._started_at,
            endpoints=self._endpoints(),
            parts=tuple(_state_of(part) for part in self._parts),
            payload_keys=tuple(self._settings.payload_key_references),
        )
        if state != self._said:
            self._folder.write(state)
            self._said = state


def _state_of(part: Part) -> PartState:
    return PartState(name=part.name, pid=part.pid, ready=part.is_ready, starts=part.starts, failures=part.failures)


def _arguments(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="releasepilot.workers.supervisor")
    parser.add_argument("--state-dir", type=Path, required=True)
    parser.add_argument("--idle-minutes", type=float, required=True)
    parser.add_argument("--temporal-namespace", required=True)
    parser.add_argument("--detach", action="store_true", help="go on in the background once the folder is ours")
    parser.add_argument("worker", nargs="*", help="the worker's command, after `--`")
    return parser.parse_args(argv)


def main(argv: Sequence[str], environ: Mapping[str, str]) -> int:
    """Run the supervisor; return its exit code, TAKEN where the folder has one."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    given = _arguments(argv)
    try:
        told = {"idle_minutes": given.idle_minutes, "temporal_namespace": given.temporal_namespace}
        settings = Settings.load(environ, state_dir=given.state_dir).model_copy(update=told)
        folder = StateFolder(settings.state_dir)
        folder.make()
        lock = FileLock(folder.supervisor_lock)
        if not lock.take(patience=_HANDOVER):
            return TAKEN
        folder.forget()
        # The lock goes with the open file, so the child has it when the parent has gone.
        if given.detach and os.fork():
            os._exit(0)
        if given.detach:
            os.setsid()
        lock.sign(os.getpid())
        Supervisor(settings, given.worker, environ).run()
    except StackError as error:
        _log.error("%s (%s)", error, error.hint)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
