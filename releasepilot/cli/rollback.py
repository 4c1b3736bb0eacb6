"""`releasepilot rollback`: take back a train, most often one that has ended."""

from __future__ import annotations

import asyncio
import sys

import click

from releasepilot.cli.completion import complete_component, complete_train
from releasepilot.cli.environment import settings_of
from releasepilot.cli.exits import Exit, of_view
from releasepilot.cli.invocation import Invocation, pass_invocation, yes_option
from releasepilot.cli.release import ask_is_possible
from releasepilot.cli.render.progress import waiting
from releasepilot.cli.render.record import print_record
from releasepilot.cli.render.text import clean, console
from releasepilot.cli.render.train import display_for
from releasepilot.cli.servers import reach
from releasepilot.cli.watching import detached, follow
from releasepilot.control import Servers, connect
from releasepilot.model.train import Outcome, TrainView


@click.command()
@click.argument("train", shell_complete=complete_train)
@click.option(
    "--component",
    "components",
    multiple=True,
    shell_complete=complete_component,
    help="Only this component and those that depend on it; may be given again.",
)
@yes_option
@pass_invocation
def rollback(invocation: Invocation, train: str, components: tuple[str, ...], yes: bool) -> int:
    """Undo a train as far as the world allows, and list what stays. It may have ended or still run.

    Here 0 means that it was rolled back.
    """
    ask_is_possible(yes=yes)
    servers = reach(settings_of(invocation), quiet=invocation.quiet)
    found = asyncio.run(_resolve(servers, train))
    if not yes:
        what = ", ".join(components) if components else "all of it"
        click.confirm(f"Undo {clean(found)} ({clean(what)})?", abort=True)
    try:
        view = asyncio.run(_rollback(servers, found, components, quiet=invocation.quiet))
    except KeyboardInterrupt:
        detached(console(sys.stderr), found)
        return Exit.WAITING
    if view.record is not None:
        print_record(console(), view.record, advise=view.record.outcome is Outcome.RESIDUE)
        if view.record.outcome is (Outcome.PARTLY_RELEASED if components else Outcome.ROLLED_BACK):
            return Exit.OK
    return of_view(view)


async def _resolve(servers: Servers, train: str) -> str:
    async with connect(servers) as control:
        return await control.resolve(train)


async def _rollback(servers: Servers, train: str, components: tuple[str, ...], *, quiet: bool) -> TrainView:
    async with connect(servers) as control:
        ended = (await control.view(train)).record is not None
        await control.rollback(train, components)
        if ended:
            with waiting(sys.stderr, f"undoing {train}", quiet=quiet):
                return await control.rolled_back(train)
        with display_for(console(), None, quiet=quiet) as display:
            return await follow(control, train, display)
