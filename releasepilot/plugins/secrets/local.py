"""Secrets of the worker's own machine: variables of its environment, and files."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

from releasepilot.errors import SecretRefused
from releasepilot.plugins.secrets.reference import Reference

#: No credential is longer; a reference to some other file is a mistake.
LONGEST = 64 * 1024


class Environment:
    """`env:NAME`: a variable of the process."""

    async def read(self, reference: Reference) -> str:
        """Return the variable, empty where it is not set."""
        return os.environ.get(reference.where, "")


class Files:
    """`file:/path`: a file that the worker's account can read."""

    async def read(self, reference: Reference) -> str:
        """Return the file's text, or a little more than the longest secret of it."""
        return await asyncio.to_thread(_text, reference)


def _text(reference: Reference) -> str:
    try:
        with Path(reference.where).open("rb") as file:
            return file.read(LONGEST + 1).decode()
    except (OSError, UnicodeDecodeError) as error:
        raise SecretRefused(
            f"{reference.text} cannot be read on this worker: {type(error).__name__}",
            hint="put the secret into that file, readable for the account of the worker",
        ) from None
