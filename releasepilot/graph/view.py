"""The dependency graph for people: order, waves, critical path, blast radius, and its drawings."""

from __future__ import annotations

from html import escape
from typing import Final

from releasepilot.errors import PlanError
from releasepilot.graph.build import acyclic, edges_of
from releasepilot.graph.component import components_of
from releasepilot.graph.impact import reached
from releasepilot.graph.order import critical_path, release_order, waves
from releasepilot.model.catalog import Catalog
from releasepilot.model.snapshot import Snapshot
from releasepilot.model.value import Value


class GraphEdge(Value):
    """One component needs another."""

    dependent: str
    dependency: str
    kind: str
    #: Empty where the catalog declares the edge.
    constraint: str = ""
    #: It closes a circle, so the order does not follow it.
    cut: bool = False


class GraphView(Value):
    """All components of a catalog and how they depend on each other."""

    #: In release order.
    components: tuple[str, ...]
    edges: tuple[GraphEdge, ...]
    waves: tuple[tuple[str, ...], ...]
    critical_path: tuple[str, ...]
    notices: tuple[str, ...] = ()
    #: The component asked about, and everything that depends on it; empty where nothing was asked.
    impact_of: str = ""
    impact: tuple[str, ...] = ()


def view_of(catalog: Catalog, snapshot: Snapshot, impact_of: str = "") -> GraphView:
    """Return the graph; with `impact_of`, also the blast radius of that component. Raises PlanError, CycleError."""
    components = components_of(catalog, snapshot)
    if impact_of and impact_of not in components:
        raise PlanError(f"there is no component {impact_of!r}", hint=f"the catalog has {', '.join(components)}")
    edges = edges_of(components)
    graph, notices = acyclic(components, edges)
    order = release_order(graph)
    return GraphView(
        components=order,
        edges=tuple(
            GraphEdge(
                dependent=edge.dependent,
                dependency=edge.dependency,
                kind=edge.kind,
                constraint=edge.constraint,
                cut=not graph.has_edge(edge.dependency, edge.dependent),
            )
            for edge in edges
        ),
        waves=waves(graph),
        critical_path=critical_path(graph, order),
        notices=notices,
        impact_of=impact_of,
        impact=reached(graph, impact_of) if impact_of else (),
    )


def to_dot(view: GraphView) -> str:
    """Draw in Graphviz's language; arrows point from what is needed to what needs it."""
    ids = {name: f"n{index}" for index, name in enumerate(view.components)}
    lines = ["digraph train {", "  rankdir=LR;", '  node [shape=box, style=rounded, fontname="sans-serif"];']
    for name, node in ids.items():
        style = ', style="rounded,filled", fillcolor="#ffe2b8"' if name in (view.impact_of, *view.impact) else ""
        lines.append(f'  {node} [label="{_quoted(name)}"{style}];')
    for edge in view.edges:
        style = ", style=dashed" if edge.cut or edge.kind == "dev" else ""
        lines.append(f'  {ids[edge.dependency]} -> {ids[edge.dependent]} [label="{_quoted(edge.constraint)}"{style}];')
    return "\n".join([*lines, "}", ""])


def to_mermaid(view: GraphView) -> str:
    """Draw as a Mermaid flowchart."""
    ids = {name: f"n{index}" for index, name in enumerate(view.components)}
    lines = ["flowchart LR"]
    lines += [f'  {node}["{_entities(name)}"]' for name, node in ids.items()]
    for edge in view.edges:
        arrow = "-.->" if edge.cut or edge.kind == "dev" else "-->"
        label = f'|"{_entities(edge.constraint)}"|' if edge.constraint else ""
        lines.append(f"  {ids[edge.dependency]} {arrow}{label} {ids[edge.dependent]}")
    marked = [ids[name] for name in (view.impact_of, *view.impact) if name]
    if marked:
        lines += ["  classDef impact fill:#ffe2b8", f"  class {','.join(marked)} impact"]
    return "\n".join([*lines, ""])


_WIDTH: Final = 150
_HEIGHT: Final = 34
_GAP_X: Final = 70
_GAP_Y: Final = 22
_MARGIN: Final = 20


def to_svg(view: GraphView) -> str:
    """Draw as SVG, one column a wave."""
    place = {
        name: (_MARGIN + column * (_WIDTH + _GAP_X), _MARGIN + row * (_HEIGHT + _GAP_Y))
        for column, wave in enumerate(view.waves)
        for row, name in enumerate(wave)
    }
    width = 2 * _MARGIN + max(len(view.waves), 1) * (_WIDTH + _GAP_X) - _GAP_X
    height = 2 * _MARGIN + max(map(len, view.waves), default=1) * (_HEIGHT + _GAP_Y) - _GAP_Y
    parts = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
            f'viewBox="0 0 {width} {height}" role="img" font-family="sans-serif" font-size="13">'
        ),
        f"<title>Dependency graph of {len(place)} components</title>",
    ]
    parts += [_line(place[edge.dependency], place[edge.dependent], cut=edge.cut) for edge in view.edges]
    parts += [_box(name, *at, marked=name in (view.impact_of, *view.impact)) for name, at in place.items()]
    return "\n".join([*parts, "</svg>", ""])


def _line(start: tuple[int, int], end: tuple[int, int], *, cut: bool) -> str:
    x1, y1 = start[0] + _WIDTH, start[1] + _HEIGHT // 2
    x2, y2 = end[0], end[1] + _HEIGHT // 2
    bend = (x1 + x2) // 2
    dash = ' stroke-dasharray="4 3"' if cut else ""
    return f'<path d="M{x1} {y1} C{bend} {y1} {bend} {y2} {x2} {y2}" fill="none" stroke="#667"{dash}/>'


def _box(name: str, x: int, y: int, *, marked: bool) -> str:
    fill = "#ffe2b8" if marked else "#f2f4f8"
    return (
        f'<g><rect x="{x}" y="{y}" width="{_WIDTH}" height="{_HEIGHT}" rx="6" fill="{fill}" stroke="#334"/>'
        f'<text x="{x + _WIDTH // 2}" y="{y + _HEIGHT // 2 + 5}" text-anchor="middle">{escape(name)}</text></g>'
    )


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


def _entities(text: str) -> str:
    """Write what Mermaid could read as syntax as its character codes."""
    return "".join(c if c.isalnum() or c in " .-_" else f"#{ord(c)};" for c in text)


__all__ = ["GraphEdge", "GraphView", "to_dot", "to_mermaid", "to_svg", "view_of"]
