"""`releasepilot explain`: why a train does not move, and what lets it."""

from __future__ import annotations

import asyncio
from datetime import datetime

import click

from releasepilot.cli.completion import complete_train
from releasepilot.cli.environment import settings_of
from releasepilot.cli.exits import of_view
from releasepilot.cli.invocation import Invocation, json_option, pass_invocation
from releasepilot.cli.render.text import console, plain, print_json_list
from releasepilot.cli.servers import reach
from releasepilot.control import Servers, connect
from releasepilot.model.train import Condition, TrainView


@click.command()
@click.argument("train", required=False, shell_complete=complete_train)
@json_option
@pass_invocation
def explain(invocation: Invocation, train: str | None, as_json: bool) -> int:
    """Say what a train waits for: each unmet condition, who can clear it, how, and when it can clear by itself.

    Without TRAIN the one that was started last. The exit code is that of `status`.
    """
    view = asyncio.run(_view(reach(settings_of(invocation), quiet=invocation.quiet), train))
    if as_json:
        print_json_list(view.conditions)
    else:
        for line in lines(view):
            console().print(plain(line))
    return of_view(view)


async def _view(servers: Servers, train: str | None) -> TrainView:
    async with connect(servers) as control:
        return await control.explain(await control.resolve(train))


def lines(view: TrainView) -> list[str]:
    """Explain a train, some lines for each condition."""
    if view.record is not None:
        why = f": {view.record.cause}" if view.record.cause else ""
        return [f"nothing: {view.train} has ended as {view.record.outcome.value.replace('_', ' ')}{why}"]
    if not view.conditions:
        return [f"nothing: {view.train} runs" if not view.waiting_for else f"{view.train} waits: {view.waiting_for}"]
    return [line for condition in view.conditions for line in _told(condition)]


def _told(condition: Condition) -> list[str]:
    told = [condition.what]
    if condition.who:
        told.append(f"  can be cleared by: {', '.join(condition.who)}")
    if condition.command:
        told.append(f"  with: {condition.command}")
    if condition.since:
        told.append(f"  since: {_moment(condition.since)}")
    if condition.ends_at:
        told.append(f"  or the train ends: {_moment(condition.ends_at)}")
    told.append(f"  by itself: {_moment(condition.clears_at) if condition.clears_at else 'never'}")
    return told


def _moment(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"
