"""Estimates: history before declaration before default."""

from __future__ import annotations

from support.world import step

from releasepilot.governance.estimates import DEFAULT, estimates_of
from releasepilot.model.estimate import Estimate, EstimateSource, Measured


def test_history_goes_before_what_is_declared_and_that_before_the_default() -> None:
    """The step's own history, then the catalog's word, then a minute."""
    steps = [step("lib", "push", estimate=30), step("api", "push", estimate=30), step("web", "push")]
    found = estimates_of(steps, [Measured(step="lib/push", uses="mark", seconds=7, runs=3)])
    assert found == {
        "lib/push": Estimate(seconds=7, source=EstimateSource.HISTORY),
        "api/push": Estimate(seconds=30, source=EstimateSource.DECLARED),
        "web/push": Estimate(seconds=DEFAULT, source=EstimateSource.DEFAULT),
    }


def test_what_another_actuator_took_says_nothing() -> None:
    """A step that keeps its name and does something else begins anew."""
    found = estimates_of([step("lib", "push")], [Measured(step="lib/push", uses="exec", seconds=7, runs=3)])
    assert found["lib/push"].source is EstimateSource.DEFAULT


def test_the_default_is_not_longer_than_the_time_out() -> None:
    """An attempt that may take ten seconds does not take a minute."""
    short = step("lib", "push").model_copy(update={"timeout": 10})
    assert estimates_of([short])["lib/push"].seconds == 10


def test_a_soak_takes_what_it_says() -> None:
    """Also where it was shorter in earlier trains; a wait for nothing still is a step."""
    soak = step("lib", "soak", uses="wait").model_copy(update={"config": {"for": "2h"}})
    measured = [Measured(step="lib/soak", uses="wait", seconds=60, runs=9)]
    assert estimates_of([soak], measured)["lib/soak"] == Estimate(seconds=7200, source=EstimateSource.DECLARED)
    assert estimates_of([soak.model_copy(update={"config": {"for": 0}})])["lib/soak"].seconds == 1


def test_how_long_people_took_is_no_estimate() -> None:
    """A board that took days once must not keep a step out of every window."""
    asking = step("lib", "change").model_copy(update={"patient": True})
    measured = [Measured(step="lib/change", uses="mark", seconds=400_000, runs=9)]
    assert estimates_of([asking], measured)["lib/change"].source is EstimateSource.DEFAULT
