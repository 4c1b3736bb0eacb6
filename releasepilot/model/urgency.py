"""Who goes first where more steps are ready than workers take: the urgency of a train, and the team of a component."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from releasepilot.model.catalog import Catalog

#: The label that says whose a component is.
TEAM: Final = "team"


class Urgency(StrEnum):
    """How soon a train's steps are taken, beside those of other trains on the same queues."""

    HOTFIX = "hotfix"
    NORMAL = "normal"
    LOW = "low"


def teams_of(catalog: Catalog) -> dict[str, str]:
    """Return components to their teams, of those that have a label `team`."""
    return {one.name: one.labels[TEAM] for one in catalog.components if TEAM in one.labels}


def team_of(catalog: Catalog) -> str:
    """Return the one team that all components of a train are of; empty where there is no such team."""
    teams = {one.labels.get(TEAM, "") for one in catalog.components}
    return teams.pop() if len(teams) == 1 else ""
