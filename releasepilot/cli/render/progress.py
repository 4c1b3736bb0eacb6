"""Progress of what takes a while: on standard error, on a terminal only, and gone when it is done."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from releasepilot.cli.render.text import clean, console


@contextmanager
def reading(stream: TextIO, total: int, *, quiet: bool) -> Iterator[Callable[[str, str], None]]:
    """Yield what to call with a component and what happens to it: `fetching`, `read` or `failed`."""
    shown = stream.isatty() and not quiet
    columns = (TextColumn("reading repositories"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[last]}"))
    with Progress(*columns, console=console(stream), transient=True, disable=not shown) as progress:
        task = progress.add_task("", total=total, last="")

        def tell(component: str, state: str) -> None:
            progress.update(task, advance=0 if state == "fetching" else 1, last=clean(component))

        yield tell


@contextmanager
def waiting(stream: TextIO, what: str, *, quiet: bool) -> Iterator[Callable[[str], None]]:
    """Show that something is going on; what is yielded takes newer words for it."""
    target = console(stream)
    if quiet or not target.is_terminal:
        yield lambda _: None
        return
    with target.status(clean(what)) as shown:
        yield lambda text: shown.update(clean(text))
