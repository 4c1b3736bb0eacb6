"""Jira Service Management around a release: a change by `jira.change`, `.check` and `.close`, or deployment gating."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, Literal

from pydantic import BaseModel, Field, JsonValue

from releasepilot.errors import StepNotReady, StepRefused
from releasepilot.governance.change import one_line, summary_of
from releasepilot.model.change import ChangeState
from releasepilot.model.receipt import Observation, Presence, Receipt
from releasepilot.model.step import SagaClass, Undo
from releasepilot.model.value import Seconds
from releasepilot.plugins.changes.asking import (
    AskConfig,
    AskForChange,
    CloseChange,
    CloseConfig,
    LookAtChange,
    LookConfig,
    OfSystem,
    SystemConfig,
)
from releasepilot.plugins.changes.connection import Connection
from releasepilot.plugins.changes.gating import Deployment, DeploymentState, Gating, GatingStatus
from releasepilot.plugins.changes.jira import Jira, JiraUse
from releasepilot.plugins.changes.record import plan_of
from releasepilot.plugins.spec import Call


class JiraConfig(SystemConfig):
    """The project."""

    #: The key of the project that changes are kept in.
    project: str = Field(pattern=r"^[A-Z][A-Z0-9_]{1,79}$")
    #: The issue type of a change.
    issue_type: str = Field(default="[System] Change", alias="issue-type", min_length=1, max_length=100)
    #: Status to what it means, beside those of the change workflow as it is delivered.
    statuses: dict[str, ChangeState] = Field(default={}, max_length=100)
    #: The custom field of the planned start, such as `customfield_10010`.
    start_field: str = Field(default="", alias="start-field", pattern=r"^(customfield_[0-9]{1,10})?$")
    #: The custom field of the planned end.
    end_field: str = Field(default="", alias="end-field", pattern=r"^(customfield_[0-9]{1,10})?$")


class JiraChangeConfig(JiraConfig, AskConfig):
    """What is asked in which project."""

    #: Further fields of every change, as Jira's interface wants them.
    fields: dict[str, JsonValue] = Field(default={}, max_length=100)


class JiraCheckConfig(JiraConfig, LookConfig):
    """Which project is asked, and what is done about drift."""


class JiraCloseConfig(JiraConfig, CloseConfig):
    """Which project is told, and what is done where it takes no end."""


class JiraChange(AskForChange):
    """Asks for a change in Jira Service Management and waits until it is authorised, before anything is public.

    The plan is in its description and attached to it. Where the change may go next is asked of Jira; it approves
    nothing itself. A rollback cancels the change, or closes it as unsuccessful where it was being implemented.
    """

    name: ClassVar[str] = "jira.change"
    Config: ClassVar[type[BaseModel]] = JiraChangeConfig

    def system(self, connection: Connection, config: JiraChangeConfig) -> Jira:
        """Speak to the site."""
        return Jira(connection, _use(config, config.fields))


class JiraCheck(LookAtChange):
    """Looks whether the change of this component is still in force, and pauses or fails by policy where it is not."""

    name: ClassVar[str] = "jira.check"
    Config: ClassVar[type[BaseModel]] = JiraCheckConfig

    def system(self, connection: Connection, config: JiraConfig) -> Jira:
        """Speak to the site."""
        return Jira(connection, _use(config))


class JiraClose(CloseChange):
    """Closes the change of this component as successful, with what was released attached.

    A closed change stays closed, also one that people closed; a rollback after that adds a note to it.
    """

    name: ClassVar[str] = "jira.close"
    Config: ClassVar[type[BaseModel]] = JiraCloseConfig

    def system(self, connection: Connection, config: JiraConfig) -> Jira:
        """Speak to the site."""
        return Jira(connection, _use(config))


def _use(config: JiraConfig, fields: dict[str, JsonValue] | None = None) -> JiraUse:
    return JiraUse(
        server=config.url,
        project=config.project,
        issue_type=config.issue_type,
        statuses={name.lower(): state for name, state in config.statuses.items()},
        start_field=config.start_field,
        end_field=config.end_field,
        fields=fields,
    )


class GatedConfig(SystemConfig):
    """The deployment that Jira is shown."""

    #: The services of the project, as Jira calls them.
    services: list[str] = Field(min_length=1, max_length=100)
    #: The environment that is deployed to.
    environment: str = Field(default="production", min_length=1, max_length=255)
    #: What Jira takes the environment for.
    kind: Literal["unmapped", "development", "testing", "staging", "production"] = "production"
    #: The pipeline; the component where it is not said.
    pipeline: str = Field(default="", max_length=255)
    #: Where people read more about it; the site where it is not said.
    link: str = Field(default="", max_length=2000)


class GateConfig(GatedConfig):
    """The deployment that is gated, and how long to be patient."""

    #: Time between two looks while people decide.
    interval: Seconds = Field(default=60, ge=1, le=3600)
    #: Give up where it is not allowed after so long.
    within: Seconds = Field(default=30 * 86400, ge=1, le=365 * 86400)


class _Gated(OfSystem[Any]):
    """What the two have in common: the deployment."""

    effect: ClassVar[bool] = True
    undo: ClassVar[Undo] = Undo.REVERT
    #: The state that is this step's effect, and the one that takes it back.
    reached: ClassVar[tuple[DeploymentState, ...]]
    taken_back: ClassVar[DeploymentState]

    def system(self, connection: Connection, _config: GatedConfig) -> Gating:
        """Speak to the site."""
        return Gating(connection)

    async def observe(self, call: Call[Any]) -> Observation:
        """Say in which state the deployment is shown."""
        deployment = _deployment(call)
        async with self.opened(call) as gating:
            shown = await gating.shown(deployment)
        if shown is None:
            return Observation(presence=Presence.ABSENT)
        if shown.label != deployment.label:
            return Observation(presence=Presence.CONFLICT, detail=f"deployment {deployment.number} is of another plan")
        presence = Presence.PRESENT if shown.state in self.reached else Presence.ABSENT
        return Observation(presence=presence, found=f"{deployment.pipeline} {deployment.number}", detail=shown.state)

    async def revert(self, call: Call[Any], _receipt: Receipt | None) -> str:
        """Show it as taken back; it stays visible as that."""
        deployment = _deployment(call)
        async with self.opened(call) as gating:
            shown = await gating.shown(deployment)
            if shown is None or shown.label != deployment.label:
                return ""
            if shown.state not in (DeploymentState.CANCELLED, DeploymentState.ROLLED_BACK):
                await gating.show(deployment, self.taken_back, shown)
        return f"deployment {deployment.number} of {deployment.pipeline} stays visible, as taken back"


class JiraGate(_Gated):
    """Shows Jira a pending deployment and waits until its gating allows it, before anything is public.

    Jira Service Management makes a change request of it where its project asks for one. The token is that of an app
    that may provide deployments.
    """

    name: ClassVar[str] = "jira.gate"
    Config: ClassVar[type[BaseModel]] = GateConfig
    saga_class: ClassVar[SagaClass] = SagaClass.COMPENSATABLE
    prior: ClassVar[bool] = True
    patient: ClassVar[bool] = True
    reached: ClassVar[tuple[DeploymentState, ...]] = (DeploymentState.IN_PROGRESS, DeploymentState.SUCCESSFUL)
    taken_back: ClassVar[DeploymentState] = DeploymentState.CANCELLED

    async def apply(self, call: Call[Any]) -> dict[str, str]:
        """Show it as pending, wait until it is allowed, and show it as begun. The notes name the issues."""
        deployment = _deployment(call)
        async with self.opened(call) as gating:
            shown = await gating.shown(deployment)
            if shown is None:
                await gating.show(deployment, DeploymentState.PENDING, None)
            status, issues = await gating.status(deployment)
            _await(call, status, issues)
            await gating.show(deployment, DeploymentState.IN_PROGRESS, shown or await gating.shown(deployment))
        return {"issues": issues}


class JiraDeployed(_Gated):
    """Shows Jira that the deployment of this component has ended well; a rollback shows it as rolled back."""

    name: ClassVar[str] = "jira.deployed"
    Config: ClassVar[type[BaseModel]] = GatedConfig
    saga_class: ClassVar[SagaClass] = SagaClass.RETRIABLE
    reached: ClassVar[tuple[DeploymentState, ...]] = (DeploymentState.SUCCESSFUL,)
    taken_back: ClassVar[DeploymentState] = DeploymentState.ROLLED_BACK

    async def apply(self, call: Call[Any]) -> dict[str, str]:
        """Show it as successful."""
        deployment = _deployment(call)
        async with self.opened(call) as gating:
            await gating.show(deployment, DeploymentState.SUCCESSFUL, await gating.shown(deployment))
        return {}


def _await(call: Call[Any], status: GatingStatus, issues: str) -> None:
    """Raise where the deployment may not begin, or not yet."""
    by = f" by {issues}" if issues else ""
    if status in (GatingStatus.PREVENTED, GatingStatus.INVALID):
        raise StepRefused(
            f"Jira says of the deployment: {status}{by}",
            hint="ask the board" if status is GatingStatus.PREVENTED else "set up gating for the service in Jira",
            component=call.release.component,
        )
    if status is GatingStatus.AWAITING:
        if datetime.now(UTC) >= call.scheduled_at + timedelta(seconds=call.config.within):
            raise StepRefused(
                f"the deployment was not allowed within {call.config.within} seconds{by}",
                hint="ask the board, or raise `within`",
                component=call.release.component,
            )
        raise StepNotReady(
            f"Jira has not decided on the deployment yet{by}",
            after=float(call.config.interval),
            component=call.release.component,
        )


def _deployment(call: Call[Any]) -> Deployment:
    """Return what is shown. Its number follows from the start of the train, so it is the same in each attempt."""
    plan, config = plan_of(call), call.config
    return Deployment(
        pipeline=config.pipeline or call.release.component,
        environment=config.environment,
        kind=config.kind,
        number=int(call.train_started_at.timestamp()),
        label=plan.digest,
        title=one_line(f"{call.release.component} {call.release.to_version}"),
        text=summary_of(plan),
        url=config.link or config.url,
        services=tuple(config.services),
    )
