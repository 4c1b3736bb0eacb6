"""`releasepilot validate`: is the catalog right, without reaching for any repository."""

from __future__ import annotations

import json
import sys

import click

from releasepilot.cli.catalog_file import load, read
from releasepilot.cli.environment import settings_of
from releasepilot.cli.exits import Exit
from releasepilot.cli.invocation import Invocation, json_option, pass_invocation
from releasepilot.cli.render.text import console, plain
from releasepilot.model.agreements import doubts


@click.command()
@json_option
@pass_invocation
def validate(invocation: Invocation, as_json: bool) -> int:
    """Check the catalog: its keys, names, needs, gates, policies and the configuration of each step.

    All mistakes are told at once, with line and column. What can hold and is hardly meant is a warning, which changes
    no exit code. No repository is read; `releasepilot plan` does that.
    """
    settings = settings_of(invocation)
    catalog, registry = load(invocation, settings)
    warnings = read(invocation).told([*doubts(catalog), *registry.doubts(catalog)])
    if as_json:
        names = [entry.name for entry in catalog.components]
        fields = {"train": catalog.train, "components": names, "warnings": warnings}
        sys.stdout.write(json.dumps(fields, indent=2) + "\n")
    else:
        for warning in warnings:
            console(sys.stderr).print(plain(f"warning: {warning}", "yellow"))
        count = len(catalog.components)
        told = f"{invocation.catalog}: train {catalog.train}, {count} component{'s' if count > 1 else ''}, no mistakes"
        console().print(plain(told))
    return Exit.OK
