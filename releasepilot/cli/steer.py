"""`releasepilot pause`, `resume` and `abort`: steer a train that runs."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import click

from releasepilot.cli.completion import complete_train
from releasepilot.cli.environment import settings_of
from releasepilot.cli.exits import Exit
from releasepilot.cli.invocation import Invocation, pass_invocation, reason_option
from releasepilot.cli.render.text import console, plain
from releasepilot.cli.servers import reach
from releasepilot.control import Control, Servers, connect

train_argument = click.argument("train", shell_complete=complete_train)


async def _steer(
    servers: Servers, train: str, reason: str, act: Callable[[Control, str, str], Awaitable[object]]
) -> str:
    """Find the train by its id or the beginning of it, and act; return its id."""
    async with connect(servers) as control:
        found = await control.resolve(train)
        await act(control, found, reason)
        return found


def _servers(invocation: Invocation) -> Servers:
    return reach(settings_of(invocation), quiet=invocation.quiet)


def _told(invocation: Invocation, text: str) -> int:
    if not invocation.quiet:
        console().print(plain(text))
    return Exit.OK


@click.command()
@train_argument
@reason_option
@pass_invocation
def pause(invocation: Invocation, train: str, reason: str) -> int:
    """Start no further step of a train. Steps that run are let finish."""
    found = asyncio.run(_steer(_servers(invocation), train, reason, Control.pause))
    return _told(invocation, f"{found} is paused; go on with: releasepilot resume {found}")


@click.command()
@train_argument
@reason_option
@pass_invocation
def resume(invocation: Invocation, train: str, reason: str) -> int:
    """Let a paused train go on."""
    found = asyncio.run(_steer(_servers(invocation), train, reason, Control.resume))
    return _told(invocation, f"{found} goes on; watch it with: releasepilot status {found} --watch")


@click.command()
@train_argument
@reason_option
@pass_invocation
def abort(invocation: Invocation, train: str, reason: str) -> int:
    """Stop a train and undo what it did.

    Past the point of no return it is refused: `releasepilot rollback` then undoes what can be undone.
    """
    found = asyncio.run(_steer(_servers(invocation), train, reason, Control.abort))
    return _told(invocation, f"{found} is being undone; watch it with: releasepilot status {found} --watch")
