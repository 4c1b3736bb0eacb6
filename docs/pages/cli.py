"""`cli.md`: every command with its arguments and options, from the commands themselves."""

from __future__ import annotations

import inspect

import click

from docs.pages.markdown import anchor, code, document, prose, table
from releasepilot.cli.main import COMMANDS, cli, load

_GROUP = """
Options of the group stand before the command: `releasepilot -C other.yaml plan`. `--help` works everywhere. What a
command ends with is told under [exit codes](exit-codes.md), what it reads from the environment under
[settings](settings.md).
"""


def page() -> str:
    """Write the page."""
    root = click.Context(cli, info_name="releasepilot")
    listed = table(
        ("command", ""),
        ((f"[{code(name)}](#{anchor(f'releasepilot {name}')})", line) for name, (_, line) in COMMANDS.items()),
    )
    parts = [
        prose(inspect.cleandoc(cli.help or "")),
        _GROUP,
        _options(cli, root),
        "## Commands",
        listed,
    ]
    for name in COMMANDS:
        parts += _section(load(name), name, root)
    return document("Command line", "the commands in `releasepilot/cli`", parts)


def _section(command: click.Command, name: str, parent: click.Context) -> list[str]:
    """Describe a command, and those of a group below it."""
    context = click.Context(command, info_name=name, parent=parent)
    usage = " ".join([context.command_path, *command.collect_usage_pieces(context)])
    parts = [
        f"## {context.command_path}",
        f"```text\n{usage}\n```",
        prose(inspect.cleandoc(command.help or "")),
        _options(command, context),
    ]
    for below, member in command.commands.items() if isinstance(command, click.Group) else ():
        parts += [part.replace("## ", "### ", 1) for part in _section(member, below, context)]
    return parts


def _options(command: click.Command, context: click.Context) -> str:
    """Describe the options; `--help` is everywhere."""
    options = [one for one in command.get_params(context) if isinstance(one, click.Option) and "--help" not in one.opts]
    return table(("option", "default", "meaning"), (_option(one, context) for one in options))


def _option(option: click.Option, context: click.Context) -> tuple[str, str, str]:
    names = ", ".join([*option.opts, *option.secondary_opts])
    kind = "INTEGER" if isinstance(option.type, click.IntRange) else option.make_metavar(context)
    value = "" if option.is_flag else f" {kind}"
    shown = option.default if option.show_default else None
    default = ", ".join(map(str, shown)) if isinstance(shown, tuple) else "" if shown is None else str(shown)
    return code(f"{names}{value}"), code(default), option.help or ""
