"""Commands of a catalog: the words of one, or a script for `/bin/sh -c` where `shell` is true."""

from __future__ import annotations

from collections.abc import Iterable


def keep_scripts(data: object, *keys: str) -> object:
    """Leave scripts for a shell in one piece, before anything is validated: splitting would lose their quotes."""
    if not isinstance(data, dict) or data.get("shell") is not True:
        return data
    return {key: [value] if key in keys and isinstance(value, str) else value for key, value in data.items()}


def check_commands(commands: Iterable[tuple[str, ...] | None], *, shell: bool) -> None:
    """Raise ValueError where a command is empty, or has several words and a shell takes one script."""
    for command in commands:
        if command is None:
            continue
        if not command or not command[0] or any("\0" in word for word in command):
            raise ValueError("a command has at least one word and no NUL characters")
        if shell and len(command) != 1:
            raise ValueError("with `shell: true` each command is one text")
