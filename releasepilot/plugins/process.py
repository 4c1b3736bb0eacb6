"""Run a command of the catalog: no input, a bounded memory of its output, and nothing left over when it is ended."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import signal
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from releasepilot.errors import StepError, StepRefused
from releasepilot.plugins.secrets.keeper import OpenSecrets

_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None)

#: Bytes of output that are kept: the last ones.
TAIL = 4096


@dataclass(frozen=True, kw_only=True)
class Finished:
    """How a command ended."""

    #: Its exit status; negative for the signal that ended it.
    status: int
    #: The end of what it wrote to both outputs.
    tail: str

    @property
    def ending(self) -> str:
        """How it ended, in words, with the end of its output where there was any."""
        return _with_output(f"ended with status {self.status}", self.tail)


def _with_output(what: str, tail: str) -> str:
    return f"{what}: {tail}" if tail else what


class _Output:
    """The read end of a pipe whose last bytes are kept.

    Unlike an asyncio stream it does not hold up `wait` where a command leaves a background process that still has
    the pipe open.
    """

    def __init__(self) -> None:
        self._reading, self.writing = os.pipe()
        os.set_blocking(self._reading, False)
        self._kept = b""

    @contextlib.contextmanager
    def collected(self) -> Iterator[None]:
        """Read in the running loop while the block lasts."""
        loop = asyncio.get_running_loop()
        loop.add_reader(self._reading, self._read)
        try:
            yield
            while self._read():
                pass
        finally:
            loop.remove_reader(self._reading)
            os.close(self._reading)

    def _read(self) -> bool:
        """Take one chunk; False where there is none now."""
        try:
            chunk = os.read(self._reading, 1 << 16)
        except BlockingIOError:
            return False
        if not chunk:
            asyncio.get_running_loop().remove_reader(self._reading)
            return False
        self._kept = (self._kept + chunk)[-TAIL:]
        return True

    def tail(self, secrets: OpenSecrets) -> str:
        """Return what is kept, without the secrets that the command was given."""
        text = self._kept.decode("utf-8", "replace")
        # What was cut, here or by the end of the command, is cut wherever it happens to be.
        return (secrets.hide_part(text) if len(self._kept) == TAIL else secrets.hide(text)).strip()


def limit_of(timeout: float) -> float:
    """Return the seconds that a step of this timeout leaves to its command.

    It is a little less, so that the command is ended here, with the end of its output in the error, and not by the
    engine's own clock, which knows nothing of it.
    """
    return max(1.0, 0.95 * timeout)


async def run_command(
    words: Sequence[str],
    *,
    shell: bool,
    env: Mapping[str, str],
    cwd: Path,
    limit: float,
    secrets: OpenSecrets,
) -> Finished:
    """Run a command for at most `limit` seconds and return how it ended.

    In shell mode its one word is a script for `/bin/sh`. The command gets the worker's environment and `env`. When it
    takes too long (`StepError`) or the caller is cancelled, its whole process group is killed. A `cwd` that is not
    there raises `StepRefused`, as a command that is not there does. What was read through `secrets` is in nothing that
    is said of the output.
    """
    argv = ("/bin/sh", "-c", *words) if shell else tuple(words)
    output = _Output()
    with output.collected():
        try:
            process = await asyncio.create_subprocess_exec(
                *argv,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output.writing,
                stderr=output.writing,
                cwd=cwd,
                # The worker's own environment: commands need their PATH and their credentials. Some trust PWD.
                env={**_inherited(secrets), **env, "PWD": str(cwd)},
                start_new_session=True,
                preexec_fn=_end_with_worker if sys.platform == "linux" else None,
            )
        except (OSError, ValueError) as error:
            raise _not_started(argv[0], cwd, error) from error
        finally:
            os.close(output.writing)
        try:
            async with asyncio.timeout(limit):
                status = await process.wait()
        except TimeoutError:
            raise StepError(
                _with_output(f"the command {argv[0]!r} did not end within {limit:g} seconds", output.tail(secrets)),
                hint="raise the step's timeout or find out what it waits for",
            ) from None
        finally:
            await _end(process)
    return Finished(status=status, tail=output.tail(secrets))


def _inherited(secrets: OpenSecrets) -> dict[str, str]:
    """Return the worker's environment without what opens the ledger and Temporal: a repository's code gets neither."""
    return {name: value for name, value in os.environ.items() if not secrets.is_withheld(name)}


def _end_with_worker() -> None:
    """Have the kernel kill the command when its worker dies: its retry must not run beside it."""
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _not_started(program: str, cwd: Path, error: OSError | ValueError) -> StepRefused:
    """Tell a missing program from a missing folder: the operating system names the one that it missed."""
    if isinstance(error, OSError) and str(error.filename) == str(cwd):
        return StepRefused(
            f"there is no folder {cwd} to run {program!r} in",
            hint="look whether the component's `path` is a folder of the release commit",
        )
    return StepRefused(
        f"the command {program!r} cannot be started: {error}",
        hint="install it on the worker or correct the catalog",
    )


async def _end(process: asyncio.subprocess.Process) -> None:
    """Kill a command that still runs, with all that it started."""
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
