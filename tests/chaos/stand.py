"""The embedded stack on a test stand: each part can be reached, to be hurt."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from chaos.proxy import Proxy, proxy_to

from releasepilot.settings import Settings
from releasepilot.workers.folder import Endpoints
from releasepilot.workers.local import ensure_stack, remove_stack, stack_status

#: Debian's package `faketime`; without it no clock jumps.
FAKETIME = next(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"), None)
PARTS = ("worker", "temporal", "postgres")


@dataclass
class Stand:
    """A running stack, and the ways to its parts."""

    settings: Settings
    command: tuple[str, ...]
    endpoints: Endpoints
    #: The proxies of the worker, by the part that they lead to.
    proxies: dict[str, Proxy]
    #: Says what time the worker's clock shows, as an offset.
    clock: Path
    _stopped: set[int] = field(default_factory=set)

    def pid(self, part: str) -> int | None:
        """Return a part's process; None where it does not run at the moment."""
        state = stack_status(self.settings)
        if state is None:
            return None
        return next((one.pid for one in state.parts if one.name == part), None)

    def kill(self, part: str) -> bool:
        """End a part as the kernel does where memory is short; False where it does not run."""
        return self._signal(self.pid(part), signal.SIGKILL)

    def kill_all(self) -> bool:
        """End everything at once, as a power cut does."""
        state = stack_status(self.settings)
        if state is None:
            return False
        for pid in (state.pid, *(part.pid for part in state.parts)):
            self._signal(pid, signal.SIGKILL)
        return True

    async def freeze(self, part: str, seconds: float) -> bool:
        """Stop a part, and let it go on later as if nothing had been."""
        pid = self.pid(part)
        if not self._signal(pid, signal.SIGSTOP) or pid is None:
            return False
        self._stopped.add(pid)
        await asyncio.sleep(seconds)
        self._stopped.discard(pid)
        self._signal(pid, signal.SIGCONT)
        return True

    async def up(self) -> None:
        """Start again what does not run, as any command would."""
        await asyncio.to_thread(ensure_stack, self.settings, worker_command=self.command)

    def thaw(self) -> None:
        """Let everything go on that was stopped."""
        for pid in self._stopped:
            self._signal(pid, signal.SIGCONT)
        self._stopped.clear()

    @staticmethod
    def _signal(pid: int | None, number: signal.Signals) -> bool:
        with suppress(ProcessLookupError):
            if pid is not None:
                os.kill(pid, number)
                return True
        return False


@asynccontextmanager
async def stand_in(folder: Path) -> AsyncIterator[Stand]:
    """Run a stack in a folder, its worker behind proxies; afterwards nothing of it is left."""
    settings = Settings.load({}, state_dir=folder / "state")
    told, clock = folder / "detour.json", folder / "clock"
    clock.write_text("+0")
    command = (sys.executable, str(Path(__file__).with_name("detour.py")), str(told))
    async with AsyncExitStack() as stack:
        stack.callback(remove_stack, settings)
        endpoints = await asyncio.to_thread(ensure_stack, settings, worker_command=command)
        targets = {
            "temporal": int(endpoints.temporal_address.rpartition(":")[2]),
            "postgres": urlsplit(endpoints.database_url).port or 5432,
        }
        proxies = {part: await stack.enter_async_context(proxy_to(port)) for part, port in targets.items()}
        detour = {"ports": {proxy.target: proxy.port for proxy in proxies.values()}, "environ": _clock(clock)}
        (folder / "detour.new").write_text(json.dumps(detour))
        (folder / "detour.new").replace(told)
        stand = Stand(settings, command, endpoints, proxies, clock)
        stack.callback(stand.thaw)
        yield stand


def _clock(file: Path) -> dict[str, str]:
    """Return what makes a process read its clocks through a file.

    With the wall clock alone the library breaks Python's `sleep`, so the clock that only counts jumps too, as it does
    for a machine that was suspended. That one never goes back, so neither do we.
    """
    if FAKETIME is None:
        return {}
    return {
        "LD_PRELOAD": str(FAKETIME),
        "FAKETIME_TIMESTAMP_FILE": str(file),
        "FAKETIME_NO_CACHE": "1",
    }
