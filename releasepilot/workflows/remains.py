"""What follows when the engine has come to rest: what is undone, what is true of the components, how the train ends."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence

from releasepilot.model.catalog import OnFailure
from releasepilot.model.plan import Residue
from releasepilot.model.step import StepStatus
from releasepilot.model.train import Outcome, Outline, with_dependents
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


def turned_round(outline: Outline, engine: Engine, *, wanted: bool) -> tuple[str, ...]:
    """Return the components to undo: none, all, or the failed ones with those that depend on them.

    All of them where somebody wanted it, or the windows did.
    """
    everything = tuple(outline.components)
    if wanted:
        return everything
    failed = [step for step, status in engine.statuses.items() if status is StepStatus.FAILED]
    if not failed or engine.on_failure is OnFailure.STOP:
        return ()
    if engine.on_failure is OnFailure.ROLLBACK_ALL:
        return everything
    return with_dependents(outline.components, [engine.nodes[step].component for step in failed])


def outcome_of(outline: Outline, released: Mapping[str, str], residue: Sequence[Residue], *, undoing: bool) -> Outcome:
    """Return how a train ends that has begun its steps."""
    if len(released) == len(outline.components):
        return Outcome.RELEASED
    if not undoing:
        return Outcome.FAILED
    if any(item.unresolved for item in residue):
        return Outcome.RESIDUE
    return Outcome.PARTLY_RELEASED if released else Outcome.ROLLED_BACK
