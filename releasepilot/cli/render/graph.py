"""The dependency graph as text."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table
from rich.text import Text

from releasepilot.cli.render.text import clean, plain
from releasepilot.graph.view import GraphEdge, GraphView


def print_graph(console: Console, view: GraphView) -> None:
    """Print each component with its wave and what it needs, then the critical path and the blast radius."""
    waves = {name: number for number, wave in enumerate(view.waves, 1) for name in wave}
    table = Table(box=None, padding=(0, 3, 0, 0), header_style="dim", pad_edge=False)
    for title in ("wave", "component", "needs"):
        table.add_column(title, no_wrap=title != "needs")
    for name in view.components:
        needs = [_need(edge) for edge in view.edges if edge.dependent == name]
        style = "bold yellow" if name in (view.impact_of, *view.impact) else "bold"
        table.add_row(str(waves.get(name, "")), plain(name, style), plain(", ".join(needs), "dim"))
    console.print(table)
    if len(view.critical_path) > 1:
        console.print(Text.assemble(("critical path  ", "dim"), clean(" → ".join(view.critical_path))))
    if view.impact_of:
        reached = ", ".join(view.impact) or "nothing"
        count = f"{len(view.impact)} component{'' if len(view.impact) == 1 else 's'}"
        console.print(plain(f"A change of {view.impact_of} reaches {count}: {reached}"))
    for notice in view.notices:
        console.print(plain(f"note: {notice}", "yellow"))


def _need(edge: GraphEdge) -> str:
    """Name what is needed, with its range and what is special about it."""
    remarks = [edge.kind] if edge.kind != "runtime" else []
    remarks += ["order not followed"] if edge.cut else []
    told = f"{edge.dependency} {edge.constraint}".rstrip()
    return f"{told} ({', '.join(remarks)})" if remarks else told
