"""What every command is told besides its own arguments."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import click


@dataclass(frozen=True, kw_only=True)
class Invocation:
    """The global options."""

    #: Folder of the embedded servers and the mirror cache; None means the user's own.
    state_dir: Path | None = None
    catalog: Path = Path("releasepilot.yaml")
    #: No progress and no hints on what comes next.
    quiet: bool = False
    #: Tracebacks of errors.
    verbose: bool = False


#: Hands the invocation to a command as its first argument.
pass_invocation = click.make_pass_decorator(Invocation)

#: The option of every command that reads.
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON with stable field names.")

#: The option of every command that steers a train.
reason_option = click.option("-m", "--comment", "reason", default="", help="Why; kept in the ledger.")

#: The option of every command that asks before it acts.
yes_option = click.option("--yes", "-y", is_flag=True, help="Do not ask.")
