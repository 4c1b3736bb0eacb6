"""A plan that a board is asked about, and calls of the actuators that ask."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import JsonValue
from support.calls import TRAIN, a_call
from support.plans import planned, source
from support.services import Service

from releasepilot.model.emergency import Emergency
from releasepilot.plugins.spec import Actuator, Call

PLAN = planned(source("api", "feat: faster search"), source("web", "fix: a typo", needs={"api": "^1.0.0"}))
CORRELATION = f"{TRAIN}/api"
#: The variable in which the worker finds the password.
VARIABLE = "TEST_CHANGE_PASSWORD"

#: The variable in which the worker finds the token of an app.
APP_VARIABLE = "TEST_CHANGE_APP_TOKEN"
#: A deployment of one service.
GATED: dict[str, JsonValue] = {"token": f"env:{APP_VARIABLE}", "services": ["svc-1"]}

#: A model that covers everything that is planned here.
EVERYTHING: JsonValue = {"id": "template1", "name": "Everything", "bumps": ["patch", "minor", "major"]}


def login_of(service: Service, account: str = "bot") -> dict[str, JsonValue]:
    """Name the credentials of an account."""
    return {"url": service.url, "user": account, "password": f"env:{VARIABLE}"}


def know(monkeypatch: pytest.MonkeyPatch, service: Service, account: str = "bot") -> None:
    """Put the password where the worker looks for it."""
    monkeypatch.setenv(VARIABLE, service.passwords[account])


#: What two people said because of an incident.
EMERGENCY = Emergency(
    incident="INC-7",
    reason="outage",
    by=("cora", "carl"),
    waives=("managers",),
    at=datetime(2026, 6, 1, 12, 30, tzinfo=UTC),
)


def a_change_call(
    kind: type[Actuator[Any]],
    config: dict[str, JsonValue],
    *,
    at: datetime | None = None,
    emergency: Emergency | None = None,
) -> Call[Any]:
    """Call an actuator for the plan."""
    call = a_call(kind, PLAN.releases[0], config, scheduled_at=at or datetime.now(UTC), plan=PLAN)
    return replace(call, emergency=emergency)
