"""The state folder of the embedded stack: what lies where, and what the supervisor says of itself there."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from releasepilot.errors import StackError

_FILE = "stack.json"


class Endpoints(BaseModel):
    """Where the servers are, for those who connect to them."""

    model_config = ConfigDict(frozen=True)

    #: `host:port`; empty where a profile of Temporal's client configuration says it.
    temporal_address: str
    #: The URL of Temporal's pages; empty where the server is not ours.
    temporal_ui: str = ""
    #: A libpq URI with its password.
    database_url: str = Field(repr=False)
    #: None where the servers are not ours.
    supervisor_pid: int | None = None


class Standing(StrEnum):
    """Where the embedded stack stands."""

    #: A part is starting, for the first time or again.
    STARTING = "starting"
    READY = "ready"
    STOPPING = "stopping"


class PartState(BaseModel):
    """What the supervisor says of one of its processes."""

    model_config = ConfigDict(frozen=True)

    name: str
    #: None while it does not run.
    pid: int | None
    ready: bool
    starts: int
    #: How often in a row it ended soon after its start.
    failures: int


class StackState(BaseModel):
    """What the supervisor says of the stack."""

    model_config = ConfigDict(frozen=True)

    #: ReleasePilot's version, of the supervisor and its worker.
    version: str
    standing: Standing
    pid: int
    started_at: datetime
    endpoints: Endpoints
    parts: tuple[PartState, ...]
    #: The ids of the keys with which the worker encrypts and decrypts payloads, the one that encrypts first.
    payload_keys: tuple[str, ...] = ()


@dataclass(frozen=True)
class StateFolder:
    """Names the files of the state folder."""

    root: Path

    @property
    def supervisor_lock(self) -> Path:
        """Held by the supervisor for life."""
        return self.root / "supervisor.lock"

    @property
    def start_lock(self) -> Path:
        """Held by the command that starts the supervisor, so that only one does."""
        return self.root / "start.lock"

    @property
    def activity(self) -> Path:
        """Touched by every command: its time is the last sign of interest."""
        return self.root / "activity"

    @property
    def ports(self) -> Path:
        """The servers' ports."""
        return self.root / "ports.json"

    @property
    def logs(self) -> Path:
        """One log a process."""
        return self.root / "logs"

    @property
    def locks(self) -> Path:
        """One lock a part, held by the part itself."""
        return self.root / "locks"

    @property
    def temporal(self) -> Path:
        """Temporal's database."""
        return self.root / "temporal"

    @property
    def postgres(self) -> Path:
        """The database cluster, or a note of where it is."""
        return self.root / "postgres"

    def make(self) -> None:
        """Make the folders; StackError where they cannot be made or written to."""
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            # Root's database runs as somebody else, who passes through. What is secret is closed by itself.
            self.root.chmod(0o711 if os.geteuid() == 0 else 0o700)
            for folder in (self.logs, self.locks, self.temporal):
                folder.mkdir(mode=0o700, exist_ok=True)
            self.activity.touch()
        except OSError as error:
            raise StackError(
                f"the state folder {self.root} cannot be used: {error.strerror or error}",
                hint="choose another one with --state-dir or RELEASEPILOT_STATE_DIR",
            ) from error

    def write(self, state: StackState) -> None:
        """Replace what the supervisor says; readers see the old or the new text, never a part of it."""
        draft = self.root / f"{_FILE}.new"
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(state.model_dump_json(indent=2))
        draft.replace(self.root / _FILE)

    def read(self) -> StackState | None:
        """Return what the last supervisor said, whether it lives or not; None where there is nothing readable."""
        try:
            return StackState.model_validate_json((self.root / _FILE).read_bytes())
        except (OSError, ValidationError):
            return None

    def forget(self) -> None:
        """Remove what the last supervisor said."""
        (self.root / _FILE).unlink(missing_ok=True)
