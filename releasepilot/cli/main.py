"""The `releasepilot` command: a group that knows its commands by name and imports one when it is invoked."""

from __future__ import annotations

import gc
import os
import sys
from contextlib import suppress
from importlib import import_module
from io import TextIOWrapper
from pathlib import Path
from typing import NoReturn

import click

from releasepilot import __version__
from releasepilot.cli.invocation import Invocation

#: Command to the module and attribute that hold it, and its line in the help.
COMMANDS: dict[str, tuple[str, str]] = {
    "validate": ("validate:validate", "Check the catalog."),
    "plan": ("plan:plan", "Show what would be released, in which order and why."),
    "next": ("next_version:next_version", "Print the next versions, for scripts."),
    "changelog": ("changelog:changelog", "Print the changelog of what would be, or was, released."),
    "release": ("release:release", "Plan, confirm, release and watch."),
    "status": ("status:status", "Show where a train stands."),
    "explain": ("explain:explain", "Say what a train waits for, and who can clear it."),
    "approve": ("decide:approve", "Approve the plan of a waiting train."),
    "reject": ("decide:reject", "Reject the plan of a waiting train."),
    "override": ("emergency:override", "Let a train past gates or windows in an emergency."),
    "review": ("emergency:review", "Write down what happened in an emergency."),
    "pause": ("steer:pause", "Start no further step of a train."),
    "resume": ("steer:resume", "Let a paused train go on."),
    "abort": ("steer:abort", "Stop a train and undo what it did."),
    "rollback": ("rollback:rollback", "Undo a train, also after it has ended."),
    "history": ("status:history", "List past and present trains, newest first."),
    "events": ("events:events", "Tell what happened to a train, and what was refused."),
    "windows": ("windows:windows", "Show when components may be released, and when not."),
    "rules": ("rules:rules", "Test and list the rules of the catalog."),
    "when": ("when:when", "Say when the plan could be carried out."),
    "simulate": ("simulate:simulate", "Show how the train can end when things go wrong."),
    "schedule": ("schedule:schedule", "Have trains begin by themselves."),
    "graph": ("graph:graph", "Draw who depends on whom."),
    "up": ("stack:up", "Start the embedded servers."),
    "down": ("stack:down", "Stop the embedded servers."),
    "doctor": ("stack:doctor", "Find out what is missing on this machine."),
    "worker": ("worker:worker", "Run a worker until it is interrupted."),
    "serve": ("serve:serve", "Take word of change systems and answer questions by HTTP."),
    "codec-server": ("codec_server:codec_server", "Let Temporal's pages show what is encrypted."),
    "schema": ("schema:schema", "Print the JSON Schema of the catalog."),
    "completion": ("completion:completion", "Print the completion script of a shell."),
    "demo": ("demo.command:demo", "Release six small repositories made on the spot."),
}


class LazyGroup(click.Group):
    """A group whose commands are names and help lines until one of them is invoked."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Import the command that was asked for."""
        name, command, rest = super().resolve_command(ctx, args)
        return name, load(name) if name else command, rest


def load(name: str) -> click.Command:
    """Import a command; KeyError where there is none of that name."""
    module, _, attribute = COMMANDS[name][0].partition(":")
    command: click.Command = getattr(import_module(f"releasepilot.cli.{module}"), attribute)
    return command


@click.group(
    cls=LazyGroup,
    commands={name: click.Command(name, help=line) for name, (_, line) in COMMANDS.items()},
    epilog="Exit codes: 0 done, 1 failed, 2 wrong usage, 3 rolled back, 4 rejected, "
    "5 blocked, waiting or still running, 6 something stays that somebody must look at.",
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(__version__, prog_name="releasepilot", message="%(prog)s %(version)s")
@click.option(
    "--state-dir",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder of the embedded servers and the mirror cache.",
)
@click.option(
    "-C",
    "--catalog",
    type=click.Path(path_type=Path),
    default=Path("releasepilot.yaml"),
    show_default=True,
    help="The catalog to read.",
)
@click.option("-q", "--quiet", is_flag=True, help="Print results and errors, no progress.")
@click.option("--verbose", is_flag=True, help="Show where an error was raised.")
@click.pass_context
def cli(ctx: click.Context, state_dir: Path | None, catalog: Path, quiet: bool, verbose: bool) -> None:
    """Release many repositories as one transaction: all of them, or back to where they were."""
    ctx.obj = Invocation(state_dir=state_dir, catalog=catalog, quiet=quiet, verbose=verbose)


def main(arguments: list[str] | None = None) -> NoReturn:
    """Run one command and leave the process with its exit code."""
    words = sys.argv[1:] if arguments is None else arguments
    spare_collector()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            # A terminal that has no arrow shows a question mark, which is better than no plan at all.
            stream.reconfigure(errors="replace")
    try:
        code = cli.main(args=words, prog_name="releasepilot", standalone_mode=False)
    except Exception as error:  # noqa: BLE001 every error of every command ends here, once
        # Looked up late, because only a failure needs more than click.
        code = import_module("releasepilot.cli.failure").report(error, words)
    _leave(int(code) if isinstance(code, int) else 0)


def spare_collector() -> None:
    """Let Python look for circles of garbage less often.

    A snapshot makes hundreds of thousands of values that live until the plan is made, none of them in a circle. With
    Python's own thresholds they are looked at again and again, which takes a quarter of the time of planning.
    """
    gc.set_threshold(50_000, 20, 50)


def _leave(code: int) -> NoReturn:
    """End the process.

    The threads of Temporal's runtime may still call into an interpreter that is being taken down, which aborts it
    (exit code 134). So where that runtime was loaded, nothing is taken down; all that had to be closed is closed.
    """
    if "temporalio" not in sys.modules:
        sys.exit(code)
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
    os._exit(code)


if __name__ == "__main__":
    main()
