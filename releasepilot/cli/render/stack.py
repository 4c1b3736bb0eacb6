"""The embedded servers and the findings of the doctor."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console
from rich.table import Table
from rich.text import Text

from releasepilot.cli.render.text import plain
from releasepilot.workers.doctor import Finding
from releasepilot.workers.folder import StackState


def stack_fields(state: StackState | None) -> dict[str, object]:
    """Return the documented fields of the embedded servers. The database's password is not one of them."""
    if state is None:
        return {"running": False}
    return {
        "running": True,
        "standing": state.standing.value,
        "pid": state.pid,
        "temporal_address": state.endpoints.temporal_address,
        "temporal_ui": state.endpoints.temporal_ui,
        "parts": [{"name": part.name, "pid": part.pid, "ready": part.ready} for part in state.parts],
    }


def print_stack(console: Console, state: StackState | None) -> None:
    """Print where the servers are."""
    if state is None:
        console.print("no servers run")
        return
    table = Table(box=None, show_header=False, padding=(0, 3, 0, 0), pad_edge=False)
    table.add_row("servers", plain(state.standing.value))
    table.add_row("Temporal", plain(state.endpoints.temporal_address))
    table.add_row("its pages", plain(state.endpoints.temporal_ui))
    for part in state.parts:
        table.add_row(plain(part.name), plain(f"process {part.pid}" if part.pid else "not running"))
    console.print(table)


def finding_fields(finding: Finding) -> dict[str, object]:
    """Return the documented fields of a finding."""
    return {"name": finding.name, "ok": finding.ok, "detail": finding.detail, "remedy": finding.remedy}


def print_findings(console: Console, findings: Iterable[Finding]) -> None:
    """Print one line a finding, and its remedy where something is missing."""
    for finding in findings:
        mark, style = ("ok", "green") if finding.ok else ("missing", "bold red")
        line = Text.assemble((f"{mark:<8}", style), plain(finding.name, "bold"), "  ", plain(finding.detail))
        console.print(line)
        if not finding.ok and finding.remedy:
            console.print(plain(f"        {finding.remedy}"))
