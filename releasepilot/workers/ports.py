"""Loopback ports for the embedded servers, kept from one start to the next so that clients find them again."""

from __future__ import annotations

import errno
import json
import secrets
import socket
from collections.abc import Sequence
from pathlib import Path

from releasepilot.errors import StackError

#: Below the range that Linux and macOS take outgoing connections from, so that none of these takes a server's port
#: while the server is down.
_RANGE = range(17000, 29000)
_TRIES = 200


def is_free(port: int) -> bool:
    """Whether a server could listen on the port now."""
    with socket.socket() as probe:
        # As servers do: ports of connections that linger after their end do not count as taken.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            if error.errno in (errno.EADDRINUSE, errno.EACCES):
                return False
            raise
        return True


def free_port(avoid: Sequence[int] = ()) -> int:
    """Return a port that is free and not one of `avoid`."""
    for _ in range(_TRIES):
        port = secrets.choice(_RANGE)
        if port not in avoid and is_free(port):
            return port
    raise StackError("no free port was found on 127.0.0.1", hint="end some of the programs that listen there")


class Ports:
    """The ports of the embedded stack by name, remembered in a file."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def take(self, *names: str) -> dict[str, int]:
        """Return the remembered ports of these names; one that is taken by another program is chosen anew."""
        known = self._remembered()
        chosen = dict(known)
        for name in names:
            if name not in known or not is_free(known[name]):
                chosen[name] = free_port(avoid=tuple(chosen.values()))
        if chosen != known:
            draft = self._file.with_suffix(".new")
            draft.write_text(json.dumps(chosen))
            draft.replace(self._file)
        return {name: chosen[name] for name in names}

    def _remembered(self) -> dict[str, int]:
        """Read the file; nothing is remembered where it is absent or damaged."""
        try:
            content = json.loads(self._file.read_text())
            return {str(name): int(port) for name, port in content.items()}
        except (OSError, ValueError, AttributeError, TypeError):
            return {}
