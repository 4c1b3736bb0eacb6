"""Workflow code takes the same turns in every replay: what could differ is not written there."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import releasepilot.workflows

FOLDER = Path(releasepilot.workflows.__file__).parent
BANNED = {
    "asyncio.TaskGroup": "it cancels by iterating a set",
    "asyncio.wait": "it returns sets",
    "asyncio.as_completed": "it iterates a set",
    "asyncio.to_thread": "threads are not replayed",
    "datetime.now": "a clock",
    "datetime.utcnow": "a clock",
    "date.today": "a clock",
    "time.time": "a clock",
    "time.monotonic": "a clock",
    "uuid.uuid4": "chance",
    "random.random": "chance",
    "os.environ": "the environment",
}
SETS = {"set", "frozenset"}


def offences(source: str) -> Iterator[str]:
    """Yield what a replay could do differently."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute) and ast.unparse(node) in BANNED:
            yield f"line {node.lineno}: {ast.unparse(node)}: {BANNED[ast.unparse(node)]}"
        if isinstance(node, ast.Name) and node.id == "open":
            yield f"line {node.lineno}: open: I/O"
        iterated = node.iter if isinstance(node, ast.For | ast.comprehension) else None
        if isinstance(iterated, ast.Set | ast.SetComp):
            yield f"line {iterated.lineno}: iteration over a set"
        if isinstance(iterated, ast.Call) and ast.unparse(iterated.func) in SETS:
            yield f"line {iterated.lineno}: iteration over a set"


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.py")), ids=lambda path: path.name)
def test_workflow_modules_hold_nothing_that_a_replay_could_do_differently(path: Path) -> None:
    """No clock, no chance, no I/O, no iteration over sets."""
    assert list(offences(path.read_text())) == []


@pytest.mark.parametrize(
    "line",
    ["async with asyncio.TaskGroup() as g: pass", "for x in {1, 2}: pass", "[x for x in set(y)]", "datetime.now()"],
)
def test_the_rule_finds_what_it_forbids(line: str) -> None:
    """A rule that cannot fail would prove nothing."""
    source = f"async def f():\n    {line}\n" if "async" in line else line
    assert list(offences(source))
