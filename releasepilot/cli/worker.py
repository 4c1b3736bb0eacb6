"""`releasepilot worker`: one process that takes steps from task queues."""

from __future__ import annotations

import asyncio
import logging
import signal

import click

from releasepilot.cli.environment import settings_of
from releasepilot.cli.exits import Exit
from releasepilot.cli.invocation import Invocation, pass_invocation
from releasepilot.cli.servers import reach
from releasepilot.control import Servers, dial
from releasepilot.model.step import Queue
from releasepilot.plugins.secrets.keeper import Secrets
from releasepilot.settings import Settings
from releasepilot.workers.pool import Posting, work

_log = logging.getLogger("releasepilot.worker")


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
@click.option("--slots", type=click.IntRange(1, 1000), default=64, show_default=True, help="Steps side by side.")
@pass_invocation
def worker(invocation: Invocation, queues: tuple[str, ...], slots: int) -> int:
    """Take steps until interrupted, then finish what runs.

    Each queue needs other secrets and another reach into the network: git pushes, publish uploads, deploy asks
    and changes what runs, engine only talks to Temporal and the database.
    """
    settings = settings_of(invocation)
    chosen = tuple(Queue) if "all" in queues else tuple(Queue(name) for name in dict.fromkeys(queues))
    secrets = Secrets(settings.secrets)
    servers = reach(settings, quiet=True, service="releasepilot-worker", hide=secrets.hide)
    asyncio.run(_work(settings, servers, secrets, chosen, slots))
    return Exit.OK


async def _work(settings: Settings, servers: Servers, secrets: Secrets, queues: tuple[Queue, ...], slots: int) -> None:
    until = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, until.set)
    posting = Posting(
        database_url=servers.database_url,
        cache=settings.cache_dir,
        git_timeout=settings.git_timeout,
        queues=queues,
        slots=slots,
        trust=settings.trust,
        secrets=secrets,
    )
    client = await dial(servers)
    names = ", ".join(queue.value for queue in queues)
    await work(client, posting, until=until, ready=lambda: _log.info("taking steps of %s", names))
