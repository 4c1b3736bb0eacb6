"""The risk of a plan: every factor can only raise it, and none depends on an order."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.plans import request, source

from releasepilot.governance.risk import Counted, counted, level_of, risk_of
from releasepilot.graph.planner import look_ahead
from releasepilot.model.commit import Commit
from releasepilot.model.risk import RiskLevel, RiskPolicy
from releasepilot.model.snapshot import Snapshot

POLICY = RiskPolicy()
DAY = 86400
SMALL = st.integers(0, 500)
TIMES = st.integers(0, 400 * DAY).map(lambda seconds: timedelta(seconds=seconds))
COUNTS = st.builds(
    Counted,
    commits=SMALL,
    breaking=SMALL,
    dependents=SMALL,
    waiting=st.none() | TIMES,
    newcomers=st.integers(0, 9),
    trains=st.none() | st.just(10),
    failures=st.integers(0, 10),
    left=st.none() | TIMES,
)


@given(COUNTS, st.sampled_from(["commits", "breaking", "dependents", "newcomers", "failures"]), SMALL)
def test_more_of_anything_is_no_less_risk(before: Counted, name: str, more: int) -> None:
    """The score and each factor rise with a count, or stay."""
    after = replace(before, **{name: getattr(before, name) + more})
    first, second = risk_of(before, POLICY), risk_of(after, POLICY)
    assert first.score <= second.score
    assert all(one.score <= other.score for one, other in zip(first.factors, second.factors, strict=True))


@given(COUNTS, TIMES, TIMES)
def test_waiting_raises_it_and_time_that_is_left_lowers_it(counts: Counted, one: timedelta, other: timedelta) -> None:
    """A commit that waits for longer, and windows that close sooner, are no less risk."""
    short, long = sorted((one, other))
    for early, late in (
        (replace(counts, waiting=short), replace(counts, waiting=long)),
        (replace(counts, left=long), replace(counts, left=short)),
    ):
        assert risk_of(early, POLICY).score <= risk_of(late, POLICY).score


@given(COUNTS)
def test_a_score_is_within_its_bounds(counts: Counted) -> None:
    """Factors are 1 to 5 and explained, the score 0 to 100, and what is not known is no factor."""
    risk = risk_of(counts, POLICY)
    assert 0 <= risk.score <= 100
    assert all(1 <= factor.score <= 5 and factor.explanation for factor in risk.factors)
    known = {factor.name for factor in risk.factors}
    assert ("waiting" in known, "failures" in known, "window" in known) == (
        counts.waiting is not None,
        counts.trains is not None,
        counts.left is not None,
    )


def test_the_least_and_the_most() -> None:
    """Nothing at all is 0, and the worst of everything 100."""
    least = Counted(
        commits=0,
        breaking=0,
        dependents=0,
        waiting=timedelta(0),
        newcomers=0,
        trains=10,
        failures=0,
        left=timedelta(days=30),
    )
    most = Counted(
        commits=9999,
        breaking=99,
        dependents=999,
        waiting=timedelta(days=999),
        newcomers=7,
        trains=10,
        failures=10,
        left=timedelta(0),
    )
    assert {one.name for one in fields(Counted)} >= {"commits", "left"}
    assert (risk_of(least, POLICY).score, risk_of(most, POLICY).score) == (0, 100)
    assert [factor.explanation for factor in risk_of(most, POLICY).factors] == [
        "9999 commits",
        "99 major versions",
        "999 components may follow one that is released",
        "the oldest commit waits for 999 days",
        "7 authors made no commit before",
        "10 of the last 10 trains failed in a component that is released",
        "the windows are about to close",
    ]


def test_a_catalog_sets_the_thresholds() -> None:
    """From `medium` on it is medium, from `high` on high; `high` is not below `medium`."""
    policy = RiskPolicy(medium=10, high=20)
    assert [level_of(score, policy) for score in (9, 10, 19, 20)] == [
        RiskLevel.LOW,
        RiskLevel.MEDIUM,
        RiskLevel.MEDIUM,
        RiskLevel.HIGH,
    ]
    with pytest.raises(ValueError, match="high"):
        RiskPolicy(medium=50, high=40)


def test_what_is_counted() -> None:
    """Commits and majors of what is released, its dependents in the whole catalog, and the oldest commit."""
    lib = source("lib", "feat!: a\n\nBREAKING CHANGE: b")
    old = Commit(sha="1" * 40, message="fix: old", committed_at=100 * DAY)
    lib = lib.model_copy(update={"commits": (*lib.commits, old)})
    # Both keep their ranges, so that neither is released.
    api, app = source("api", needs={"lib": ">=1"}), source("app", needs={"api": ">=1"})
    snapshots = [Snapshot(components=(lib, api, app)), Snapshot(components=(app, lib, api))]
    for snapshot in snapshots:
        planned = look_ahead(snapshot, request(lib, api, app))
        assert planned.dependents == {"lib": 2, "api": 1, "app": 0}
        assert counted(planned.plan, snapshot, planned.dependents, now=110.0 * DAY) == Counted(
            commits=2, breaking=1, dependents=2, waiting=timedelta(days=10)
        )
