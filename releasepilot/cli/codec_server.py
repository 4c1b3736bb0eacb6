"""`releasepilot codec-server`: lets Temporal's pages show what is encrypted."""

from __future__ import annotations

import asyncio
from importlib import import_module
from urllib.parse import urlsplit

import click

from releasepilot.cli.environment import settings_of
from releasepilot.cli.exits import Exit
from releasepilot.cli.invocation import Invocation, pass_invocation
from releasepilot.cli.render.text import console, plain
from releasepilot.errors import StackError
from releasepilot.settings import Settings
from releasepilot.telemetry import set_up_logging
from releasepilot.workers.local import stack_status
from releasepilot.workers.payload_keys import payload_keys


def _origin(_context: click.Context, _parameter: click.Parameter, value: str) -> str:
    """Accept the origin of a page, as browsers write it."""
    parts = urlsplit(value)
    if value and (
        parts.scheme not in ("http", "https") or not parts.netloc or value != f"{parts.scheme}://{parts.netloc}"
    ):
        raise click.BadParameter("an origin is a scheme and a host, such as https://temporal.example.org")
    return value


@click.command("codec-server")
@click.option(
    "--origin", callback=_origin, default="", help="Where Temporal's pages are; of the embedded servers it is known."
)
@click.option("--port", type=click.IntRange(0, 65535), default=8234, show_default=True, help="On loopback; 0 for any.")
@pass_invocation
def codec_server(invocation: Invocation, origin: str, port: int) -> int:
    """Decrypt payloads for Temporal's pages on this machine, until interrupted.

    Whoever can reach this machine's loopback can then read what the keys of RELEASEPILOT_PAYLOAD_KEYS encrypt.
    """
    settings = settings_of(invocation)
    set_up_logging(settings.log_format, settings.log_level)
    keys = payload_keys(settings)
    if keys is None:
        raise StackError(
            "there are no payload keys, so nothing is encrypted", hint="set RELEASEPILOT_PAYLOAD_KEYS as the workers do"
        )
    page = origin or _embedded_pages(settings)
    try:
        server = import_module("releasepilot.server.codec")
    except ImportError as error:
        raise StackError(
            f"the codec server needs {error.name}, which is not installed", hint="install releasepilot[server]"
        ) from error

    def say(address: str) -> None:
        console().print(plain(f"decoding on {address} for {page}; set it as the codec server of Temporal's pages"))

    asyncio.run(server.serve(keys, page, port, say))
    return Exit.OK


def _embedded_pages(settings: Settings) -> str:
    state = stack_status(settings) if settings.embedded else None
    if state is None or not state.endpoints.temporal_ui:
        raise click.UsageError("--origin says where Temporal's pages are: no embedded servers run whose it could be")
    return state.endpoints.temporal_ui
