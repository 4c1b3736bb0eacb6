"""`releasepilot worker`: one process that takes steps from task queues."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import TypeVar

import click

from releasepilot.cli.environment import settings_of
from releasepilot.cli.exits import Exit
from releasepilot.cli.invocation import Invocation, pass_invocation
from releasepilot.cli.servers import reach
from releasepilot.control import Servers, dial
from releasepilot.model.limits import Limits, read_rates, read_slots
from releasepilot.model.step import Queue
from releasepilot.plugins.secrets.keeper import Secrets
from releasepilot.workers.ending import PATIENCE, Ending
from releasepilot.workers.pool import GRACE, Posting, work

_log = logging.getLogger("releasepilot.worker")
NumberT = TypeVar("NumberT", int, float)


@click.command()
@click.option(
    "--queue",
    "queues",
    type=click.Choice([*(queue.value for queue in Queue), "all"]),
    multiple=True,
    default=("all",),
    show_default=True,
    help="Which steps to take; may be given again.",
)
@click.option(
    "--slots",
    multiple=True,
    metavar="[QUEUE=]NUMBER",
    help="Steps side by side in this worker, on each queue or on one: --slots 16 --slots publish=4.  [default: 64]",
)
@click.option(
    "--rate",
    "rates",
    multiple=True,
    metavar="[QUEUE=]NUMBER",
    help="Steps that all workers of a queue begin in a second: --rate publish=2. Give all of them the same.",
)
@click.option(
    "--grace",
    type=click.IntRange(0, 3600),
    default=int(GRACE.total_seconds()),
    show_default=True,
    metavar="SECONDS",
    help="Told to end, let steps run on for so long; then they are cancelled.",
)
@pass_invocation
def worker(
    invocation: Invocation, queues: tuple[str, ...], slots: tuple[str, ...], rates: tuple[str, ...], grace: int
) -> int:
    """Take steps until interrupted, then finish what runs.

    Each queue needs other secrets and another reach into the network: git pushes, publish uploads, deploy asks
    and changes what runs, engine only talks to Temporal and the database. What does not end five seconds after the
    grace is left behind, and the process ends with 1; another worker takes it up.
    """
    settings = settings_of(invocation)
    chosen = tuple(Queue) if "all" in queues else tuple(Queue(name) for name in dict.fromkeys(queues))
    limits = Limits(
        slots=settings.limits.slots | _given("slots", read_slots, slots, chosen),
        rates=settings.limits.rates | _given("rate", read_rates, rates, chosen),
    )
    secrets = Secrets(settings.secrets)
    servers = reach(settings, quiet=True, service="releasepilot-worker", hide=secrets.hide)
    posting = Posting(
        database_url=servers.database_url,
        cache=settings.cache_dir,
        git_timeout=settings.git_timeout,
        queues=chosen,
        limits=limits,
        grace=timedelta(seconds=grace),
        build=settings.build,
        trust=settings.trust,
        secrets=secrets,
    )
    with Ending(posting.underway, grace + PATIENCE) as ending:
        asyncio.run(_work(servers, posting, ending))
    return Exit.OK


def _given(
    option: str,
    read: Callable[[Iterable[str]], dict[Queue, NumberT]],
    words: tuple[str, ...],
    chosen: tuple[Queue, ...],
) -> dict[Queue, NumberT]:
    """Read the words of an option; a usage error where one is wrong, or for a queue that is not taken."""
    try:
        limits = read(words)
    except ValueError as error:
        raise click.UsageError(f"--{option}: {error}") from None
    named = {word.partition("=")[0] for word in words if "=" in word}
    for queue in sorted(named.difference(chosen)):
        raise click.UsageError(f"--{option}: this worker does not take the queue {queue}: give --queue {queue}, too")
    return limits


async def _work(servers: Servers, posting: Posting, ending: Ending) -> None:
    until = asyncio.Event()
    loop = asyncio.get_running_loop()
    ending.pass_on(lambda: loop.call_soon_threadsafe(until.set))
    client = await dial(servers)
    names = ", ".join(queue.value for queue in posting.queues)
    await work(client, posting, until=until, ready=lambda: _log.info("taking steps of %s", names))
