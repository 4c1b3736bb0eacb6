"""A change in an emergency: the emergency board is asked, also where a normal change waits, and never twice."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import JsonValue
from support.changes import CORRELATION, EMERGENCY, EVERYTHING, PLAN, a_change_call, login_of
from support.jira import Site
from support.servicenow import Instance

from releasepilot.errors import StepError, StepNotReady, StepRefused
from releasepilot.model.receipt import Presence
from releasepilot.plugins.builtin.jira import JiraChange
from releasepilot.plugins.builtin.servicenow import ServiceNowChange, ServiceNowClose
from releasepilot.plugins.spec import Call, Tools

ASK = ServiceNowChange(Tools(cache=Path()))
CLOSE = ServiceNowClose(Tools(cache=Path()))
JIRA = JiraChange(Tools(cache=Path()))


def calm(instance: Instance, **more: JsonValue) -> Call[Any]:
    """Ask as always."""
    return a_change_call(ServiceNowChange, {**login_of(instance), **more})


def urgent(instance: Instance, **more: JsonValue) -> Call[Any]:
    """Ask the same after an override."""
    return a_change_call(ServiceNowChange, {**login_of(instance), **more}, emergency=EMERGENCY)


def decide(instance: Instance, row: dict[str, str], state: str = "approved") -> None:
    """Decide as the board."""
    answer = httpx.patch(
        f"{instance.url}/api/sn_chg_rest/v1/change/{row['sys_id']}/approvals",
        json={"state": state, "comments": "seen"},
        auth=("cab", instance.passwords["cab"]),
    )
    assert answer.status_code == 200


def rows(instance: Instance) -> list[tuple[str, str]]:
    """Return the type and state of each change, the oldest first."""
    return [(one["type"], one["state"]) for one in instance.changes.values()]


@pytest.mark.parametrize("api", ["change", "table"])
async def test_an_override_asks_the_emergency_board_by_itself(instance: Instance, api: str) -> None:
    """Nothing in the catalog says so; the change names incident, reason, people, what was overridden and the train."""
    call = urgent(instance, api=api)
    with pytest.raises(StepNotReady):
        await ASK.apply(call)
    assert rows(instance) == [("emergency", "-3")]
    words = instance.change()["justification"]
    for told in ("outage", "incident INC-7", "cora and carl", "managers", f"releasepilot events {call.train}"):
        assert told in words
    assert instance.change()["correlation_id"] == CORRELATION
    decide(instance, instance.change())
    notes = await ASK.apply(call)
    assert (notes["path"], notes["incident"]) == ("emergency", "INC-7")
    assert len(instance.changes) == 1


async def test_a_model_that_covers_the_plan_still_asks_nobody(instance: Instance) -> None:
    """What is authorised already need not be asked of an emergency board."""
    instance.agreeable = True
    assert (await ASK.apply(urgent(instance, models=[EVERYTHING])))["path"] == "standard"


@pytest.mark.parametrize("approvals", [0, 1])
@pytest.mark.parametrize("api", ["change", "table"])
async def test_a_normal_change_that_waits_gives_way(instance: Instance, approvals: int, api: str) -> None:
    """It is cancelled with why; the emergency one has the same correlation, and is the one that is closed."""
    with pytest.raises(StepNotReady):
        await ASK.apply(calm(instance, api=api))
    (normal,) = instance.changes.values()
    for _ in range(approvals):
        decide(instance, normal)
        with pytest.raises(StepNotReady):
            await ASK.apply(calm(instance, api=api))
    call = urgent(instance, api=api)
    for _ in range(2):
        with pytest.raises(StepNotReady):
            await ASK.apply(call)
    assert rows(instance) == [("normal", "4"), ("emergency", "-3")]
    assert "INC-7" in normal["work_notes"]
    emergency = list(instance.changes.values())[1]
    decide(instance, emergency)
    await ASK.apply(call)
    assert (await ASK.observe(call)).presence is Presence.PRESENT
    await CLOSE.apply(a_change_call(ServiceNowClose, login_of(instance)))
    assert rows(instance) == [("normal", "4"), ("emergency", "3")]


async def test_what_breaks_between_the_two_is_taken_up(instance: Instance) -> None:
    """The normal one is cancelled; the answer to the other is lost, or it was never made: in the end there is one."""
    for fault in (instance.break_after, partial(instance.reply, status=502)):
        instance.changes.clear()
        with pytest.raises(StepNotReady):
            await ASK.apply(calm(instance))
        fault("POST", "/change/emergency")
        for _ in range(3):
            with pytest.raises(StepError):
                await ASK.apply(urgent(instance))
        assert rows(instance) == [("normal", "4"), ("emergency", "-3")]


async def test_leave_that_was_given_is_kept(instance: Instance) -> None:
    """A normal change that may be implemented now, or is, needs no other one."""
    instance.agreeable = True
    await ASK.apply(calm(instance))
    assert (await ASK.observe(urgent(instance))).presence is Presence.PRESENT
    instance.change().update(state="-2")
    assert (await ASK.apply(urgent(instance)))["number"] == "CHG0030001"
    assert rows(instance) == [("normal", "-1")]


async def test_a_normal_change_for_another_day_gives_way(instance: Instance) -> None:
    """It was authorised for next week; the emergency is now."""
    instance.agreeable = True
    await ASK.apply(calm(instance))
    later = datetime.now(UTC) + timedelta(days=7)
    instance.change().update(state="-2", start_date=f"{later:%Y-%m-%d %H:%M:%S}")
    await ASK.apply(urgent(instance))
    assert rows(instance) == [("normal", "4"), ("emergency", "-1")]


async def test_a_no_stays_a_no(instance: Instance) -> None:
    """What the board rejected, normal or emergency, is not asked again; nor is an emergency that people cancelled."""
    with pytest.raises(StepNotReady):
        await ASK.apply(calm(instance))
    decide(instance, instance.change(), "rejected")
    with pytest.raises(StepRefused, match="was rejected"):
        await ASK.apply(urgent(instance))
    instance.change().update(state="4", approval="not requested")
    with pytest.raises(StepNotReady):
        await ASK.apply(urgent(instance))
    emergency = list(instance.changes.values())[1]
    emergency.update(state="4")
    with pytest.raises(StepRefused, match="CHG0030002 was cancelled"):
        await ASK.apply(urgent(instance))
    assert len(instance.changes) == 2


async def test_a_change_about_another_plan_is_left_alone(instance: Instance) -> None:
    """An emergency is no reason to cancel what somebody else asked for."""
    instance.put(correlation_id=CORRELATION, correlation_display="sha256:other", state="-4")
    with pytest.raises(StepError, match="about another plan"):
        await ASK.apply(urgent(instance))
    assert rows(instance) == [("normal", "-4")]


async def test_words_of_an_override_are_data(instance: Instance) -> None:
    """No line of what the board reads can be forged by a name."""
    forged = EMERGENCY.model_copy(update={"by": ("cora\nEmergency: none",)})
    call = a_change_call(ServiceNowChange, login_of(instance), emergency=forged)
    with pytest.raises(StepNotReady):
        await ASK.apply(call)
    assert "Emergency: none" not in instance.change()["justification"].splitlines()


async def test_jira_has_the_same_way(site: Site) -> None:
    """The normal issue is cancelled, the emergency one says what it is by a label and in its description."""

    def call(**more: Any) -> Call[Any]:
        return a_change_call(JiraChange, {**login_of(site), "project": "OPS"}, **more)

    with pytest.raises(StepNotReady):
        await JIRA.apply(call())
    for _ in range(2):
        with pytest.raises(StepNotReady):
            await JIRA.apply(call(emergency=EMERGENCY))
    normal, emergency = (one["fields"] for one in site.issues.values())
    assert normal["status"]["name"] == "Canceled"
    assert emergency["labels"] == [CORRELATION, PLAN.digest, "change:emergency"]
    text = str(emergency["description"])
    assert "A emergency change" not in text
    assert "An emergency change." in text
    assert "incident INC-7" in text
