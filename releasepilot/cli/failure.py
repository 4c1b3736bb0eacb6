"""Turn any error into two lines that a person can act on, or into JSON."""

from __future__ import annotations

import json
import sys
import traceback
from collections.abc import Sequence

import click

from releasepilot.cli.exits import Exit, of_error
from releasepilot.cli.render.text import clean, clean_lines
from releasepilot.errors import ReleasePilotError


def report(error: Exception, words: Sequence[str]) -> Exit:
    """Print the error and return its exit code. `words` is the command line, searched for `--json` and `--verbose`.

    An error that ReleasePilot did not foresee is a bug, and says so.
    """
    if isinstance(error, click.exceptions.Exit):
        return Exit(error.exit_code)
    if isinstance(error, click.Abort):
        click.echo("interrupted", err=True)
        return Exit.FAILED
    if "--verbose" in words and not isinstance(error, click.ClickException):
        traceback.print_exception(error, file=sys.stderr)
    found = _explained(error)
    if "--json" in words:
        click.echo(json.dumps(found.fields()), err=True)
    elif isinstance(error, click.ClickException):
        error.show()
    else:
        click.echo(found.text(), err=True)
    return found.exit_code


class _Explained:
    """An error as the command line tells it."""

    def __init__(self, error: dict[str, str], exit_code: Exit) -> None:
        self._error = error
        self.exit_code = exit_code

    def fields(self) -> dict[str, str]:
        """Return the documented fields of `--json`."""
        return self._error

    def text(self) -> str:
        """`error[RP201] payments: ...` and `hint: ...`."""
        code, message, hint, component = (self._error[name] for name in ("code", "message", "hint", "component"))
        where = f"{clean(component)}: " if component else ""
        told = f"error[{code}] {where}{clean_lines(message)}"
        return f"{told}\nhint: {clean_lines(hint)}" if hint else told


def _explained(error: Exception) -> _Explained:
    """Find code, message, hint and exit code of any error."""
    if isinstance(error, ReleasePilotError):
        return _Explained(error.fields(), of_error(error))
    if isinstance(error, click.ClickException):
        usage = {"code": "usage", "message": error.format_message(), "hint": "", "component": ""}
        return _Explained(usage, Exit(error.exit_code))
    unforeseen = ReleasePilotError(
        f"{type(error).__name__}: {error}",
        hint="this is a bug in ReleasePilot: run the command again with --verbose and report what it prints",
    )
    return _Explained(unforeseen.fields(), Exit.FAILED)
