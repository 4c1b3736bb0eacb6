"""What is thought of a plan, for people: the risk with its factors, and what rules have against it."""

from __future__ import annotations

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from releasepilot.cli.render.text import plain
from releasepilot.governance.rules import told
from releasepilot.model.assessment import Assessment
from releasepilot.model.risk import Risk, RiskLevel
from releasepilot.model.rule import RuleOutcome

#: Verdicts of one kind that are shown; `--json` has them all.
SHOWN = 20

_STYLES = {RiskLevel.LOW: "green", RiskLevel.MEDIUM: "yellow", RiskLevel.HIGH: "red"}
_WORDS = ((RuleOutcome.DENY, "denied", "red"), (RuleOutcome.WARN, "warning", "yellow"))


def print_assessment(console: Console, assessment: Assessment) -> None:
    """Print the risk and what rules deny or warn of; of rules that pass, that they do."""
    _print_risk(console, assessment.risk)
    said = said_by_rules(assessment)
    for word, what, style in said:
        console.print(plain(f"{word}: {what}", style))
    if assessment.after_votes:
        console.print(plain(f"asked after the votes: {', '.join(assessment.after_votes)}", "dim"))
    if assessment.in_train:
        console.print(plain(f"asked by the train: {', '.join(assessment.in_train)}", "dim"))
    if assessment.verdicts and not said:
        count = len({verdict.rule for verdict in assessment.verdicts})
        console.print(plain(f"{count} rule{'s' if count > 1 else ''}, none against it", "green"))


def said_by_rules(assessment: Assessment) -> list[tuple[str, str, str]]:
    """Return the denials, then the warnings: a word, what is said, and its style."""
    rows = []
    for outcome, word, style in _WORDS:
        found = [told(verdict) for verdict in assessment.verdicts if verdict.outcome is outcome]
        rows += [(word, what, style) for what in found[:SHOWN]]
        if len(found) > SHOWN:
            rows.append((word, f"and {len(found) - SHOWN} more", style))
    return rows


def _print_risk(console: Console, risk: Risk) -> None:
    """Print the risk, then the factors that raise it, the strongest first."""
    console.print(Text.assemble("Risk: ", (risk.level.value, _STYLES[risk.level]), f", {risk.score} of 100"))
    raising = sorted((one for one in risk.factors if one.score > 1), key=lambda one: -one.weight * (one.score - 1))
    if not raising:
        return
    table = Table(box=None, show_header=False, padding=(0, 3, 0, 0), pad_edge=False)
    table.add_column(no_wrap=True, style="dim")
    table.add_column(no_wrap=True)
    table.add_column()
    for one in raising:
        table.add_row(one.name, f"{one.score} of 5", plain(one.explanation))
    console.print(Padding(table, (0, 0, 0, 2)))
