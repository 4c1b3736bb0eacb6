"""`errors.md`: the tree of errors with their stable codes, and which modules raise each of them."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator
from pathlib import Path

import releasepilot
from docs.pages.comments import sentence, told
from docs.pages.markdown import code, document, table
from releasepilot import errors
from releasepilot.errors import ReleasePilotError

_DRAWN = re.compile(r"^[ │├└─]*(?P<name>\w+) +(?P<code>RP\d{3})  (?P<meaning>.*)$", re.MULTILINE)
_RETRYABLE = re.compile(r"\s*\(?retryable(?:: no)?\)?$")


_SHOWN = """
Every error that ReleasePilot raises on purpose has a stable code, a message that names the thing and the cause, and
where there is one a remedy. The command line prints `error[RP201] payments: ...` and `hint: ...`; with `--json` it
prints an object with the keys `code`, `message`, `hint` and `component`. The record of a train and its events carry
the same codes. An error that nobody foresaw is shown with `RP000` and says that it is a bug.
"""

_AGAIN = """
**Tried again** says whether the same call can succeed later without anybody acting. A step with an error that says no
fails at its first attempt; one that says yes is tried as often as its `attempts` allow. `RP600` says no because a
command that cannot reach a server ends; a train that runs waits for the database to come back.
"""


def all_errors() -> list[type[ReleasePilotError]]:
    """Return every error class of the tree, in the order of the module."""
    members = [one for one in vars(errors).values() if inspect.isclass(one) and issubclass(one, ReleasePilotError)]
    return sorted(members, key=lambda one: one.code)


def page() -> str:
    """Write the page."""
    tree, _, rest = told(errors).partition("\n\n")[2].partition("\n\n")
    raised = _raisers()
    rows = (
        (
            code(one.code),
            code(one.__name__),
            _meaning(one),
            "yes" if one.retryable else "no",
            ", ".join(code(module) for module in raised.get(one.__name__, ())) or "its kinds alone",
        )
        for one in all_errors()
    )
    return document(
        "Errors",
        "`releasepilot/errors.py`",
        [
            _SHOWN,
            f"```text\n{inspect.cleandoc(tree)}\n```",
            " ".join(rest.split()),
            _AGAIN,
            table(("code", "class", "meaning", "tried again", "raised in"), rows),
        ],
    )


def _meaning(one: type[ReleasePilotError]) -> str:
    """Return what the tree says of a class, or its docstring where the tree says nothing."""
    drawn = {found["name"]: _RETRYABLE.sub("", found["meaning"]) for found in _DRAWN.finditer(told(errors))}
    return drawn.get(one.__name__) or sentence(one)


def _raisers() -> dict[str, list[str]]:
    """Return error class to the modules that build one, by their paths without the package's name."""
    package = Path(releasepilot.__file__).parent
    found: dict[str, list[str]] = {}
    for path in sorted(package.rglob("*.py")):
        module = ".".join(path.relative_to(package).with_suffix("").parts)
        for name in dict.fromkeys(_called(ast.parse(path.read_text(encoding="utf-8")))):
            found.setdefault(name, []).append(module)
    return found


def _called(tree: ast.AST) -> Iterator[str]:
    """Give the names that are called anywhere in a module."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            yield node.func.id
