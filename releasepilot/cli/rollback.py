"""`releasepilot rollback`: take back a train, most often one that has ended."""

from __future__ import annotations

import asyncio
import sys

import click

from releasepilot.cli.completion import complete_component, complete_train
from releasepilot.cli.environment import settings_of
from releasepilot.cli.exits import Exit, of_rollback, of_view
from releasepilot.cli.invocation import Invocation, pass_invocation, reason_option, yes_option
from releasepilot.cli.release import ask_is_possible
from releasepilot.cli.render.progress import waiting
from releasepilot.cli.render.record import print_record
from releasepilot.cli.render.text import clean, console
from releasepilot.cli.render.train import display_for
from releasepilot.cli.servers import reach
from releasepilot.cli.watching import detached, plan_or_none, watch
from releasepilot.control import Servers, connect
from releasepilot.model.plan import Plan
from releasepilot.model.train import Outcome, TrainView, with_dependents


@click.command()
@click.argument("train", shell_complete=complete_train)
@click.option(
    "--component",
    "components",
    multiple=True,
    shell_complete=complete_component,
    help="Only this component and those that depend on it; may be given again.",
)
@reason_option
@yes_option
@pass_invocation
def rollback(invocation: Invocation, train: str, components: tuple[str, ...], reason: str, yes: bool) -> int:
    """Undo a train as far as the world allows, and list what stays. It may have ended or still run.

    Here 0 means that it was rolled back; with --component, that these are no longer released.
    """
    ask_is_possible(yes=yes)
    settings = settings_of(invocation)
    servers = reach(settings, quiet=invocation.quiet)
    before, plan = asyncio.run(_found(servers, train))
    if not yes:
        what = ", ".join(components) if components else "all of it"
        click.confirm(f"Undo {clean(before.train)} ({clean(what)})?", abort=True)
    try:
        view = asyncio.run(_rollback(servers, before, components, reason, quiet=invocation.quiet))
        if before.record is None:
            with display_for(console(), plan, quiet=invocation.quiet) as display:
                view = watch(settings, servers, before.train, display)
    except KeyboardInterrupt:
        detached(console(sys.stderr), before.train)
        return Exit.WAITING
    if view.record is None:
        return of_view(view)
    print_record(console(), view.record, advise=view.record.outcome is Outcome.RESIDUE)
    needs = {release.component: release.needs for release in plan.releases} if plan else {}
    return of_rollback(
        view.record,
        components,
        affected=with_dependents(needs, components),
        released=before.record.released if before.record else {},
    )


async def _found(servers: Servers, train: str) -> tuple[TrainView, Plan | None]:
    """Return where the train stands before anything is undone, and its plan."""
    async with connect(servers) as control:
        view = await control.view(await control.resolve(train))
        return view, await plan_or_none(control, view)


async def _rollback(
    servers: Servers, before: TrainView, components: tuple[str, ...], reason: str, *, quiet: bool
) -> TrainView:
    """Start the undoing; of a train that had ended, also wait for the end of it."""
    async with connect(servers) as control:
        await control.rollback(before.train, components, reason)
        if before.record is None:
            return before
        with waiting(sys.stderr, f"undoing {before.train}", quiet=quiet):
            return await control.rolled_back(before.train)
