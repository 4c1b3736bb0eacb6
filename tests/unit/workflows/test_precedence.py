"""Who goes first: the order of urgencies, and whose a component is."""

from __future__ import annotations

from itertools import pairwise

import pytest

from releasepilot.model.catalog import Catalog
from releasepilot.model.urgency import Urgency, team_of, teams_of
from releasepilot.workflows.precedence import Precedence


def numbers(*places: int | None) -> list[int]:
    """Return the numbers, all of which are there."""
    return [place for place in places if place is not None]


def test_an_emergency_is_before_a_hotfix_before_the_rest() -> None:
    """Each urgency has a number of its own, and what is undone is as urgent as a hotfix, whatever it was."""
    hotfix, normal, low = (Precedence(team="shop", urgency=urgency) for urgency in Urgency)
    order = numbers(
        low.train(emergency=True).priority_key,
        hotfix.step("lib").priority_key,
        normal.step("lib").priority_key,
        low.step("lib").priority_key,
    )
    assert all(before < after for before, after in pairwise(order))
    assert {one.undoing().step("lib").priority_key for one in (hotfix, normal, low)} == {order[1]}
    # What says nothing is a 3 to Temporal.
    assert order[2] == 3


@pytest.mark.parametrize(
    ("labels", "team"),
    [
        (({"team": "shop"}, {"team": "shop"}), "shop"),
        (({"team": "shop"}, {"team": "bank"}), ""),
        (({"team": "shop"}, {}), ""),
        (({}, {"environment": "production"}), ""),
    ],
)
def test_a_train_is_of_the_team_of_all_its_components(labels: tuple[dict[str, str], ...], team: str) -> None:
    """Where they have no such team, it is of none."""
    components = [{"name": f"c{number}", "repo": "/none", "labels": given} for number, given in enumerate(labels)]
    catalog = Catalog.model_validate({"version": 1, "train": "all", "components": components})
    assert team_of(catalog) == team
    assert teams_of(catalog) == {f"c{number}": one["team"] for number, one in enumerate(labels) if "team" in one}
