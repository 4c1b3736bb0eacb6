"""`releasepilot completion`, and what the shell is told of trains and components."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import click
from click.shell_completion import CompletionItem, get_completion_class

from releasepilot.cli.exits import Exit
from releasepilot.cli.render.text import clean
from releasepilot.errors import ReleasePilotError
from releasepilot.model.reading import read_catalog
from releasepilot.settings import Settings
from releasepilot.store.pool import open_pool
from releasepilot.store.read import Reader
from releasepilot.workers.local import stack_status

#: Trains that are offered.
_OFFERED = 50
#: Seconds after which a shell is not kept waiting.
_PATIENCE = 1.5


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(context: click.Context, shell: str) -> int:
    """Print the completion script of a shell.

    For bash, put this line into ~/.bashrc: eval "$(releasepilot completion bash)"
    """
    kind = get_completion_class(shell)
    if kind is None:
        raise click.UsageError(f"there is no completion for {shell}")
    script = kind(context.find_root().command, {}, "releasepilot", "_RELEASEPILOT_COMPLETE").source()
    sys.stdout.write(script + "\n")
    return Exit.OK


def complete_train(context: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Offer the trains that servers which run already know; none are started for this."""
    state_dir = context.find_root().params.get("state_dir")
    try:
        settings = Settings.load(os.environ, state_dir=Path(state_dir) if state_dir else None)
        known = asyncio.run(asyncio.wait_for(_trains(settings), _PATIENCE))
    except (ReleasePilotError, TimeoutError, OSError):
        return []
    return [CompletionItem(name, help=told) for name, told in known if name.startswith(incomplete)]


def _database(settings: Settings) -> str:
    """Return the URL of a database that runs, or an empty text."""
    if not settings.embedded:
        return settings.database_url
    state = stack_status(settings)
    return state.endpoints.database_url if state else ""


async def _trains(settings: Settings) -> list[tuple[str, str]]:
    """Return ids and outcomes of the latest trains, of servers that answer."""
    url = _database(settings)
    if not url:
        return []
    async with open_pool(url, max_size=1) as pool:
        rows = await Reader(pool).history(_OFFERED)
    return [(row.id, row.outcome.value if row.outcome else row.phase.value) for row in rows]


def complete_component(context: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Offer the components of the catalog."""
    path = Path(context.find_root().params.get("catalog") or "releasepilot.yaml")
    try:
        catalog = read_catalog(path.read_text(encoding="utf-8"), str(path)).catalog
    except (ReleasePilotError, OSError, UnicodeDecodeError):
        return []
    names = (clean(entry.name) for entry in catalog.components)
    return [CompletionItem(name) for name in names if name.startswith(incomplete)]
