"""`releasepilot next`: the versions that would be released, and nothing else, for scripts."""

from __future__ import annotations

import asyncio
import json

import click

from releasepilot.cli.completion import complete_component
from releasepilot.cli.environment import settings_of
from releasepilot.cli.exits import Exit
from releasepilot.cli.invocation import Invocation, json_option, pass_invocation
from releasepilot.cli.prepare import branch_option, entry_of, prepare


@click.command(name="next")
@click.argument("component", default="", shell_complete=complete_component)
@json_option
@branch_option
@pass_invocation
def next_version(invocation: Invocation, component: str, as_json: bool, branch: str) -> int:
    """Print the next version of each component that would be released, or of the one that is named.

    A component that would not be released is not printed.
    """
    prepared = asyncio.run(prepare(invocation, settings_of(invocation), branch))
    if component:
        entry_of(prepared.request.catalog, component)
    versions = {one.component: one.to_version for one in prepared.plan.releases if component in {"", one.component}}
    if as_json:
        click.echo(json.dumps(versions, indent=2))
    elif component:
        for version in versions.values():
            click.echo(version)
    else:
        for name, version in versions.items():
            click.echo(f"{name} {version}")
    return Exit.OK
