"""`releasepilot up`, `down` and `doctor`: the embedded servers, and what this machine lacks."""

from __future__ import annotations

import errno
import json
import os
import stat
import sys
from pathlib import Path

import click

from releasepilot.cli.environment import settings_of
from releasepilot.cli.exits import Exit
from releasepilot.cli.invocation import Invocation, json_option, pass_invocation
from releasepilot.cli.render.progress import waiting
from releasepilot.cli.render.stack import finding_fields, print_findings, print_stack, stack_fields
from releasepilot.cli.render.text import console, plain
from releasepilot.cli.servers import reach
from releasepilot.errors import StackError
from releasepilot.workers.doctor import diagnose
from releasepilot.workers.local import stack_status, stop_stack


@click.command()
@json_option
@pass_invocation
def up(invocation: Invocation, as_json: bool) -> int:
    """Start the embedded servers and show where they are. Other commands do this by themselves."""
    settings = settings_of(invocation)
    if not settings.embedded:
        raise click.UsageError("RELEASEPILOT_DATABASE_URL is set, so the embedded servers are not used")
    reach(settings, quiet=invocation.quiet)
    state = stack_status(settings)
    if as_json:
        sys.stdout.write(json.dumps(stack_fields(state), indent=2) + "\n")
    else:
        print_stack(console(), state)
    return Exit.OK


@click.command()
@pass_invocation
def down(invocation: Invocation) -> int:
    """Stop the embedded servers. Trains keep their state and go on when the servers run again."""
    settings = settings_of(invocation)
    _refuse_unusable(settings.state_dir)
    with waiting(sys.stderr, "stopping the servers", quiet=invocation.quiet):
        ran = stop_stack(settings)
    if not invocation.quiet:
        console().print(plain("stopped" if ran else f"no servers run for {settings.state_dir}"))
    return Exit.OK


def _refuse_unusable(folder: Path) -> None:
    """Raise StackError for a state folder of which nobody can say whether servers run for it."""
    try:
        cause = "" if stat.S_ISDIR(folder.stat().st_mode) else os.strerror(errno.ENOTDIR)
        if not cause and not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
            cause = os.strerror(errno.EACCES)
    except FileNotFoundError:
        return
    except OSError as error:
        cause = error.strerror or str(error)
    if cause:
        raise StackError(
            f"the state folder {folder} cannot be used: {cause}",
            hint="choose another one with --state-dir or RELEASEPILOT_STATE_DIR",
        )


@click.command()
@json_option
@pass_invocation
def doctor(invocation: Invocation, as_json: bool) -> int:
    """Find out what is missing on this machine, with a remedy for each finding. Exit code 1 where something is."""
    findings = diagnose(settings_of(invocation))
    if as_json:
        sys.stdout.write(json.dumps([finding_fields(finding) for finding in findings], indent=2) + "\n")
    else:
        print_findings(console(), findings)
    return Exit.OK if all(finding.ok for finding in findings) else Exit.FAILED
