"""`releasepilot validate`: is the catalog right, without reaching for any repository."""

from __future__ import annotations

import json
import sys

import click

from releasepilot.cli.catalog_file import load
from releasepilot.cli.environment import settings_of
from releasepilot.cli.exits import Exit
from releasepilot.cli.invocation import Invocation, json_option, pass_invocation
from releasepilot.cli.render.text import console, plain


@click.command()
@json_option
@pass_invocation
def validate(invocation: Invocation, as_json: bool) -> int:
    """Check the catalog: its keys, names, needs, gates, policies and the configuration of each step.

    All mistakes are told at once, with line and column. No repository is read; `releasepilot plan` does that.
    """
    settings = settings_of(invocation)
    catalog, _ = load(invocation, settings)
    if as_json:
        fields = {"train": catalog.train, "components": [entry.name for entry in catalog.components]}
        sys.stdout.write(json.dumps(fields, indent=2) + "\n")
    else:
        count = len(catalog.components)
        told = f"{invocation.catalog}: train {catalog.train}, {count} component{'s' if count > 1 else ''}, no mistakes"
        console().print(plain(told))
    return Exit.OK
