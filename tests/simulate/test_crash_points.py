"""The promise at every crash point of a small train: the real workflows and activities, with far sides in memory."""

from __future__ import annotations

import pytest
from support.rehearsals import case, command, planned, small, told

from releasepilot.model.step import StepStatus
from releasepilot.model.train import Outcome
from releasepilot.simulate.far_side import FarSide
from releasepilot.simulate.faults import OF_UNDOING, FaultKind, drawn, pairs, single
from releasepilot.simulate.rehearsal import Rehearsal

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]


async def test_every_fault_of_every_step_keeps_the_promise(rehearsed: Rehearsal) -> None:
    """With any single fault the train ends released, undone, or with a list; and each fault has struck."""
    plan, request = small()
    cases = single(plan)
    results = await rehearsed.run_all(plan, request, cases)
    assert told(results) == []
    assert {result.outcome for result in results} == {Outcome.RELEASED, Outcome.ROLLED_BACK, Outcome.RESIDUE}
    struck = [far for far in rehearsed.world.far_sides.values() if far.struck or far.held]
    assert len(struck) >= len(cases) - 1
    assert sum(sum(far.struck.values()) for far in struck) >= len(cases) - 1 - len(plan.steps)


@pytest.mark.parametrize("on_failure", ["rollback_dependents", "stop"])
async def test_other_ways_to_fail_keep_the_promise(rehearsed: Rehearsal, on_failure: str, *, thorough: bool) -> None:
    """Where only dependents are undone, or nothing is, what is neither released nor undone is listed."""
    plan, request = small(on_failure)
    cases = single(plan) if thorough else drawn(plan, 16, seed=5)
    assert told(await rehearsed.run_all(plan, request, cases)) == []


async def test_faults_that_meet_keep_the_promise(rehearsed: Rehearsal, *, thorough: bool) -> None:
    """All pairs of faults in the long form, some drawn ones in the short: one while the other is dealt with."""
    publish = {
        "lib": [command("upload", **{"class": "pivot", "undo": "yank"})],
        "app": [command("announce", **{"class": "retriable", "undo": "none"})],
    }
    plan, request = planned(publish, needs={"app": "lib"})
    cases = pairs(plan) if thorough else drawn(plan, 30, seed=2)
    assert told(await rehearsed.run_all(plan, request, cases)) == []


async def test_a_board_is_asked_and_waited_for(rehearsed: Rehearsal) -> None:
    """A step that waits for people is asked again an hour later, which takes no time; faults around it are survived."""
    board = {"url": "https://example.service-now.com", "user": "releasepilot", "password": "env:SERVICENOW_PASSWORD"}
    asking = [{"uses": f"servicenow.{what}", **board} for what in ("change", "check", "close")]
    plan, request = planned({"lib": asking})
    change = next(one.id for one in plan.steps if one.uses == "servicenow.change")
    kinds = [FaultKind.UNKNOWN, FaultKind.REFUSED, FaultKind.ABORTED_AFTER, FaultKind.UNDO_UNKNOWN]
    results = await rehearsed.run_all(plan, request, [case(), *(case((change, kind)) for kind in kinds)])
    assert told(results) == []
    assert results[0].waited >= 3600
    assert [one.outcome for one in results[:2]] == [Outcome.RELEASED] * 2


async def test_a_killed_worker_costs_an_attempt_and_no_second_effect(rehearsed: Rehearsal) -> None:
    """The server notices by the missing signs of life, and the next attempt finds the effect."""
    plan, request = small()
    result = await rehearsed.run(plan, request, case(("lib/deploy", FaultKind.KILLED_AFTER)))
    (far,) = rehearsed.world.far_sides.values()
    assert result.outcome is Outcome.RELEASED
    assert result.waited >= 10
    assert far.applied["lib/deploy"] == 1


async def test_a_fault_in_undoing_strikes_in_a_rollback(rehearsed: Rehearsal) -> None:
    """A train that was released is taken back, so that undoing it can fail; what cannot be undone is listed."""
    plan, request = small()
    result = await rehearsed.run(plan, request, case(("lib/push", FaultKind.UNDO_REFUSED)))
    assert FaultKind.UNDO_REFUSED in OF_UNDOING
    assert result.taken_back
    left = {(item.component, item.step) for item in result.residue if item.unresolved}
    assert left == {("lib", "push"), ("app", "announce")}


async def test_an_undo_that_only_says_so_is_found_out(rehearsed: Rehearsal) -> None:
    """A far side that confirms an undo and does not do it: the step is looked at again, and is listed."""

    class Liar(FarSide):
        def take_back(self, name: str, made: str, undo: object) -> str:
            return ""

    rehearsed.world.begin = lambda chosen: Liar(case=chosen)
    plan, request = small()
    result = await rehearsed.run(plan, request, case(("app/push", FaultKind.REFUSED)))
    assert result.outcome is Outcome.RESIDUE
    assert not result.violations
    assert {item.step for item in result.residue if item.unresolved} >= {"stage", "deploy"}


async def test_a_second_effect_is_found(rehearsed: Rehearsal) -> None:
    """A far side that shows an effect only when it has been brought about twice breaks the promise, and is told."""

    class Slow(FarSide):
        def put(self, name: str, made: str, takes: str = "") -> None:
            super().put(name, made, takes)
            super().put(name, made, takes)

    rehearsed.world.begin = lambda chosen: Slow(case=chosen)
    plan, request = small()
    result = await rehearsed.run(plan, request, case())
    assert result.outcome is Outcome.RELEASED
    assert "lib/deploy was done 2 times, while its effect was there" in result.violations


async def test_a_command_that_nobody_can_look_at_may_be_done_twice(rehearsed: Rehearsal) -> None:
    """Without `observe` a killed worker leaves no other way: it is told apart from a broken promise."""
    unseen = {key: value for key, value in command("upload").items() if key != "observe"}
    plan, request = planned({"lib": [unseen]})
    result = await rehearsed.run(plan, request, case(("lib/upload", FaultKind.KILLED_AFTER)))
    assert result.repeated == ("lib/upload",)
    assert not result.violations
    rows = await rehearsed.reader.steps((await rehearsed.reader.latest()).id)
    assert {row.status for row in rows} == {StepStatus.DONE}
