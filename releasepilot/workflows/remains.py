"""What is true of the components once the engine has come to rest: released, undone, or left in place."""

from __future__ import annotations

from collections.abc import Container

from releasepilot.model.plan import Residue
from releasepilot.model.step import StepStatus
from releasepilot.model.train import Outline
from releasepilot.workflows.engine import Engine


def released_components(outline: Outline, engine: Engine) -> dict[str, str]:
    """Return component to version, for those of which every step is done."""
    whole = dict.fromkeys(outline.components, True)
    for step, node in engine.nodes.items():
        whole[node.component] &= engine.statuses[step] is StepStatus.DONE
    return {component: outline.versions[component] for component, done in whole.items() if done}


def undone_components(engine: Engine) -> tuple[str, ...]:
    """Return the components of which a step was undone, dependents first."""
    undone = dict.fromkeys(
        node.component for step, node in engine.nodes.items() if engine.statuses[step] is StepStatus.UNDONE
    )
    return tuple(reversed(undone))


def left_in_place(engine: Engine, settled: Container[str]) -> list[Residue]:
    """List the effects of components that are neither released nor undone."""
    return [
        Residue(
            component=engine.nodes[step].component,
            step=step.removeprefix(f"{engine.nodes[step].component}/"),
            undo=engine.nodes[step].undo,
            what="was done and left in place"
            if engine.statuses[step] is StepStatus.DONE
            else "may have been done, and was left as it is",
            unresolved=True,
        )
        for step in engine.with_effect()
        if engine.nodes[step].component not in settled
    ]
