"""The steps of one component, and what they say of the way back."""

from __future__ import annotations

from collections.abc import Sequence

from releasepilot.errors import PlanError
from releasepilot.model.catalog import ComponentEntry, StepDeclaration
from releasepilot.model.plan import Residue
from releasepilot.model.step import ActuatorTraits, Phase, SagaClass, Step, Undo
from releasepilot.model.train import Request

_PHASE_OF = {
    SagaClass.COMPENSATABLE: Phase.COMMIT,
    SagaClass.PIVOT: Phase.PIVOT,
    SagaClass.RETRIABLE: Phase.FINISH,
}
_CLASS_ORDER = tuple(SagaClass)

_ATTEMPTS = 5

#: What stays after undoing a step of each kind, in words.
_REMAINS = {
    Undo.REVERT: "the release commit and the commit that reverts it stay in the history",
    Undo.WINDOW: "can be taken back only for a while after it was done; later it stays",
    Undo.YANK: "stays where it is, marked so that nobody new chooses it",
    Undo.DEPRECATE: "stays where it is, marked as deprecated",
    Undo.NONE: "cannot be undone",
}
#: What stays of a question for leave.
_ASKED = "the change that was asked for stays in its system, cancelled or closed as unsuccessful"


def chain_of(request: Request, entry: ComponentEntry) -> tuple[Step, ...]:
    """Return a component's steps in order, without needs across components.

    Stage and verify, then the declared steps that ask for leave, then push, then the others by class, then the health
    checks.
    """
    traits = {actuator.name: actuator for actuator in request.actuators}
    publish = [_Declared(declaration, traits) for declaration in entry.publish]
    checks = [_Declared(declaration, traits) for declaration in entry.health]
    asking = [one for one in (*publish, *checks) if one.traits.prior]
    declared = sorted((one for one in publish if one not in asking), key=lambda one: _CLASS_ORDER.index(one.saga))
    last = _PHASE_OF[declared[-1].saga] if declared else Phase.COMMIT
    # A check after the point of no return belongs behind it.
    check_phase = Phase.FINISH if last is Phase.PIVOT else last
    wanted = [
        (_Declared(_stage(entry), traits), Phase.STAGE),
        *((one, Phase.STAGE) for one in _verify(entry, traits)),
        *((one, Phase.STAGE) for one in asking),
        (_Declared(StepDeclaration(uses="git.publish", name="push"), traits), Phase.COMMIT),
        *((one, _PHASE_OF[one.saga]) for one in declared),
        *((one, check_phase) for one in checks if one not in asking),
    ]
    names: dict[str, int] = {}
    return tuple(one.step(entry.name, _unique(one.name, names), phase) for one, phase in wanted)


class _Declared:
    """A declaration with what its actuator adds to it."""

    def __init__(self, declaration: StepDeclaration, traits: dict[str, ActuatorTraits]) -> None:
        if declaration.uses not in traits:
            raise PlanError(
                f"there is no actuator named {declaration.uses!r}",
                hint=f"these are installed: {', '.join(sorted(traits))}",
            )
        self.declaration = declaration
        self.traits = traits[declaration.uses]
        self.name = declaration.name or declaration.uses
        self.saga = declaration.saga_class or self.traits.saga_class

    def step(self, component: str, name: str, phase: Phase) -> Step:
        """Make the step."""
        return Step(
            id=f"{component}/{name}",
            component=component,
            name=name,
            uses=self.declaration.uses,
            config=self.declaration.config,
            saga_class=self.saga,
            undo=self.declaration.undo or self.traits.undo,
            effect=self.traits.effect,
            phase=phase,
            queue=self.traits.queue,
            timeout=self.declaration.timeout,
            attempts=self._attempts(),
            estimate=self.declaration.estimate,
            patient=self.traits.patient,
            escalates=self.traits.escalates,
        )

    def _attempts(self) -> int:
        """Return how often the step may be tried; 0 is without end."""
        if self.declaration.attempts is not None:
            return self.declaration.attempts
        retriable = self.saga is SagaClass.RETRIABLE and self.traits.effect
        return 0 if retriable or self.traits.patient else _ATTEMPTS


def _stage(entry: ComponentEntry) -> StepDeclaration:
    """Return the staging step, with the command that refreshes lock files where there is one."""
    if entry.lock is None:
        return StepDeclaration(uses="git.stage", name="stage")
    config = {"command": list(entry.lock.command), "shell": entry.lock.shell}
    return StepDeclaration(uses="git.stage", name="stage", timeout=entry.lock.timeout, config=config)


def _verify(entry: ComponentEntry, traits: dict[str, ActuatorTraits]) -> list[_Declared]:
    """Return the verify hook as a step, where there is one."""
    hooks = entry.hooks
    if hooks.verify is None:
        return []
    config = {"command": list(hooks.verify), "shell": hooks.shell}
    declaration = StepDeclaration(
        uses="verify", name="verify", timeout=hooks.timeout, estimate=hooks.estimate, config=config
    )
    return [_Declared(declaration, traits)]


def _unique(name: str, taken: dict[str, int]) -> str:
    """Return the name, numbered where it is taken."""
    taken[name] = taken.get(name, 0) + 1
    return name if taken[name] == 1 else _unique(f"{name}-{taken[name]}", taken)


def no_return(steps: Sequence[Step]) -> str | None:
    """Return the first step that cannot be taken back; None where every one can."""
    return next((step.id for step in steps if step.saga_class is SagaClass.PIVOT or _for_good(step)), None)


def _remains(step: Step) -> str:
    """Say what stays after a step was undone. Only a push leaves commits; what was asked of people stays with them."""
    if step.undo is not Undo.REVERT or step.uses == "git.publish":
        return _REMAINS[step.undo]
    return _ASKED if step.phase is Phase.STAGE else "stays visible, marked as taken back"


def _for_good(step: Step) -> bool:
    """Whether a step stays whatever its class says."""
    return step.effect and step.undo is Undo.NONE


def worst_residue(steps: Sequence[Step]) -> tuple[Residue, ...]:
    """Return what would stay if every step were done and then undone."""
    return tuple(
        Residue(
            component=step.component,
            step=step.name,
            undo=step.undo,
            what=_remains(step),
            unresolved=step.undo is Undo.NONE,
        )
        for step in steps
        if step.effect and step.undo is not Undo.FULL
    )
