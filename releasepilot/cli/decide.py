"""`releasepilot approve` and `reject`: one person's vote on the plan of a waiting train."""

from __future__ import annotations

import asyncio
import sys

import click

from releasepilot.cli.completion import complete_train
from releasepilot.cli.environment import settings_of
from releasepilot.cli.exits import Exit
from releasepilot.cli.invocation import Invocation, pass_invocation
from releasepilot.cli.render.record import print_changes
from releasepilot.cli.render.text import clean, console, plain
from releasepilot.cli.servers import reach
from releasepilot.control import Servers, connect
from releasepilot.model.gate import Decision
from releasepilot.model.train import TrainView

_train = click.argument("train", shell_complete=complete_train)
_comment = click.option("-m", "--comment", required=True, help="Why; kept in the record.")
_digest = click.option("--plan", "digest", default=None, help="Digest of the plan that you saw; refused if it changed.")


@click.command()
@_train
@_comment
@_digest
@pass_invocation
def approve(invocation: Invocation, train: str, comment: str, digest: str | None) -> int:
    """Approve the plan of a waiting train. Your account must hold one of the gate's roles.

    Of a plan that changed since the train began, the changes are shown and you are asked; without a terminal,
    --plan must name it.
    """
    return _vote(invocation, train, Decision.APPROVE, comment, digest)


@click.command()
@_train
@_comment
@_digest
@pass_invocation
def reject(invocation: Invocation, train: str, comment: str, digest: str | None) -> int:
    """Reject the plan of a waiting train; it ends without having done anything."""
    return _vote(invocation, train, Decision.REJECT, comment, digest)


def _vote(invocation: Invocation, train: str, decision: Decision, comment: str, digest: str | None) -> Exit:
    """Vote on the plan of that digest; where none is given, on the one that waits."""
    servers = reach(settings_of(invocation), quiet=invocation.quiet)
    view = asyncio.run(_view(servers, train))
    if decision is Decision.APPROVE and digest is None and view.changes:
        _look_first(view)
    # Even without --plan the vote is bound to what is shown here: a plan that changes meanwhile refuses it.
    voted = digest or view.plan_digest
    asyncio.run(_send(servers, view.train, decision, comment, voted))
    if not invocation.quiet:
        said = "approved" if decision is Decision.APPROVE else "rejected"
        watching = f"watch it with: releasepilot status {view.train} --watch"
        console().print(plain(f"{view.train}: {said} plan {voted}; {watching}"))
    return Exit.OK


def _look_first(view: TrainView) -> None:
    """Show what changed and ask; UsageError, with the command that says what was seen, where nobody can be asked."""
    if not sys.stdin.isatty():
        changed = "\n".join(f"  {clean(change)}" for change in view.changes)
        raise click.UsageError(
            f"the plan of {view.train} has changed since the train began, and --plan does not say that you saw it:\n"
            f"{changed}\n"
            f"hint: look at it with `releasepilot status {view.train} --plan`, then run "
            f"`releasepilot approve {view.train} --plan {view.plan_digest} --comment TEXT`"
        )
    print_changes(console(), view.changes, view.plan_digest)
    click.confirm("Approve it like that?", abort=True)


async def _view(servers: Servers, train: str) -> TrainView:
    async with connect(servers) as control:
        return await control.view(await control.resolve(train))


async def _send(servers: Servers, train: str, decision: Decision, comment: str, digest: str) -> None:
    async with connect(servers) as control:
        await control.decide(train, decision, comment, digest)
