"""Read what stands beside the code: the `#:` comments of a class's fields and members, and docstrings."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Mapping

_MARK = "#:"


def comments_of(owner: type) -> dict[str, str]:
    """Return the comment above each field of a class and of its bases, as one line; fields without one are left out."""
    found: dict[str, str] = {}
    for one in reversed(inspect.getmro(owner)):
        if one.__module__.startswith("releasepilot."):
            found |= _of_class(one)
    return found


def _of_class(owner: type) -> Mapping[str, str]:
    text = textwrap.dedent(inspect.getsource(owner))
    lines = text.splitlines()
    body = ast.parse(text).body[0]
    return {
        name: comment
        for node in (body.body if isinstance(body, ast.ClassDef) else ())
        for name in _assigned(node)
        if (comment := _above(lines, node.lineno - 1))
    }


def _assigned(node: ast.stmt) -> list[str]:
    """Return the names that a statement gives a value or a type."""
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    return [target.id for target in targets if isinstance(target, ast.Name)]


def _above(lines: list[str], at: int) -> str:
    """Join the comment lines that end just above a line."""
    found: list[str] = []
    while at > 0 and lines[at - 1].strip().startswith(_MARK):
        at -= 1
        found.insert(0, lines[at].strip().removeprefix(_MARK).strip())
    return " ".join(found)


def told(owner: object) -> str:
    """Return the docstring without its indentation; empty where there is none."""
    return inspect.cleandoc(owner.__doc__ or "")


def sentence(owner: object) -> str:
    """Return the first paragraph of the docstring as one line."""
    return " ".join(told(owner).partition("\n\n")[0].split())
