"""Locks that end with the process that holds them, however it ends."""

from __future__ import annotations

import errno
import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from releasepilot.errors import StackError

_PAUSE = 0.02


class FileLock:
    """A lock on a file, with the holder's process id in it.

    The lock belongs to the open file, which forked and started processes may inherit: it is free when the last of
    them has ended. So it says what a process id cannot, which may be that of another program by now.
    """

    def __init__(self, file: Path) -> None:
        self.file = file
        self._descriptor: int | None = None

    @property
    def descriptor(self) -> int:
        """The open file, for a process that is to inherit the lock; ValueError where it is not held."""
        if self._descriptor is None:
            raise ValueError(f"the lock {self.file} is not held")
        return self._descriptor

    def take(self, patience: float = 0.0) -> bool:
        """Take the lock within so many seconds; False where somebody else keeps it."""
        descriptor = os.open(self.file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        deadline = time.monotonic() + patience
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                if error.errno not in (errno.EWOULDBLOCK, errno.EACCES) or time.monotonic() >= deadline:
                    os.close(descriptor)
                    if error.errno not in (errno.EWOULDBLOCK, errno.EACCES):
                        raise
                    return False
                time.sleep(_PAUSE)
            else:
                self._descriptor = descriptor
                return True

    def sign(self, pid: int) -> None:
        """Write who holds the lock."""
        os.ftruncate(self.descriptor, 0)
        os.pwrite(self.descriptor, str(pid).encode(), 0)

    def drop(self) -> None:
        """Close this process's end; the lock stays with those that inherited it."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def holder(file: Path) -> int | None:
    """Return the process id written in a lock that is held now; None where nobody holds it, 0 before it is signed.

    StackError where the lock is another account's.
    """
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except PermissionError as error:
        raise StackError(
            f"{file} belongs to another account", hint="use that account, or another folder with --state-dir"
        ) from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        text = os.pread(descriptor, 32, 0)
        return int(text) if text.isdigit() else 0
    finally:
        os.close(descriptor)
    return None


@contextmanager
def one_at_a_time(file: Path) -> Iterator[None]:
    """Wait until no other process is in here."""
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        with suppress(OSError):
            os.close(descriptor)
