"""A simulation in words, and what it ends with."""

from __future__ import annotations

import io

import pytest
from click.testing import CliRunner
from support.rehearsals import case, small

from releasepilot.cli.exits import Exit
from releasepilot.cli.main import load
from releasepilot.cli.render.simulation import print_simulation
from releasepilot.cli.render.text import console
from releasepilot.cli.simulate import ended
from releasepilot.model.plan import Residue
from releasepilot.model.step import Undo
from releasepilot.model.train import Outcome
from releasepilot.simulate.faults import FaultKind
from releasepilot.simulate.result import CaseResult, Simulation, expected_seconds, summed_up

PLAN, _ = small()
STAYS = Residue(component="lib", step="push", undo=Undo.REVERT, what="two commits stay")
SMOOTH = CaseResult(case=case(), outcome=Outcome.RELEASED, waited=1)
REFUSED = CaseResult(
    case=case(("lib/deploy", FaultKind.REFUSED)), outcome=Outcome.ROLLED_BACK, residue=(STAYS,), waited=64
)
#: A name that would clear the screen.
BROKEN = CaseResult(
    case=case(("lib/upload\x1b[2J", FaultKind.KILLED_AFTER)), outcome=None, violations=("it did not end within 900 s",)
)


def simulation(*results: CaseResult) -> Simulation:
    """Sum up some cases."""
    return summed_up(PLAN, results, faults="single", seed=0, expected=expected_seconds(PLAN))


def printed(found: Simulation) -> str:
    """Return what is printed."""
    stream = io.StringIO()
    print_simulation(console(stream), found)
    return stream.getvalue()


def test_ends_are_grouped_by_what_goes_wrong() -> None:
    """One line for each kind of fault and end, then the most that stays, and what it costs in time."""
    said = printed(simulation(SMOOTH, REFUSED, REFUSED)).splitlines()
    assert said[0] == "3 simulated trains of rehearsed, each with one fault"
    assert [" ".join(line.split()) for line in said[3:5]] == [
        "nothing goes wrong released 1",
        "refused for good rolled back 2 1 deploy",
    ]
    assert "Most stays when lib/deploy: refused for good:" in said
    assert "  lib/push: two commits stay" in said
    assert "By the estimates of its steps it takes 6m; a fault adds up to 1m3s of waiting." in said
    assert said[-1].startswith("Every train ended as promised")


def test_a_broken_promise_is_told_case_by_case_and_ends_with_1() -> None:
    """What went wrong, what came of it, and nothing that a terminal would obey."""
    found = simulation(SMOOTH, BROKEN)
    said = printed(found)
    assert "1 of 2 did not end as promised:" in said
    assert "worker killed after its effect: it did not end within 900 s" in said
    assert "\x1b" not in said
    assert ended(found) is Exit.FAILED
    assert ended(simulation(SMOOTH, REFUSED)) is Exit.OK


def test_what_may_be_done_twice_is_told_with_its_remedy() -> None:
    """It is no broken promise, because it was never promised."""
    found = simulation(SMOOTH.model_copy(update={"repeated": ("lib/upload",)}))
    assert "lib/upload may be done twice: nobody can look at it; give it `observe`" in printed(found)
    assert found.kept


@pytest.mark.parametrize("faults", ["some", "random", "random:0", "random:-3", "random:1e3", "pairs:2"])
def test_faults_that_there_are_not_are_refused(faults: str) -> None:
    """The error names what was given and what can be."""
    shown = CliRunner().invoke(load("simulate"), ["--faults", faults])
    assert shown.exit_code == 2
    assert f"'{faults}' is none of single, pairs, or random:N" in shown.output
