"""`releasepilot release`: plan, confirm, start, watch."""

from __future__ import annotations

import asyncio
import sys
import time
from contextlib import suppress

import click

from releasepilot.cli.environment import settings_of
from releasepilot.cli.exits import Exit, of_view
from releasepilot.cli.invocation import Invocation, pass_invocation, yes_option
from releasepilot.cli.prepare import Prepared, branch_option, prepare, urgency_option
from releasepilot.cli.render.commits import print_commits_seen
from releasepilot.cli.render.plan import print_plan
from releasepilot.cli.render.record import print_changes, print_record
from releasepilot.cli.render.text import console, plain
from releasepilot.cli.render.train import display_for
from releasepilot.cli.servers import reach
from releasepilot.cli.watching import asks_again, detached, watch
from releasepilot.control import Servers, connect
from releasepilot.errors import TrainUnknown
from releasepilot.governance.rules import refuse_denied
from releasepilot.model.gate import Decision
from releasepilot.model.plan import Plan, differences
from releasepilot.model.train import Request, TrainView
from releasepilot.model.urgency import Urgency
from releasepilot.settings import Settings


@click.command()
@yes_option
@click.option("--detach", "-d", is_flag=True, help="Start it and do not watch.")
@branch_option
@urgency_option
@pass_invocation
def release(invocation: Invocation, yes: bool, detach: bool, branch: str, urgency: Urgency) -> int:
    """Plan, show the plan, ask, release and watch.

    Leaving with Ctrl-C stops the watching, not the train. If a repository moves after you confirmed, the train
    waits and asks again. A plan that a rule of the catalog denies is not started, and ends with 5.
    """
    ask_is_possible(yes=yes)
    settings = settings_of(invocation)
    prepared = asyncio.run(prepare(invocation, settings, branch, urgency=urgency))
    assessment = prepared.assessed()
    print_plan(console(), prepared.plan, assessment)
    if not prepared.plan.releases:
        print_commits_seen(console(), prepared.request.catalog, prepared.snapshot)
        return Exit.OK
    refuse_denied(assessment.verdicts)
    if not yes:
        click.confirm("Release this?", abort=True)
    servers = reach(settings, quiet=invocation.quiet)
    if detach:
        train = asyncio.run(_start(servers, prepared.confirmed(), patience=_KNOWN_WITHIN))
        console().print(plain(f"{train} is started; watch it with: releasepilot status {train} --watch"))
        return Exit.OK
    return run_train(settings, servers, prepared, yes=yes, quiet=invocation.quiet)


def ask_is_possible(*, yes: bool) -> None:
    """Refuse at once, with exit code 2, where a question would come and nobody could answer."""
    if not yes and not sys.stdin.isatty():
        raise click.UsageError("standard input is no terminal, so nobody can confirm: give --yes")


def run_train(settings: Settings, servers: Servers, prepared: Prepared, *, yes: bool, quiet: bool) -> int:
    """Start a confirmed train, follow it to its end and print the record; return the exit code.

    Where gates are declared, those who may vote judge a changed plan; where none are, the requester is asked.
    ServersLost where the servers go away for good meanwhile.
    """
    train, plan = prepared.confirmed().train, prepared.plan
    confirmed = plan
    stop_at = "" if prepared.request.catalog.gates else plan.digest
    try:
        train = asyncio.run(_start(servers, prepared.confirmed()))
        view, plan = _shown(settings, servers, train, plan, quiet=quiet, confirmed=stop_at)
        while stop_at and asks_again(view, stop_at):
            print_changes(console(), differences(confirmed, plan), plan.digest)
            if yes or not click.confirm("Release it like that?"):
                console().print(plain(_GO_ON.format(train=train, digest=plan.digest)))
                return Exit.WAITING
            confirmed, stop_at = plan, plan.digest
            asyncio.run(_confirm(servers, train, stop_at))
            view, plan = _shown(settings, servers, train, plan, quiet=quiet, confirmed=stop_at)
    except KeyboardInterrupt:
        detached(console(sys.stderr), train)
        return Exit.WAITING
    if view.record is not None:
        print_record(console(), view.record, plan)
    return of_view(view)


#: Seconds in which a worker that runs has opened a new train in the ledger.
_KNOWN_WITHIN = 10.0
#: Seconds between two looks for it.
_LOOK = 0.1

_GO_ON = """{train} waits. Look at it: releasepilot status {train}
Go on with the new plan: releasepilot approve {train} --plan {digest} --comment TEXT
Or end it: releasepilot abort {train}"""


async def _start(servers: Servers, request: Request, *, patience: float = 0.0) -> str:
    """Start the train, and wait so many seconds at most until other commands can find it."""
    async with connect(servers) as control:
        train = await control.start(request)
        until = time.monotonic() + patience
        while time.monotonic() < until:
            with suppress(TrainUnknown):
                return await control.resolve(train)
            await asyncio.sleep(_LOOK)
        return train


def _shown(
    settings: Settings, servers: Servers, train: str, plan: Plan, *, quiet: bool, confirmed: str
) -> tuple[TrainView, Plan]:
    """Watch the train, and return its last view with the plan that it then has."""
    with display_for(console(), plan, quiet=quiet, seen=plan.digest) as display:
        view = watch(settings, servers, train, display, confirmed=confirmed)
    return view, display.plan or plan


async def _confirm(servers: Servers, train: str, digest: str) -> None:
    async with connect(servers) as control:
        await control.decide(train, Decision.APPROVE, "confirmed again", digest)
