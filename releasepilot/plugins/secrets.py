"""Secrets by reference: a catalog names where one stands, and only the call that needs it looks there.

A catalog is kept in the ledger and in histories, so a secret never stands in it. What is read here is given to one
request, is kept nowhere, and is in no message.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator

from releasepilot.errors import StepRefused

#: No credential is longer; a reference to some other file is a mistake.
_LONGEST = 64 * 1024
_REFERENCE = re.compile(r"env:[A-Za-z_][A-Za-z0-9_]{0,199}|file:/[^\x00-\x1f]{1,1000}")


def _reference(value: str) -> str:
    """Accept a reference, and repeat nothing else: it may be the secret itself."""
    if not _REFERENCE.fullmatch(value):
        raise ValueError("a secret is named and not written down: env:NAME, or file:/path for a file of the worker")
    return value


#: Where a secret stands on the worker: `env:NAME` or `file:/path`.
SecretRef = Annotated[str, AfterValidator(_reference)]


def secret_of(reference: str) -> str:
    """Return the secret that a reference names, without white space around it.

    StepRefused, which names the reference, where there is none: somebody has to put it there.
    """
    kind, _, where = reference.partition(":")
    found = os.environ.get(where, "") if kind == "env" else _in_file(Path(where), reference)
    if not found.strip() or len(found) > _LONGEST or re.search(r"[\r\n]", found.strip()):
        raise StepRefused(
            f"{reference} holds no secret of one line on this worker",
            hint="set it where the worker of this step's queue runs, and start that again",
        )
    return found.strip()


def _in_file(path: Path, reference: str) -> str:
    try:
        with path.open("rb") as file:
            return file.read(_LONGEST + 1).decode()
    except (OSError, UnicodeDecodeError) as error:
        raise StepRefused(
            f"{reference} cannot be read on this worker: {type(error).__name__}",
            hint="put the secret into that file, readable for the account of the worker",
        ) from None
