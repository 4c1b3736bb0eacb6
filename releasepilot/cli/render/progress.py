"""Progress of what takes a while: on standard error, on a terminal only, and gone when it is done."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from releasepilot.cli.render.text import clean, console


@contextmanager
def counting(stream: TextIO, what: str, total: int, *, quiet: bool) -> Iterator[Callable[[str], None]]:
    """Yield what to call when one more of a number of things is done, with what to show beside."""
    with _counted(stream, what, total, quiet=quiet) as advance:
        yield lambda last: advance(1, last)


@contextmanager
def reading(stream: TextIO, total: int, *, quiet: bool) -> Iterator[Callable[[str, str], None]]:
    """Yield what to call with a component and what happens to it: `fetching`, `read` or `failed`."""
    with _counted(stream, "reading repositories", total, quiet=quiet) as advance:
        yield lambda component, state: advance(0 if state == "fetching" else 1, component)


@contextmanager
def _counted(stream: TextIO, what: str, total: int, *, quiet: bool) -> Iterator[Callable[[int, str], None]]:
    """Show a bar; yield what to call with how far it moves on, and with what to show beside it."""
    shown = stream.isatty() and not quiet
    columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[last]}"))
    with Progress(*columns, console=console(stream), transient=True, disable=not shown) as progress:
        task = progress.add_task("", total=total, last="")
        yield lambda by, last: progress.update(task, advance=by, last=clean(last))


@contextmanager
def waiting(stream: TextIO, what: str, *, quiet: bool) -> Iterator[Callable[[str], None]]:
    """Show that something is going on; what is yielded takes newer words for it."""
    target = console(stream)
    if quiet or not target.is_terminal:
        yield lambda _: None
        return
    with target.status(clean(what)) as shown:
        yield lambda text: shown.update(clean(text))
