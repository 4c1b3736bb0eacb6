"""What the demonstration tells beside the plan, the train and the record."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console
from rich.rule import Rule
from rich.text import Text

from releasepilot.cli.render.text import clean, plain


def print_chapter(console: Console, title: str) -> None:
    """Begin a part of the demonstration."""
    console.print()
    console.print(Rule(plain(title, "bold"), align="left", style="dim") if console.is_terminal else plain(f"# {title}"))


def print_remote(console: Console, name: str, *, log: str, tags: str, published: Iterable[str]) -> None:
    """Print what git says of a remote, and what the registry holds of it."""
    console.print(Text.assemble((clean(name), "bold"), "  tags ", clean(" ".join(tags.split()))))
    for line in log.splitlines():
        console.print(plain(f"  {line}"))
    console.print(plain(f"  registry: {', '.join(published) or 'nothing'}", "dim"))
