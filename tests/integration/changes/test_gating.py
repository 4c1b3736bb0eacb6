"""Deployment gating: a pending deployment, what Jira says of it, and how it ends."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from support.changes import APP_VARIABLE, GATED, PLAN, a_change_call
from support.jira import Site

from releasepilot.errors import StepError, StepNotReady, StepRefused
from releasepilot.model.receipt import Presence
from releasepilot.plugins.builtin.jira import JiraDeployed, JiraGate
from releasepilot.plugins.spec import Call, Tools

GATE = JiraGate(Tools(cache=Path()))
DEPLOYED = JiraDeployed(Tools(cache=Path()))


@pytest.fixture
def gated(site: Site, monkeypatch: pytest.MonkeyPatch) -> Site:
    """Give the site, with the token of an app."""
    monkeypatch.setenv(APP_VARIABLE, site.passwords["bot"])
    return site


def gating(site: Site, *, at: datetime | None = None, **more: Any) -> Call[Any]:
    """Ask whether the deployment may begin."""
    return a_change_call(JiraGate, {"url": site.url, **GATED, **more}, at=at)


async def test_a_deployment_waits_until_it_is_allowed(gated: Site) -> None:
    """It is shown as pending with the command to gate it, once; then as begun, without."""
    call = gating(gated, interval="9s")
    for _ in range(2):
        with pytest.raises(StepNotReady, match="by OPS-7") as caught:
            await GATE.apply(call)
        assert caught.value.after == 9
    assert gated.count("POST", "/bulk") == 1
    shown = gated.deployment()
    assert (shown["state"], shown["label"]) == ("pending", PLAN.digest)
    assert shown["commands"] == [{"command": "initiate_deployment_gating"}]
    assert (await GATE.observe(call)).presence is Presence.ABSENT
    gated.gating = "allowed"
    assert await GATE.apply(call) == {"issues": "OPS-7"}
    assert gated.deployment()["state"] == "in_progress"
    assert "commands" not in gated.deployment()
    assert (await GATE.observe(call)).presence is Presence.PRESENT


@pytest.mark.parametrize("status", ["prevented", "invalid", "something new"])
async def test_a_deployment_that_may_not_begin_is_refused(gated: Site, status: str) -> None:
    """Also where nothing gates it, or Jira says what we do not know."""
    gated.gating = status
    with pytest.raises(StepRefused):
        await GATE.apply(gating(gated))
    assert "stays visible" in await GATE.revert(gating(gated), None)
    assert gated.deployment()["state"] == "cancelled"


async def test_what_was_accepted_may_not_be_shown_yet(gated: Site) -> None:
    """It is sent again with the same number, which changes nothing."""
    gated.deployment_lag = 3
    for _ in range(3):
        with pytest.raises(StepNotReady):
            await GATE.apply(gating(gated))
    assert len(gated.deployments) == 1
    assert gated.deployment()["updateSequenceNumber"] == 1


async def test_a_lost_answer_shows_no_second_deployment(gated: Site) -> None:
    """Its number follows from the train."""
    gated.gating = "allowed"
    gated.break_after("POST", "/bulk")
    with pytest.raises(StepError):
        await GATE.apply(gating(gated))
    await GATE.apply(gating(gated))
    assert len(gated.deployments) == 1


async def test_a_deployment_that_jira_does_not_take_is_told(gated: Site) -> None:
    """202 is no success: what was rejected stands in the answer."""
    with pytest.raises(StepRefused, match="no such service"):
        await GATE.apply(gating(gated, services=["unknown"]))


async def test_patience_ends(gated: Site) -> None:
    """A deployment that nobody decides on does not hold a train for ever."""
    with pytest.raises(StepRefused, match="was not allowed within 60 seconds"):
        await GATE.apply(gating(gated, at=datetime.now(UTC) - timedelta(minutes=2), within="60s"))


async def test_an_end_is_shown_and_taken_back(gated: Site) -> None:
    """Successful, and rolled back where the train is later."""
    gated.gating = "allowed"
    await GATE.apply(gating(gated))
    call = a_change_call(JiraDeployed, {"url": gated.url, **GATED})
    await DEPLOYED.apply(call)
    assert gated.deployment()["state"] == "successful"
    await DEPLOYED.revert(call, None)
    await GATE.revert(gating(gated), None)
    assert gated.deployment()["state"] == "rolled_back"
