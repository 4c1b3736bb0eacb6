"""`actuators.md`: what a step may use, from the classes that ship with ReleasePilot."""

from __future__ import annotations

from importlib.metadata import entry_points
from typing import Any

from docs.pages.comments import told
from docs.pages.fields import HEADINGS, fields_table
from docs.pages.markdown import anchor, code, document, prose, table
from releasepilot.model.change import Board, ChangeModel, DriftPolicy
from releasepilot.plugins.placeholders import NAMES
from releasepilot.plugins.registry import GROUP
from releasepilot.plugins.spec import Actuator

_INTRODUCTION = """
A step names its actuator with `uses`. Class and undo are the actuator's own; where **declarable** says yes the
catalog may state others, because only its author knows what a command does. The queue says which worker takes the
step. The planner puts `git.stage`, `verify` (where the component has the hook) and `git.publish` into every chain by
itself.
"""

#: What configurations of several actuators are made of.
_SHARED = (Board, ChangeModel, DriftPolicy)

_PLACEHOLDERS = """
Commands and addresses may hold {words}. Each is filled in after a command was split into words, so that a value
never becomes two; in an address it is percent-encoded. The same values are in the environment of every command as
{variables}; that is the only way into a script for a shell.
"""


def shipped() -> list[type[Actuator[Any]]]:
    """Return the actuators of this distribution, by name; others that are installed do not belong on the page."""
    points = [point for point in entry_points(group=GROUP) if point.value.startswith("releasepilot.")]
    return [point.load() for point in sorted(points, key=lambda point: point.name)]


def page() -> str:
    """Write the page."""
    found = shipped()
    parts = [
        _INTRODUCTION,
        table(("actuator", "class", "undo", "queue", "effect", "declarable"), map(_row, found)),
        _PLACEHOLDERS.format(
            words=", ".join(code(f"{{{name}}}") for name in NAMES),
            variables=", ".join(code(f"RELEASEPILOT_{name.upper()}") for name in NAMES),
        ),
    ]
    for one in found:
        keys = fields_table(one.Config, one.Config.model_json_schema(by_alias=True))
        parts += [f"## {one.name}", prose(told(one)), prose(told(one.Config)), keys]
    for shared in _SHARED:
        keys = fields_table(shared, shared.model_json_schema(by_alias=True))
        parts += [f"## {HEADINGS.get(shared.__name__, shared.__name__)}", prose(told(shared)), keys]
    return document("Actuators", "the classes in `releasepilot/plugins/builtin`", parts)


def _row(one: type[Actuator[Any]]) -> tuple[str, ...]:
    """Describe what the planner must know of an actuator; a check has nothing to undo."""
    undo = (one.saga_class.value, one.undo.value) if one.effect else ("", "")
    effect = "yes" if one.effect else "no: it only looks"
    link = f"[{code(one.name)}](#{anchor(one.name)})"
    return (link, *undo, one.queue.value, effect, "yes" if one.declarable else "no")
