"""Rules and the results of their tests, for people."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from releasepilot.cli.render.text import plain
from releasepilot.model.rule import Rule, RuleTestResult

_NONE = "the catalog has no rules"


def print_rules(console: Console, rules: Sequence[Rule]) -> None:
    """Print one line for each rule."""
    if not rules:
        console.print(plain(_NONE))
        return
    table = Table(box=None, padding=(0, 3, 0, 0), header_style="dim", pad_edge=False)
    for title in ("rule", "effect", "owner", "message"):
        table.add_column(title, no_wrap=title != "message")
    for rule in rules:
        table.add_row(plain(rule.id, "bold"), rule.effect.value, plain(rule.owner), plain(rule.message))
    console.print(table)


def print_results(console: Console, results: Sequence[RuleTestResult]) -> None:
    """Print one line for each test, and how many passed."""
    if not results:
        console.print(plain(_NONE))
        return
    for result in results:
        told = "passes" if result.passed else f"fails: {result.reason}"
        console.print(plain(f"{result.rule}, test {result.number}: {told}", "" if result.passed else "red"))
    passed = sum(1 for result in results if result.passed)
    console.print(plain(f"{passed} of {len(results)} tests pass", "green" if passed == len(results) else "red"))
