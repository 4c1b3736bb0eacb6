"""Changes keep the contract, against servers that behave as ServiceNow and Jira do: asked for, looked at, closed."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest
from pydantic import JsonValue
from support.changes import APP_VARIABLE, CORRELATION, EVERYTHING, GATED, PLAN, a_change_call, know, login_of
from support.jira import Site, running_site
from support.servicenow import Instance, running_instance

from releasepilot.plugins.builtin.jira import JiraChange, JiraCheck, JiraClose, JiraDeployed, JiraGate
from releasepilot.plugins.builtin.servicenow import ServiceNowChange, ServiceNowCheck, ServiceNowClose
from releasepilot.plugins.contract import ActuatorContract, Scene
from releasepilot.plugins.spec import Actuator, Tools


class _AtServiceNow(ActuatorContract):
    """An instance that agrees to everything."""

    instance: Instance
    api: ClassVar[str] = "change"

    @pytest.fixture(autouse=True)
    def _serve(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
        with running_instance() as self.instance:
            know(monkeypatch, self.instance)
            self.instance.agreeable = True
            yield

    def _config(self, **more: JsonValue) -> dict[str, JsonValue]:
        return {**login_of(self.instance), "api": self.api, **more}

    def _ask(self, **more: JsonValue) -> None:
        """Ask for the change that a later step is about."""
        ask = ServiceNowChange(Tools(cache=Path()))
        asyncio.run(ask.apply(a_change_call(ServiceNowChange, self._config(**more))))


class TestServiceNowChange(_AtServiceNow):
    """The change is the effect; one that was taken back stays, cancelled or unsuccessful."""

    more: ClassVar[dict[str, JsonValue]] = {}

    def scene(self, folder: Path) -> Scene:
        """Ask; a change about another plan is the clash."""
        return Scene(
            actuator=ServiceNowChange(Tools(cache=folder)),
            call=a_change_call(ServiceNowChange, self._config(**self.more)),
            effects=self.instance.open_changes,
            clash=lambda: self.instance.put(correlation_id=CORRELATION, correlation_display="sha256:other", state="-1"),
        )


class TestServiceNowStandardChange(TestServiceNowChange):
    """A pre-authorised model."""

    more: ClassVar[dict[str, JsonValue]] = {"models": [EVERYTHING]}


class TestServiceNowEmergencyChange(TestServiceNowChange):
    """The emergency board."""

    more: ClassVar[dict[str, JsonValue]] = {"emergency": True, "items": ["ci1", "ci2"]}


class TestServiceNowByTable(TestServiceNowChange):
    """The Table API, where the other one is not installed."""

    api: ClassVar[str] = "table"

    def scene(self, folder: Path) -> Scene:
        """Take the other interface away."""
        self.instance.table_only = True
        return super().scene(folder)


class TestServiceNowCheck(_AtServiceNow):
    """A look at a change that is in force."""

    def scene(self, folder: Path) -> Scene:
        """Look."""
        self._ask()
        call = a_change_call(ServiceNowCheck, self._config())
        return Scene(actuator=ServiceNowCheck(Tools(cache=folder)), call=call, effects=lambda: 0)


class TestServiceNowClose(_AtServiceNow):
    """The closed change is the effect; it stays closed."""

    leaves_nothing: ClassVar[bool] = False

    def scene(self, folder: Path) -> Scene:
        """Close; a change about another plan is the clash."""
        self._ask()
        return Scene(
            actuator=ServiceNowClose(Tools(cache=folder)),
            call=a_change_call(ServiceNowClose, self._config()),
            effects=lambda: sum(one.get("close_code") == "successful" for one in self.instance.changes.values()),
            clash=lambda: self.instance.change().update(correlation_display="sha256:other"),
        )


class _AtJira(ActuatorContract):
    """A site that agrees to everything."""

    site: Site

    @pytest.fixture(autouse=True)
    def _serve(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
        with running_site() as self.site:
            know(monkeypatch, self.site)
            monkeypatch.setenv(APP_VARIABLE, self.site.passwords["bot"])
            self.site.agreeable = True
            yield

    def _scene(self, kind: type[Actuator[Any]], folder: Path, **more: Any) -> Scene:
        call = a_change_call(kind, {**login_of(self.site), "project": "OPS"})
        return Scene(actuator=kind(Tools(cache=folder)), call=call, **more)

    def _ask(self) -> None:
        ask = JiraChange(Tools(cache=Path()))
        asyncio.run(ask.apply(a_change_call(JiraChange, {**login_of(self.site), "project": "OPS"})))


class TestJiraChange(_AtJira):
    """The issue is the effect; one that was taken back stays."""

    def scene(self, folder: Path) -> Scene:
        """Ask; an issue about another plan is the clash."""
        labels = [CORRELATION, "sha256:other"]
        clash = lambda: self.site.put(labels, "Implementing")  # noqa: E731 - a scene takes it as a value
        return self._scene(JiraChange, folder, effects=self.site.open_changes, clash=clash)


class TestJiraCheck(_AtJira):
    """A look at a change that is in force."""

    def scene(self, folder: Path) -> Scene:
        """Look."""
        self._ask()
        return self._scene(JiraCheck, folder, effects=lambda: 0)


class TestJiraClose(_AtJira):
    """The closed issue is the effect; it stays closed."""

    leaves_nothing: ClassVar[bool] = False

    def scene(self, folder: Path) -> Scene:
        """Close."""
        self._ask()
        status = lambda: self.site.issue()["fields"]["status"]["name"]  # noqa: E731
        return self._scene(
            JiraClose,
            folder,
            effects=lambda: int(status() == "Completed"),
        )


class _Gated(_AtJira):
    """A site that allows every deployment."""

    kind: ClassVar[type[Actuator[Any]]]
    states: ClassVar[tuple[str, ...]]

    def scene(self, folder: Path) -> Scene:
        """Deploy; a deployment of another plan is the clash."""
        self.site.gating = "allowed"
        call = a_change_call(self.kind, {"url": self.site.url, **GATED})
        return Scene(
            actuator=self.kind(Tools(cache=folder)),
            call=call,
            effects=lambda: sum(one["state"] in self.states for one in self.site.deployments.values()),
            clash=lambda: self._occupy(call),
        )

    def _occupy(self, call: Any) -> None:
        key = f"pipelines/api/environments/production/deployments/{int(call.train_started_at.timestamp())}"
        self.site.deployments[key] = {"label": "sha256:other", "state": "pending", "updateSequenceNumber": 1}


class TestJiraGate(_Gated):
    """A deployment that is allowed."""

    kind: ClassVar[type[Actuator[Any]]] = JiraGate
    states: ClassVar[tuple[str, ...]] = ("pending", "in_progress")


class TestJiraDeployed(_Gated):
    """A deployment that has ended well."""

    kind: ClassVar[type[Actuator[Any]]] = JiraDeployed
    states: ClassVar[tuple[str, ...]] = ("successful",)


def test_the_plan_is_one_that_is_worth_asking_about() -> None:
    """Two components, so that a change is about more than its own."""
    assert [release.component for release in PLAN.releases] == ["api", "web"]
