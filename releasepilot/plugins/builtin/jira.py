"""`jira.change`, `jira.check` and `jira.close`: a change of Jira Service Management around a release."""

from __future__ import annotations

from typing import ClassVar

from pydantic import BaseModel, Field, JsonValue

from releasepilot.model.change import ChangeState
from releasepilot.plugins.changes.asking import (
    AskConfig,
    AskForChange,
    CloseChange,
    LookAtChange,
    LookConfig,
    SystemConfig,
)
from releasepilot.plugins.changes.connection import Connection
from releasepilot.plugins.changes.jira import Jira, JiraUse


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

    A closed change stays closed: a rollback after that adds a note to it.
    """

    name: ClassVar[str] = "jira.close"
    Config: ClassVar[type[BaseModel]] = JiraConfig

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
