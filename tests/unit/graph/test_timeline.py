"""A plan laid out in time: as the engine runs it, inside of openings, with what decides its end."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st
from support.windows import utc
from support.world import plan_of, step

from releasepilot.graph.timeline import forecast
from releasepilot.model.estimate import Estimate, EstimateSource
from releasepilot.model.forecast import Forecast
from releasepilot.model.plan import Plan
from releasepilot.model.step import PHASES, Phase, Step
from releasepilot.model.window import Opening

NINE = utc("2026-01-05T09:00")
ALWAYS = (Opening(begin=NINE),)
MINUTE = 60


def laid_out(
    plan: Plan, takes: Mapping[str, int], openings: tuple[Opening, ...] = ALWAYS, at: datetime = NINE
) -> Forecast | None:
    """Lay out a plan whose steps take so many seconds."""
    estimates = {one: Estimate(seconds=seconds, source=EstimateSource.HISTORY) for one, seconds in takes.items()}
    return forecast(plan, estimates, openings, at, ledger=True)


def a_plan(*steps: Step, concurrency: int = 8) -> Plan:
    """Plan these steps."""
    return plan_of("demo", list(steps), {step.component: () for step in steps}, concurrency=concurrency)


def minutes(found: Forecast | None) -> dict[str, tuple[int, int]]:
    """Return start and slack of each step, in minutes."""
    assert found is not None
    return {one.step: (int((one.starts - NINE).total_seconds()) // 60, one.slack // 60) for one in found.steps}


DIAMOND = a_plan(
    step("lib", "push"),
    step("api", "push", "lib/push"),
    step("web", "push", "lib/push"),
    step("app", "push", "api/push", "web/push"),
)
TAKES = {"lib/push": 10 * MINUTE, "api/push": 30 * MINUTE, "web/push": 5 * MINUTE, "app/push": 10 * MINUTE}


def test_the_longest_chain_decides_and_the_others_have_slack() -> None:
    """Through the slower of two that go side by side."""
    found = laid_out(DIAMOND, TAKES)
    assert found is not None
    assert found.ends - found.starts == timedelta(minutes=50)
    assert found.critical_path == ("lib/push", "api/push", "app/push")
    assert minutes(found) == {"lib/push": (0, 0), "api/push": (10, 0), "web/push": (10, 25), "app/push": (40, 0)}
    assert (found.start_by, found.next_slot) == (None, None)


def test_a_phase_waits_for_all_of_the_one_before() -> None:
    """Also where nothing in it is needed; it is what decides then."""
    plan = a_plan(step("lib", "stage", phase=Phase.STAGE), step("api", "stage", phase=Phase.STAGE), step("lib", "push"))
    found = laid_out(plan, {"lib/stage": MINUTE, "api/stage": 7 * MINUTE, "lib/push": MINUTE})
    assert minutes(found) == {"lib/stage": (0, 6), "api/stage": (0, 0), "lib/push": (7, 0)}
    assert found is not None
    assert found.critical_path == ("api/stage", "lib/push")


def test_the_cap_makes_steps_wait() -> None:
    """Two at a time of three."""
    plan = a_plan(*(step(name, "push") for name in ("a", "b", "c")), concurrency=2)
    starts = minutes(laid_out(plan, dict.fromkeys(("a/push", "b/push", "c/push"), 10 * MINUTE)))
    assert [starts[one][0] for one in ("a/push", "b/push", "c/push")] == [0, 0, 10]


def test_what_does_not_fit_before_the_close_begins_at_the_next_opening() -> None:
    """The last start with which all is done in the first one, and what comes if that is missed."""
    openings = (
        Opening(begin=NINE, end=NINE + timedelta(hours=1)),
        Opening(begin=NINE + timedelta(days=1), end=NINE + timedelta(days=1, hours=1)),
    )
    found = laid_out(DIAMOND, TAKES, openings)
    assert found is not None
    assert found.start_by == NINE + timedelta(minutes=10)
    assert found.next_slot is not None
    assert (found.next_slot.starts, found.next_slot.ends) == (
        NINE + timedelta(days=1),
        NINE + timedelta(days=1, minutes=50),
    )
    # Begun too late, what still fits is done on the first day.
    late = laid_out(DIAMOND, TAKES, openings, NINE + timedelta(minutes=45))
    assert late is not None
    assert (late.starts, late.ends) == (NINE + timedelta(minutes=45), NINE + timedelta(days=1, minutes=40))


def test_what_fits_into_no_opening_has_no_forecast() -> None:
    """A step of two hours, and openings of one; or none at all."""
    plan = a_plan(step("lib", "push"))
    assert laid_out(plan, {"lib/push": 7200}, (Opening(begin=NINE, end=NINE + timedelta(hours=1)),)) is None
    assert laid_out(plan, {"lib/push": 60}, ()) is None


@st.composite
def problems(draw: st.DrawFn) -> tuple[Plan, dict[str, int], tuple[Opening, ...]]:
    """Draw a plan of a few steps in some phases, and openings of some minutes with gaps."""
    count = draw(st.integers(1, 8))
    phases = sorted(draw(st.lists(st.sampled_from(PHASES[:3]), min_size=count, max_size=count)), key=PHASES.index)
    steps: list[Step] = []
    for number, phase in enumerate(phases):
        needs = [one.id for one in steps if draw(st.booleans())]
        steps.append(step(f"c{number}", "push", *needs, phase=phase))
    plan = a_plan(*steps, concurrency=draw(st.integers(1, 3)))
    takes = {one.id: draw(st.integers(1, 20)) for one in steps}
    edges, at = [], NINE
    for _ in range(draw(st.integers(1, 6)) * 2 + 1):
        edges.append(at)
        at += timedelta(seconds=draw(st.integers(5, 40)))
    spans = [Opening(begin=begin, end=end) for begin, end in pairwise(edges)][::2]
    return plan, takes, (*spans, Opening(begin=at + timedelta(seconds=5)))


@given(problem=problems())
@settings(max_examples=150, deadline=None)
def test_a_forecast_keeps_every_rule(problem: tuple[Plan, dict[str, int], tuple[Opening, ...]]) -> None:
    """Needs, phases, the cap and the openings; a path without gaps in its order; slack that is never negative."""
    plan, takes, openings = problem
    found = laid_out(plan, takes, openings)
    assert found is not None
    at = {one.step: one for one in found.steps}
    for one in plan.steps:
        assert all(at[need].ends <= at[one.id].starts for need in one.needs)
        assert all(
            at[o.id].ends <= at[one.id].starts for o in plan.steps if PHASES.index(o.phase) < PHASES.index(one.phase)
        )
        assert any(o.begin <= at[one.id].starts and (o.end is None or at[one.id].ends <= o.end) for o in openings)
        assert sum(o.starts <= at[one.id].starts < o.ends for o in found.steps) <= plan.concurrency
    assert all(one.slack >= 0 for one in found.steps)
    assert at[found.critical_path[-1]].ends == found.ends
    assert all(at[one].ends <= at[other].starts for one, other in pairwise(found.critical_path))
    if found.next_slot:
        assert found.start_by is not None
        assert found.next_slot.starts > found.start_by >= found.starts
        assert found.next_slot.ends > found.ends
