"""`releasepilot status` and `history`: where trains stand and how they ended."""

from __future__ import annotations

import asyncio
import sys
from contextlib import suppress

import click

from releasepilot.cli.completion import complete_train
from releasepilot.cli.environment import settings_of
from releasepilot.cli.exits import Exit, of_view
from releasepilot.cli.invocation import Invocation, json_option, pass_invocation
from releasepilot.cli.render.record import print_record, print_trains
from releasepilot.cli.render.text import console, print_json, print_json_list
from releasepilot.cli.render.train import display_for, print_view
from releasepilot.cli.servers import reach
from releasepilot.cli.watching import detached, follow
from releasepilot.control import Control, Servers, connect
from releasepilot.errors import ReleasePilotError
from releasepilot.model.plan import Plan
from releasepilot.model.train import TrainView
from releasepilot.store.read import TrainRow


@click.command()
@click.argument("train", required=False, shell_complete=complete_train)
@click.option("--watch", "-w", is_flag=True, help="Follow it until it has ended.")
@json_option
@pass_invocation
def status(invocation: Invocation, train: str | None, watch: bool, as_json: bool) -> int:
    """Show where a train stands; without TRAIN, the one that was started last.

    TRAIN is an id, the beginning of one, or a train's name. The exit code is that of the train: 5 while it has
    not ended.
    """
    try:
        servers = reach(settings_of(invocation), quiet=invocation.quiet)
        return asyncio.run(_status(servers, train, watch=watch, as_json=as_json, quiet=invocation.quiet))
    except KeyboardInterrupt:
        return Exit.WAITING


async def _status(servers: Servers, train: str | None, *, watch: bool, as_json: bool, quiet: bool) -> int:
    async with connect(servers) as control:
        found = await control.resolve(train)
        view = await control.view(found)
        plan = await plan_or_none(control, view)
        if watch and view.record is None:
            view = await _watched(control, found, plan, quiet=quiet or as_json)
        elif not as_json:
            print_view(console(), view, plan)
    if as_json:
        print_json(view)
    elif view.record is not None:
        print_record(console(), view.record, plan)
    return of_view(view)


async def _watched(control: Control, train: str, plan: Plan | None, *, quiet: bool) -> TrainView:
    """Follow the train; leaving it early tells how to come back."""
    try:
        with display_for(console(), plan, quiet=quiet) as display:
            return await follow(control, train, display)
    except asyncio.CancelledError:
        detached(console(sys.stderr), train)
        raise


async def plan_or_none(control: Control, view: TrainView) -> Plan | None:
    """Return the train's plan; None before it is planned."""
    if view.plan_digest:
        with suppress(ReleasePilotError):
            return await control.plan_of(view.train)
    return None


@click.command()
@click.option("--limit", "-n", default=20, show_default=True, type=click.IntRange(1, 1000), help="At most so many.")
@json_option
@pass_invocation
def history(invocation: Invocation, limit: int, as_json: bool) -> int:
    """List past and present trains, newest first."""
    rows = asyncio.run(_history(reach(settings_of(invocation), quiet=invocation.quiet), limit))
    if as_json:
        print_json_list(tuple(rows))
    else:
        print_trains(console(), rows)
    return Exit.OK


async def _history(servers: Servers, limit: int) -> list[TrainRow]:
    async with connect(servers) as control:
        return await control.history(limit)
