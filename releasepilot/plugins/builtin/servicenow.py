"""`servicenow.change`, `servicenow.check` and `servicenow.close`: a change record of ServiceNow around a release."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import BaseModel, Field

from releasepilot.model.catalog import StepDeclaration
from releasepilot.plugins.changes.asking import (
    AskConfig,
    AskForChange,
    CloseChange,
    CloseConfig,
    LookAtChange,
    LookConfig,
    SystemConfig,
)
from releasepilot.plugins.changes.connection import Connection
from releasepilot.plugins.changes.servicenow import ServiceNow, ServiceNowUse


class ServiceNowConfig(SystemConfig):
    """The instance."""

    #: The Change Management API, or the Table API where the former is not installed.
    api: Literal["change", "table"] = "change"


class ServiceNowChangeConfig(ServiceNowConfig, AskConfig):
    """What is asked of which instance."""

    #: Fields of every change, such as `assignment_group`. What the instance ignores is left out.
    fields: dict[str, str] = Field(default={}, max_length=100)
    #: The sys_ids of the configuration items that are affected.
    items: list[str] = Field(default=[], max_length=100)


class ServiceNowCheckConfig(ServiceNowConfig, LookConfig):
    """Which instance is asked, and what is done about drift."""


class ServiceNowCloseConfig(ServiceNowConfig, CloseConfig):
    """Which instance is told, and what is done where it takes no end."""


class ServiceNowChange(AskForChange):
    """Asks for a change in ServiceNow and waits until it is authorised, before anything is public.

    The plan is in its implementation, test and backout plans and attached to it. Where the change may go next is asked
    of the instance; it approves nothing itself. A rollback cancels the change, or closes it as unsuccessful where it
    was being implemented.
    """

    name: ClassVar[str] = "servicenow.change"
    Config: ClassVar[type[BaseModel]] = ServiceNowChangeConfig

    @classmethod
    def objection(cls, declaration: StepDeclaration, config: BaseModel) -> str:
        """Refuse what the Table API cannot do, too."""
        beyond = (
            isinstance(config, ServiceNowChangeConfig) and config.api == "table" and (config.models or config.items)
        )
        said = "the Table API knows no templates and no workers: leave `models` and `items` out, or use `api: change`"
        return super().objection(declaration, config) or (said if beyond else "")

    def system(self, connection: Connection, config: ServiceNowChangeConfig) -> ServiceNow:
        """Speak to the instance."""
        use = ServiceNowUse(
            server=config.url, table=config.api == "table", fields=config.fields, items=tuple(config.items)
        )
        return ServiceNow(connection, use)


class ServiceNowCheck(LookAtChange):
    """Looks whether the change of this component is still in force, and pauses or fails by policy where it is not."""

    name: ClassVar[str] = "servicenow.check"
    Config: ClassVar[type[BaseModel]] = ServiceNowCheckConfig

    def system(self, connection: Connection, config: ServiceNowConfig) -> ServiceNow:
        """Speak to the instance."""
        return ServiceNow(connection, ServiceNowUse(server=config.url, table=config.api == "table"))


class ServiceNowClose(CloseChange):
    """Closes the change of this component as successful, with what was released attached.

    A closed change stays closed, also one that people closed; a rollback after that adds a note to it.
    """

    name: ClassVar[str] = "servicenow.close"
    Config: ClassVar[type[BaseModel]] = ServiceNowCloseConfig

    def system(self, connection: Connection, config: ServiceNowConfig) -> ServiceNow:
        """Speak to the instance."""
        return ServiceNow(connection, ServiceNowUse(server=config.url, table=config.api == "table"))
