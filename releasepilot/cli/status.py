"""`releasepilot status` and `history`: where trains stand and how they ended."""

from __future__ import annotations

import asyncio
import sys

import click

from releasepilot.cli.completion import complete_train
from releasepilot.cli.environment import settings_of
from releasepilot.cli.exits import Exit, of_view
from releasepilot.cli.invocation import Invocation, json_option, pass_invocation
from releasepilot.cli.render.plan import print_plan
from releasepilot.cli.render.record import print_record, print_trains
from releasepilot.cli.render.text import console, print_json, print_json_list
from releasepilot.cli.render.train import display_for, print_view
from releasepilot.cli.servers import reach
from releasepilot.cli.watching import detached, plan_or_none
from releasepilot.cli.watching import watch as follow_on
from releasepilot.control import Servers, connect
from releasepilot.model.assessment import Assessment, assessed
from releasepilot.model.plan import Plan
from releasepilot.model.train import TrainView
from releasepilot.store.read import TrainRow


@click.command()
@click.argument("train", required=False, shell_complete=complete_train)
@click.option("--watch", "-w", is_flag=True, help="Follow it until it has ended.")
@click.option("--plan", "of_plan", is_flag=True, help="Show its plan, as `releasepilot plan` does, and end with 0.")
@json_option
@pass_invocation
def status(invocation: Invocation, train: str | None, watch: bool, of_plan: bool, as_json: bool) -> int:
    """Show where a train stands; without TRAIN, the one that was started last.

    TRAIN is an id, the beginning of one, or a train's name. The exit code is that of the train: 5 while it has
    not ended.
    """
    if watch and of_plan:
        raise click.UsageError("--watch and --plan exclude each other")
    settings = settings_of(invocation)
    servers = reach(settings, quiet=invocation.quiet)
    if of_plan:
        return _show_plan(*asyncio.run(_plan_of(servers, train)), as_json=as_json)
    view, plan = asyncio.run(_found(servers, train))
    if watch and view.record is None:
        try:
            with display_for(console(), plan, quiet=invocation.quiet or as_json) as display:
                view = follow_on(settings, servers, view.train, display)
        except KeyboardInterrupt:
            detached(console(sys.stderr), view.train)
            return Exit.WAITING
        plan = display.plan
    elif not as_json:
        print_view(console(), view, plan)
    if as_json:
        print_json(view)
    elif view.record is not None:
        print_record(console(), view.record, plan)
    return of_view(view)


def _show_plan(plan: Plan, assessment: Assessment | None, *, as_json: bool) -> int:
    if as_json:
        print_json(assessed(plan, assessment) if assessment else plan)
    else:
        print_plan(console(), plan, assessment)
    return Exit.OK


async def _plan_of(servers: Servers, train: str | None) -> tuple[Plan, Assessment | None]:
    async with connect(servers) as control:
        found = await control.resolve(train)
        plan = await control.plan_of(found)
        return plan, await control.assessment_of(found, plan)


async def _found(servers: Servers, train: str | None) -> tuple[TrainView, Plan | None]:
    async with connect(servers) as control:
        view = await control.explain(await control.resolve(train))
        return view, await plan_or_none(control, view)


@click.command()
@click.option("--limit", "-n", default=20, show_default=True, type=click.IntRange(1, 1000), help="At most so many.")
@json_option
@pass_invocation
def history(invocation: Invocation, limit: int, as_json: bool) -> int:
    """List past and present trains, newest first."""
    rows = asyncio.run(_history(reach(settings_of(invocation), quiet=invocation.quiet), limit))
    if as_json:
        print_json_list(rows)
    else:
        print_trains(console(), rows)
    return Exit.OK


async def _history(servers: Servers, limit: int) -> list[TrainRow]:
    async with connect(servers) as control:
        return await control.history(limit)
