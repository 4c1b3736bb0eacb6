"""`releasepilot graph`: who depends on whom, as text, a drawing, or the blast radius of one component."""

from __future__ import annotations

import asyncio
import sys

import click

from releasepilot.cli.completion import complete_component
from releasepilot.cli.environment import settings_of
from releasepilot.cli.exits import Exit
from releasepilot.cli.invocation import Invocation, json_option, pass_invocation
from releasepilot.cli.prepare import read_repositories
from releasepilot.cli.render.graph import print_graph
from releasepilot.cli.render.text import console, print_json
from releasepilot.graph.view import to_dot, to_mermaid, to_svg, view_of

_DRAWINGS = {"dot": to_dot, "mermaid": to_mermaid, "svg": to_svg}


@click.command()
@click.option("--format", "form", type=click.Choice(["text", *_DRAWINGS]), default="text", show_default=True)
@click.option("--impact", default="", shell_complete=complete_component, help="Also what depends on this component.")
@json_option
@pass_invocation
def graph(invocation: Invocation, form: str, impact: str, as_json: bool) -> int:
    """Draw who depends on whom, from the manifests of all repositories and the needs of the catalog."""
    settings = settings_of(invocation)
    catalog, _, snapshot = asyncio.run(read_repositories(invocation, settings))
    view = view_of(catalog, snapshot, impact)
    if as_json:
        print_json(view)
    elif form in _DRAWINGS:
        sys.stdout.write(_DRAWINGS[form](view).rstrip("\n") + "\n")
    else:
        print_graph(console(), view)
    return Exit.OK
