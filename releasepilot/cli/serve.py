"""`releasepilot serve`: one process that takes word of other systems and answers questions by HTTP."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from importlib import import_module
from typing import Any

import click

from releasepilot.cli.environment import settings_of
from releasepilot.cli.exits import Exit
from releasepilot.cli.invocation import Invocation, pass_invocation
from releasepilot.cli.servers import reach
from releasepilot.control import Servers
from releasepilot.errors import StackError
from releasepilot.settings import Settings
from releasepilot.workers.folder import StateFolder

_log = logging.getLogger("releasepilot.server")

_LAST_PORT = 65535
#: Seconds between two signs that the embedded servers are wanted, at most.
_SIGN = 60.0


def _listen(_context: click.Context, _parameter: click.Parameter, value: str) -> tuple[str, int]:
    """Read `host:port`, an IPv6 host in brackets."""
    host, _, port = value.rpartition(":")
    host = host.removeprefix("[").removesuffix("]") if host.startswith("[") else host
    if not (host and port.isascii() and port.isdecimal() and int(port) <= _LAST_PORT):
        raise click.BadParameter("an address is host:port, such as 127.0.0.1:8440")
    return host, int(port)


@click.command()
@click.option(
    "--listen",
    metavar="HOST:PORT",
    default="127.0.0.1:8440",
    show_default=True,
    callback=_listen,
    help="Where to listen; port 0 is any that is free.",
)
@pass_invocation
def serve(invocation: Invocation, listen: tuple[str, int]) -> int:
    """Take word of change systems and answer questions about trains by HTTP, until interrupted.

    RELEASEPILOT_WEBHOOKS names who may send word. Without RELEASEPILOT_TRUSTED_KEYS it listens on loopback alone;
    with these whoever asks sends a token.
    """
    service = _service()
    settings = settings_of(invocation)
    post = service.Post(
        host=listen[0], port=listen[1], trust=settings.trust, hooks=settings.hooks, secrets=settings.secrets
    )
    servers = reach(settings, quiet=True, service="releasepilot-server")
    asyncio.run(_serve(service, settings, servers, post))
    return Exit.OK


async def _serve(service: Any, settings: Settings, servers: Servers, post: Any) -> None:
    wanted = asyncio.create_task(_want(settings))
    try:
        await service.serve(servers, post, ready=lambda address: _log.info("listening on %s", address))
    finally:
        wanted.cancel()


async def _want(settings: Settings) -> None:
    """Give a sign now and then that the embedded servers are wanted, as every command does once."""
    while settings.embedded:
        await asyncio.sleep(min(_SIGN, settings.idle_minutes * 60 / 4))
        with suppress(StackError):
            StateFolder(settings.state_dir).make()


def _service() -> Any:
    """Load what serves; StackError where its libraries are not installed."""
    try:
        return import_module("releasepilot.server.service")
    except ModuleNotFoundError as missing:
        raise StackError(
            f"nothing can be served without {missing.name}", hint="pip install 'releasepilot[server]'"
        ) from missing
