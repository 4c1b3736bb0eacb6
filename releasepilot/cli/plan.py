"""`releasepilot plan`: what would be released, without doing anything."""

from __future__ import annotations

import asyncio
import sys

import click

from releasepilot.cli.environment import settings_of
from releasepilot.cli.exits import Exit
from releasepilot.cli.invocation import Invocation, json_option, pass_invocation
from releasepilot.cli.prepare import branch_option, prepare
from releasepilot.cli.render.commits import print_commits_seen
from releasepilot.cli.render.plan import markdown, print_plan
from releasepilot.cli.render.text import console, print_json
from releasepilot.model.assessment import assessed


@click.command()
@json_option
@click.option("--markdown", "as_markdown", is_flag=True, help="Print Markdown, for a pull request or a ticket.")
@branch_option
@pass_invocation
def plan(invocation: Invocation, as_json: bool, as_markdown: bool, branch: str) -> int:
    """Show what would be released: versions, reasons, order, and what could not be taken back.

    Reads every repository and changes none. Ends with 5 where a rule of the catalog denies the plan.
    """
    if as_json and as_markdown:
        raise click.UsageError("--json and --markdown exclude each other")
    settings = settings_of(invocation)
    prepared = asyncio.run(prepare(invocation, settings, branch))
    assessment = prepared.assessed()
    if as_json:
        print_json(assessed(prepared.plan, assessment))
    elif as_markdown:
        sys.stdout.write(markdown(prepared.plan, assessment))
    else:
        print_plan(console(), prepared.plan, assessment)
        if not prepared.plan.releases:
            print_commits_seen(console(), prepared.request.catalog, prepared.snapshot)
    return Exit.WAITING if assessment.denied else Exit.OK
