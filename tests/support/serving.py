"""`releasepilot serve` as a process of its own, over the servers of the tests."""

from __future__ import annotations

import os
import re
import secrets
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx
from support.desk import COMMAND
from support.patience import PATIENCE

#: Where the secrets of the webhooks stand.
VARIABLE = "TEST_WEBHOOK_WORD"
OLD_VARIABLE = "TEST_WEBHOOK_WORD_BEFORE"
#: What is in them, made for each run.
WORD = secrets.token_hex(32)
OLD_WORD = secrets.token_hex(32)


@dataclass(kw_only=True)
class Serving:
    """A running service."""

    process: subprocess.Popen[str]
    url: str
    environ: dict[str, str]
    #: What it has logged, a line each.
    lines: list[str] = field(default_factory=list)

    def get(self, path: str, **headers: str) -> httpx.Response:
        """Ask something."""
        return httpx.get(f"{self.url}{path}", headers=headers, timeout=PATIENCE)

    def run(self, *words: str) -> str:
        """Run a command over the same servers and return what it prints."""
        done = subprocess.run(
            [*COMMAND, *words], env=self.environ, capture_output=True, text=True, timeout=PATIENCE, check=False
        )
        assert done.stdout, done.stderr
        return done.stdout

    def end(self, number: int = signal.SIGTERM) -> int:
        """Send a signal and return the exit code."""
        self.process.send_signal(number)
        return self.process.wait(timeout=PATIENCE)


def environ_of(temporal_address: str, database_url: str, **more: str) -> dict[str, str]:
    """Return the environment of a command over these servers."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("RELEASEPILOT_")}
    servers = {"RELEASEPILOT_TEMPORAL_ADDRESS": temporal_address, "RELEASEPILOT_DATABASE_URL": database_url}
    return {**kept, **servers, **more}


@contextmanager
def a_service(environ: dict[str, str], listen: str = "127.0.0.1:0") -> Iterator[Serving]:
    """Run a service until the end of the block."""
    process = subprocess.Popen(
        [*COMMAND, "serve", "--listen", listen],
        env=environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    lines: list[str] = []
    assert process.stderr is not None
    try:
        for line in process.stderr:
            lines.append(line)
            if found := re.search(r"listening on (http://\S+)", line):
                break
        else:
            raise AssertionError("".join(lines))
        reader = threading.Thread(target=lines.extend, args=(process.stderr,), daemon=True)
        reader.start()
        yield Serving(process=process, url=found[1], environ=environ, lines=lines)
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
        if "reader" in locals():
            reader.join()
        process.stderr.close()
