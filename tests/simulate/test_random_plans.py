"""The promise over plans that nobody thought of: any graph, class, undo and way to fail, with any faults."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, note, settings
from hypothesis import strategies as st
from support.rehearsals import foreseeing, named, outlined, request_for, told
from support.world import plan_of
from support.world import step as a_step

from releasepilot.control import Servers
from releasepilot.model.catalog import OnFailure
from releasepilot.model.plan import Plan
from releasepilot.model.step import PHASES, SagaClass, Step, Undo
from releasepilot.model.step import Phase as StepPhase
from releasepilot.plugins.registry import Registry
from releasepilot.plugins.spec import Tools
from releasepilot.simulate.faults import Case, FaultKind, faults_of
from releasepilot.simulate.rehearsal import rehearsal
from releasepilot.simulate.result import CaseResult

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]

_CLASS_OF = {StepPhase.PIVOT: SagaClass.PIVOT, StepPhase.FINISH: SagaClass.RETRIABLE}
_THOROUGH = bool(os.environ.get("RELEASEPILOT_THOROUGH"))
#: A killed worker is noticed after ten real seconds.
_SLOW = (FaultKind.KILLED_BEFORE, FaultKind.KILLED_AFTER, FaultKind.UNDO_KILLED)
#: An actuator that every catalog may use, whose class and undo a step may state: nothing of it is ever run.
_COMMAND = {"apply": "true", "observe": "true", "revert": "true"}


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    """Draw up to four components, each with up to four steps; needs go from later components to earlier ones."""
    names = [f"c{number}" for number in range(draw(st.integers(1, 4)))]
    needs = {name: tuple(draw(st.sets(st.sampled_from(names[:at])))) if at else () for at, name in enumerate(names)}
    steps: list[Step] = []
    for name in names:
        steps += draw(chains(name, steps, tuple(sorted(needs[name]))))
    steps.sort(key=lambda one: PHASES.index(one.phase))
    return foreseeing(
        plan_of(
            "random",
            steps,
            {name: tuple(sorted(needed)) for name, needed in needs.items()},
            on_failure=draw(st.sampled_from(list(OnFailure))),
            concurrency=draw(st.integers(1, 4)),
        )
    )


@st.composite
def chains(draw: st.DrawFn, name: str, before: list[Step], needed: tuple[str, ...]) -> list[Step]:
    """Draw a component's steps, phase by phase, each behind the one before it and perhaps behind steps it needs."""
    chain: list[Step] = []
    phases = sorted(draw(st.lists(st.sampled_from(PHASES), min_size=1, max_size=4)), key=PHASES.index)
    for number, phase in enumerate(phases):
        saga = _CLASS_OF.get(phase, SagaClass.COMPENSATABLE)
        earlier = [
            one.id for one in before if one.component in needed and PHASES.index(one.phase) <= PHASES.index(phase)
        ]
        wanted = draw(st.lists(st.sampled_from(earlier), unique=True, max_size=2)) if earlier else []
        own = [chain[-1].id] if chain else []
        undo = draw(st.sampled_from(list(Undo) if saga is not SagaClass.COMPENSATABLE else [Undo.FULL, Undo.REVERT]))
        one = a_step(name, f"s{number}", *own, *wanted, uses="exec", phase=phase, saga_class=saga, undo=undo)
        attempts = 0 if saga is SagaClass.RETRIABLE else draw(st.integers(1, 3))
        after = draw(st.sampled_from([other.id for other in before if other.phase is phase] or [""]))
        chain.append(
            one.model_copy(
                update={
                    "attempts": attempts,
                    "config": _COMMAND,
                    "after": (after,) if after and after not in wanted and draw(st.booleans()) else (),
                }
            )
        )
    return chain


@st.composite
def cases(draw: st.DrawFn, plan: Plan) -> Case:
    """Draw up to three faults, at most one of each step on the way there and one on the way back."""
    every = [fault for one in plan.steps for fault in faults_of(one) if _THOROUGH or fault.kind not in _SLOW]
    chosen = draw(
        st.lists(
            st.sampled_from(every),
            max_size=3,
            unique_by=lambda fault: (fault.step, fault.kind.value.startswith("undo")),
        )
    )
    return Case(faults=tuple(chosen))


@settings(
    max_examples=150 if _THOROUGH else 12,
    deadline=None,
    derandomize=not _THOROUGH,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink),
)
@given(data=st.data())
def test_any_plan_with_any_faults_keeps_the_promise(servers: Servers, tmp_path: Path, data: st.DataObject) -> None:
    """Every train of a random plan ends released, undone, or with a list; a failure shrinks to a few lines."""
    plan = data.draw(plans())
    drawn = data.draw(st.lists(cases(plan), min_size=1, max_size=8))
    for line in (*outlined(plan), f"on_failure={plan.on_failure} concurrency={plan.concurrency}", *map(named, drawn)):
        note(line)

    async def run() -> list[CaseResult]:
        async with rehearsal(servers, tmp_path, Registry.load(Tools(cache=tmp_path))) as rehearsed:
            return await rehearsed.run_all(plan, request_for(plan), drawn)

    assert told(asyncio.run(run())) == []
