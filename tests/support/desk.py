"""The command line as people use it: a folder with a catalog, commands as processes, servers of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from support.patience import PATIENCE
from support.remotes import Remote
from support.stacks import eventually
from support.temporal import train_name

COMMAND = (sys.executable, "-m", "releasepilot.cli.main")


@dataclass(frozen=True, kw_only=True)
class Said:
    """How a command ended and what it wrote."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Standard output as JSON; nothing else is on it."""
        return json.loads(self.out)


@dataclass(frozen=True, kw_only=True)
class Desk:
    """One folder with `releasepilot.yaml`, over remotes of its own."""

    folder: Path
    state_dir: Path
    remotes: Mapping[str, Remote]
    #: The name of its train.
    train: str

    def write(self, *, components: Mapping[str, Mapping[str, Any]] | None = None, **more: Any) -> None:
        """Write the catalog; `components` adds keys to single ones."""
        listed = [
            {"name": name, "repo": os.path.relpath(remote.folder, self.folder), **(components or {}).get(name, {})}
            for name, remote in self.remotes.items()
        ]
        catalog = {"version": 1, "train": self.train, "components": listed, **more}
        # JSON is YAML.
        (self.folder / "releasepilot.yaml").write_text(json.dumps(catalog, indent=2))

    def run(self, *words: str) -> Said:
        """Run one command to its end, without a terminal."""
        return self.ended(self.begin(*words))

    def begin(self, *words: str) -> subprocess.Popen[str]:
        """Start a command without waiting for it."""
        # Whoever runs the tests may have colours forced; a pipe must still get none from us.
        environ = {name: value for name, value in os.environ.items() if not name.startswith("RELEASEPILOT_")}
        return subprocess.Popen(
            [*COMMAND, *words],
            cwd=self.folder,
            env={**environ, "RELEASEPILOT_STATE_DIR": str(self.state_dir)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def ended(self, process: subprocess.Popen[str]) -> Said:
        """Wait for a command; whatever it says, there is no escape sequence in it."""
        try:
            out, err = process.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            out, err = process.communicate()
            raise AssertionError(f"{process.args!r} does not end:\n{out}\n{err}") from None
        assert "\x1b" not in out + err
        assert "Traceback" not in out + err
        return Said(code=process.returncode, out=out, err=err)

    def interrupt(self, process: subprocess.Popen[str]) -> Said:
        """Press Ctrl-C."""
        process.send_signal(signal.SIGINT)
        return self.ended(process)

    def waits_for(self, file: str) -> dict[str, Any]:
        """Return an exec step that begins, says so by `<file>.begun`, and ends when `file` is there."""
        path = self.folder / file
        script = f"touch '{path}.begun'; until [ -e '{path}' ]; do sleep 0.02; done"
        return {"uses": "exec", "name": "upload", "shell": True, "apply": script, "revert": "true"}

    def begun(self, file: str) -> None:
        """Wait until such a step has begun."""
        eventually((self.folder / f"{file}.begun").exists)

    def go(self, file: str) -> None:
        """Let such a step end."""
        (self.folder / file).touch()


def a_desk(folder: Path, state_dir: Path, remotes: Mapping[str, Remote]) -> Desk:
    """Set up a folder for a train that no other test uses, with a catalog that holds nothing special."""
    desk = Desk(folder=folder, state_dir=state_dir, remotes=remotes, train=train_name())
    desk.write()
    return desk
