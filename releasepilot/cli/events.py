"""`releasepilot events`: what happened to a train, and what was refused of it, in the order of time."""

from __future__ import annotations

import asyncio

import click

from releasepilot.cli.completion import complete_train
from releasepilot.cli.environment import settings_of
from releasepilot.cli.exits import Exit
from releasepilot.cli.invocation import Invocation, json_option, pass_invocation
from releasepilot.cli.render.events import print_events
from releasepilot.cli.render.text import console, print_json_list
from releasepilot.cli.servers import reach
from releasepilot.model.event import Event
from releasepilot.model.refusal import Refusal, in_order
from releasepilot.store.pool import open_pool
from releasepilot.store.read import Reader


@click.command()
@click.argument("train", required=False, shell_complete=complete_train)
@click.option(
    "--since",
    default=0,
    type=click.IntRange(min=0),
    help="Only what came after the event of this number, and refusals that no later event follows.",
)
@json_option
@pass_invocation
def events(invocation: Invocation, train: str | None, since: int, as_json: bool) -> int:
    """Tell what happened to a train, one line an event; without TRAIN, of the one that was started last.

    Among the events stands what was refused: votes, overrides and commands that could not count, by whom and why. All
    of it is read from the database, so that it can be asked where Temporal does not answer.
    """
    servers = reach(settings_of(invocation), quiet=invocation.quiet)
    happened = asyncio.run(_happened(servers.database_url, train, since))
    if as_json:
        print_json_list(happened)
    else:
        print_events(console(), happened)
    return Exit.OK


async def _happened(database_url: str, train: str | None, since: int) -> tuple[Event | Refusal, ...]:
    async with open_pool(database_url, max_size=1) as pool:
        reader = Reader(pool)
        row = await (reader.train(train) if train else reader.latest())
        # What is refused between the two questions comes after the events that were read.
        found = await reader.events(row.id)
        return tuple(in_order(found, await reader.refusals(row.id), since))
