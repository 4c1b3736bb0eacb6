"""Deployment gating of Jira Service Management: a deployment is shown as pending, and Jira says whether it may begin.

A deployment is known by pipeline, environment and sequence number; what is sent replaces what is there if its update
number is higher. It is worked on later: what was accepted may not be shown yet.
https://developer.atlassian.com/cloud/jira/software/rest/api-group-deployments/
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any
from urllib.parse import quote

from releasepilot.errors import StepRefused
from releasepilot.governance.change import one_line
from releasepilot.plugins.changes.answers import items, mapping
from releasepilot.plugins.changes.connection import Connection

_DEPLOYMENTS = "/rest/deployments/0.1"
#: What an update number is where nothing was sent before.
_FIRST = 1


class GatingStatus(StrEnum):
    """What Jira says of a deployment."""

    AWAITING = "awaiting"
    ALLOWED = "allowed"
    PREVENTED = "prevented"
    #: Nothing in Jira gates it.
    INVALID = "invalid"


class DeploymentState(StrEnum):
    """Where a deployment stands, in Jira's words."""

    PENDING = "pending"
    IN_PROGRESS = "in_progress"
    SUCCESSFUL = "successful"
    CANCELLED = "cancelled"
    ROLLED_BACK = "rolled_back"


@dataclass(frozen=True, kw_only=True)
class Deployment:
    """What is shown of a release; everything but its state comes from the call."""

    pipeline: str
    environment: str
    #: `unmapped`, `development`, `testing`, `staging` or `production`.
    kind: str
    number: int
    #: The plan's digest: a deployment with another one is not ours.
    label: str
    title: str
    text: str
    #: Where people read more: of the release, and of what makes it.
    url: str
    #: The services that the project knows it by.
    services: Sequence[str]


@dataclass(frozen=True, kw_only=True)
class Shown:
    """What Jira has of a deployment."""

    label: str
    state: str
    update: int


class Gating:
    """Deployments of one site."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def shown(self, deployment: Deployment) -> Shown | None:
        """Return what is shown; None where nothing is, or not yet."""
        answer = await self._connection.ask("GET", _place(deployment), missing=True)
        found = answer.body if isinstance(answer.body, Mapping) and answer.status == 200 else None  # noqa: PLR2004 - OK
        if found is None:
            return None
        return Shown(
            label=str(found.get("label", "")),
            state=str(found.get("state", "")),
            update=update if isinstance(update := found.get("updateSequenceNumber"), int) else 0,
        )

    async def show(self, deployment: Deployment, state: DeploymentState, after: Shown | None) -> None:
        """Show it in a state; one that is pending is to be gated. `StepRefused` where Jira takes it for wrong."""
        body = {"deployments": [_body(deployment, state, after.update + 1 if after else _FIRST)]}
        answer = await self._connection.ask("POST", f"{_DEPLOYMENTS}/bulk", body=body)
        if rejected := mapping(answer.body).get("rejectedDeployments"):
            raise StepRefused(f"Jira did not take the deployment: {one_line('; '.join(_messages(rejected)))}")

    async def status(self, deployment: Deployment) -> tuple[GatingStatus, str]:
        """Return whether it may begin, and the issues that say so."""
        answer = await self._connection.ask("GET", f"{_place(deployment)}/gating-status", missing=True)
        said = mapping(answer.body)
        keys = [str(mapping(one).get("issueKey", "")) for one in items(said.get("details"))]
        word = str(said.get("gatingStatus", GatingStatus.AWAITING.value))
        known = GatingStatus(word) if word in tuple(GatingStatus) else GatingStatus.INVALID
        return known, one_line(", ".join(keys))


def _messages(rejected: object) -> list[str]:
    """Return why deployments were rejected."""
    errors = [error for one in items(rejected) for error in items(mapping(one).get("errors"))]
    return [str(mapping(error).get("message", "")) for error in errors]


def _place(deployment: Deployment) -> str:
    names = (deployment.pipeline, deployment.environment)
    pipeline, environment = (quote(name, safe="") for name in names)
    return f"{_DEPLOYMENTS}/pipelines/{pipeline}/environments/{environment}/deployments/{deployment.number}"


def _body(deployment: Deployment, state: DeploymentState, update: int) -> dict[str, Any]:
    """Return a deployment as Jira wants it."""
    gate = {"commands": [{"command": "initiate_deployment_gating"}]} if state is DeploymentState.PENDING else {}
    return {
        "schemaVersion": "1.0",
        "deploymentSequenceNumber": deployment.number,
        "updateSequenceNumber": update,
        "associations": [{"associationType": "serviceIdOrKeys", "values": list(deployment.services)}],
        "displayName": deployment.title,
        "description": deployment.text,
        "label": deployment.label,
        "lastUpdated": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "url": deployment.url,
        "state": state.value,
        "pipeline": {"id": deployment.pipeline, "displayName": deployment.pipeline, "url": deployment.url},
        "environment": {"id": deployment.environment, "displayName": deployment.environment, "type": deployment.kind},
        **gate,
    }
