"""A change in ServiceNow from draft to closed, and everything that its documentation warns of."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import JsonValue
from support.changes import CORRELATION, EVERYTHING, PLAN, a_change_call, login_of
from support.patience import until
from support.servicenow import Instance
from support.services import Fault, Reply

from releasepilot.errors import StepConflict, StepError, StepNotReady, StepRefused
from releasepilot.model.receipt import Presence
from releasepilot.plugins.builtin.servicenow import ServiceNowChange, ServiceNowCheck, ServiceNowClose
from releasepilot.plugins.changes import servicenow
from releasepilot.plugins.spec import Call, Tools

ASK = ServiceNowChange(Tools(cache=Path()))
CHECK = ServiceNowCheck(Tools(cache=Path()))
CLOSE = ServiceNowClose(Tools(cache=Path()))


def asking(instance: Instance, *, at: datetime | None = None, **more: JsonValue) -> Call[Any]:
    """Ask for a change."""
    return a_change_call(ServiceNowChange, {**login_of(instance), **more}, at=at)


def checking(instance: Instance, **more: JsonValue) -> Call[Any]:
    """Look at the change."""
    return a_change_call(ServiceNowCheck, {**login_of(instance), **more})


def closing(instance: Instance, **more: JsonValue) -> Call[Any]:
    """Close the change."""
    return a_change_call(ServiceNowClose, {**login_of(instance), **more})


def decide(instance: Instance, row: Mapping[str, str], account: str = "cab", **decision: str) -> httpx.Response:
    """Approve or reject with the credentials of an account."""
    return httpx.patch(
        f"{instance.url}/api/sn_chg_rest/v1/change/{row['sys_id']}/approvals",
        json={"state": "approved", **decision},
        auth=(account, instance.passwords[account]),
    )


async def tried(call: Call[Any]) -> None:
    """Apply as the engine does: what can be tried again is not the end."""
    try:
        await ASK.apply(call)
    except StepError as error:
        if not error.retryable:
            raise


async def test_a_normal_change_waits_for_both_approvals(instance: Instance) -> None:
    """It is handed in, assessed, authorised, and begun to be implemented once people have decided."""
    call = asking(instance, interval="7s")
    with pytest.raises(StepNotReady) as caught:
        await ASK.apply(call)
    assert caught.value.after == 7
    assert "CHG0030001 is in Assess" in caught.value.message
    decide(instance, instance.change())
    with pytest.raises(StepNotReady, match="is in Authorize"):
        await ASK.apply(call)
    decide(instance, instance.change())
    assert (await ASK.observe(call)).presence is Presence.ABSENT
    notes = await ASK.apply(call)
    assert (notes["number"], notes["path"]) == ("CHG0030001", "normal")
    assert (await ASK.observe(call)).presence is Presence.PRESENT
    assert len(instance.changes) == 1


async def test_the_board_reads_the_plan(instance: Instance) -> None:
    """Its three plans and its digest are in the fields, and the whole of it is attached, once."""
    call = asking(instance, fields={"assignment_group": "releases"})
    for _ in range(2):
        with pytest.raises(StepNotReady):
            await ASK.apply(call)
    row = instance.change()
    assert row["correlation_id"] == CORRELATION
    assert row["correlation_display"] == PLAN.digest
    assert row["assignment_group"] == "releases"
    assert "1. api 1.0.0 to 1.1.0" in row["implementation_plan"]
    assert "web/push" in row["backout_plan"]
    assert row["test_plan"]
    assert [one["file_name"] for one in instance.attachments] == [f"plan-{PLAN.digest[-12:]}.txt"]


async def test_nobody_approves_their_own_change(instance: Instance) -> None:
    """Approvals act as the calling user: the account that asks cannot give one, and never tries."""
    with pytest.raises(StepNotReady):
        await ASK.apply(asking(instance))
    refused = decide(instance, instance.change(), account="bot")
    assert refused.status_code == 400
    assert instance.change()["approval"] == "requested"
    asked = len(instance.asked)
    with pytest.raises(StepNotReady):
        await ASK.apply(asking(instance))
    assert not any("approvals" in one.path for one in instance.asked[asked:])


async def test_a_rejection_needs_a_reason_and_ends_it(instance: Instance) -> None:
    """A rejected change is a draft again with a rejected approval: it is not handed in anew."""
    call = asking(instance)
    with pytest.raises(StepNotReady):
        await ASK.apply(call)
    assert decide(instance, instance.change(), state="rejected").status_code == 400
    decide(instance, instance.change(), state="rejected", comments="not before the audit")
    with pytest.raises(StepRefused, match="CHG0030001 was rejected"):
        await ASK.apply(call)
    assert (await ASK.revert(call, None)) == "CHG0030001 stays, rejected"
    assert len(instance.changes) == 1


async def test_a_standard_change_asks_nobody(instance: Instance) -> None:
    """It is made of its template and goes from new to scheduled."""
    await ASK.apply(asking(instance, models=[EVERYTHING]))
    assert instance.count("POST", "/change/standard/template1") == 1
    assert instance.change()["state"] == "-1"


async def test_an_emergency_is_not_assessed(instance: Instance) -> None:
    """It waits for the emergency board alone."""
    call = asking(instance, emergency=True)
    with pytest.raises(StepNotReady, match="is in Authorize"):
        await ASK.apply(call)
    decide(instance, instance.change())
    await ASK.apply(call)
    assert instance.change()["state"] == "-1"


async def test_states_of_a_model_of_their_own(instance: Instance) -> None:
    """Where a change may go is asked, and a state with another number is known by its label."""
    instance.model_labels = {"101": "Authorize", "102": "Peer check", "103": "Scheduled", "104": "Implement"}
    instance.model_next = {"-5": ["102", "101"], "101": ["103"], "103": ["104"]}
    call = asking(instance)
    with pytest.raises(StepNotReady, match="is in Authorize"):
        await ASK.apply(call)
    instance.change()["state"] = "103"
    await ASK.apply(call)
    assert instance.change()["state"] == "104"
    instance.change()["state"] = "102"
    with pytest.raises(StepNotReady, match="is in Peer check"):
        await ASK.apply(call)


async def test_unmet_conditions_are_told(instance: Instance) -> None:
    """Where nothing is offered yet, the reason is the instance's own."""
    instance.model_next = {"-5": []}
    with pytest.raises(StepNotReady, match="cannot go to assess or authorize or scheduled yet"):
        await ASK.apply(asking(instance))


async def test_a_query_that_is_ignored_finds_no_other_change(instance: Instance) -> None:
    """Other rows come back, over several pages; the id is looked for in each of them."""
    for number in range(450):
        instance.put(correlation_id=f"other/{number}")
    instance.ignores_queries = True
    instance.agreeable = True
    call = asking(instance)
    assert (await ASK.observe(call)).presence is Presence.ABSENT
    assert instance.count("GET", "/change") == 3
    await ASK.apply(call)
    await ASK.apply(call)
    assert len(instance.changes) == 451
    assert all(one["state"] == "-5" for one in list(instance.changes.values())[:450])


async def test_an_ignored_query_over_too_many_rows_is_no_absence(
    instance: Instance, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where not every row can be looked at, nothing is made."""
    monkeypatch.setattr(servicenow, "_PAGES", 2)
    for number in range(400):
        instance.put(correlation_id=f"other/{number}")
    instance.ignores_queries = True
    with pytest.raises(StepError, match="ignores the query"):
        await ASK.apply(asking(instance))
    assert len(instance.changes) == 400


@pytest.mark.parametrize("field", ["correlation_id", "correlation_display"])
async def test_a_change_that_could_not_be_found_again_is_taken_back(instance: Instance, field: str) -> None:
    """Ignored fields are listed in the answer; without these a second change would be made each time."""
    instance.unwritable = {field}
    with pytest.raises(StepRefused, match="did not take the correlation of CHG0030001"):
        await ASK.apply(asking(instance))
    assert instance.change()["state"] == "4"


async def test_other_ignored_fields_do_no_harm(instance: Instance) -> None:
    """An instance without such a column says so, and goes on."""
    instance.agreeable = True
    await ASK.apply(asking(instance, fields={"u_no_such_column": "x"}))
    assert "u_no_such_column" not in instance.change()


@pytest.mark.parametrize("status", [500, 502, 503, 504])
async def test_an_answer_that_is_lost_makes_no_second_change(instance: Instance, status: int) -> None:
    """The change was made and the gateway failed: it is found by its id, in this attempt or in the next."""
    instance.agreeable = True
    instance.break_after("POST", "/change/normal", status=status)
    call = asking(instance)
    for _ in range(2):
        await tried(call)
    assert len(instance.changes) == 1
    assert instance.change()["state"] == "-1"


@pytest.mark.parametrize("path", ["/attachment/file", "/ci", "/change/0"])
async def test_every_other_lost_answer_is_survived_too(instance: Instance, path: str) -> None:
    """Attached once, associated once, moved once."""
    instance.agreeable = True
    for method in ("POST", "PATCH"):
        instance.break_after(method, path)
    call = asking(instance, items=["ci1"])
    for _ in range(3):
        await tried(call)
    assert (await ASK.observe(call)).presence is Presence.PRESENT
    assert len(instance.changes) == len(instance.attachments) == 1
    assert instance.affected[instance.change()["sys_id"]] == ["ci1"]


async def test_long_work_is_waited_for(instance: Instance) -> None:
    """202 with a worker is no success yet, and a worker that failed is none at all."""
    instance.agreeable = True
    await ASK.apply(asking(instance, items=["ci1", "ci2"]))
    assert instance.count("GET", "/change/worker/") == 2
    assert instance.affected[instance.change()["sys_id"]] == ["ci1", "ci2"]


async def test_throttling_is_obeyed(instance: Instance) -> None:
    """429 says how long to stay away, in seconds or as a date, within reason."""
    instance.reply("GET", "/change", 429, Retry_After="17")
    with pytest.raises(StepNotReady) as caught:
        await ASK.apply(asking(instance))
    assert caught.value.after == 17
    instance.reply("GET", "/change", 429, Retry_After="99999999")
    with pytest.raises(StepNotReady) as caught:
        await ASK.apply(asking(instance))
    assert caught.value.after == 3600
    late = f"{datetime.now(UTC) + timedelta(minutes=2):%a, %d %b %Y %H:%M:%S} GMT"
    instance.reply("GET", "/change", 429, Retry_After=late)
    with pytest.raises(StepNotReady) as caught:
        await ASK.apply(asking(instance))
    assert 100 < caught.value.after <= 120
    instance.reply("GET", "/change", 429, Retry_After="soon")
    with pytest.raises(StepNotReady) as caught:
        await ASK.apply(asking(instance))
    assert caught.value.after == 30


async def test_two_creates_at_once_leave_one_change(instance: Instance) -> None:
    """Neither saw the other's; the later one is cancelled, and the next attempts agree on the earlier."""
    instance.agreeable = True
    instance.slow("POST", "/change/normal", 0.3)
    instance.slow("POST", "/change/normal", 0.3)
    call = asking(instance)
    first = await asyncio.gather(ASK.apply(call), ASK.apply(call), return_exceptions=True)
    assert all(isinstance(one, dict | StepNotReady) for one in first)
    assert await ASK.apply(call) == await ASK.apply(call)
    states = [one["state"] for one in instance.changes.values()]
    assert states == ["-1", "4"]


async def test_several_open_changes_are_a_conflict(instance: Instance) -> None:
    """Only people know which one the board looked at."""
    for _ in range(2):
        instance.put(correlation_id=CORRELATION, correlation_display=PLAN.digest)
    for verb in (ASK.observe, ASK.apply):
        with pytest.raises(StepConflict, match="CHG0030001, CHG0030002"):
            await verb(asking(instance))


async def test_a_cancelled_change_counts_where_there_is_no_other(instance: Instance) -> None:
    """It was said no to, and a new one is not made behind the board's back."""
    instance.put(correlation_id=CORRELATION, correlation_display=PLAN.digest, state="4")
    with pytest.raises(StepRefused, match="was cancelled"):
        await ASK.apply(asking(instance))
    assert len(instance.changes) == 1


async def test_a_change_on_hold_waits(instance: Instance) -> None:
    """Also where a business rule takes every move back without a word."""
    instance.put(correlation_id=CORRELATION, correlation_display=PLAN.digest, state="-2", on_hold="true")
    with pytest.raises(StepNotReady, match="is on hold"):
        await ASK.apply(asking(instance))
    assert instance.change()["state"] == "-2"


async def test_a_scheduled_change_is_not_begun_early(instance: Instance) -> None:
    """Times are read from their values in UTC, however the account sees them; the wait reaches to the beginning."""
    begin = datetime.now(UTC) + timedelta(minutes=20)
    times = {"start_date": f"{begin:%Y-%m-%d %H:%M:%S}", "end_date": f"{begin + timedelta(hours=1):%Y-%m-%d %H:%M:%S}"}
    instance.put(correlation_id=CORRELATION, correlation_display=PLAN.digest, state="-2", approval="approved", **times)
    with pytest.raises(StepNotReady, match="is scheduled for") as caught:
        await ASK.apply(asking(instance))
    assert 1100 < caught.value.after <= 1200
    instance.change()["start_date"] = "2026-01-01 10:00:00"
    await ASK.apply(asking(instance))
    assert instance.change()["state"] == "-1"


async def test_a_schedule_that_has_passed_is_no_leave(instance: Instance) -> None:
    """The board agreed to another time."""
    times = {"start_date": "2026-01-01 10:00:00", "end_date": "2026-01-01 12:00:00"}
    instance.put(correlation_id=CORRELATION, correlation_display=PLAN.digest, state="-2", **times)
    with pytest.raises(StepRefused, match="which has passed"):
        await ASK.apply(asking(instance))


async def test_a_board_that_meets_later_is_asked_seldom(instance: Instance) -> None:
    """The change is scheduled from the first meeting that takes it, and looked at once an hour until then."""
    board: JsonValue = {"zone": "UTC", "start": "2026-01-01T10:00", "rrule": "FREQ=DAILY", "lead": "2d"}
    at = datetime.now(UTC)
    with pytest.raises(StepNotReady) as caught:
        await ASK.apply(asking(instance, board=board, duration="2h", at=at))
    assert caught.value.after == 3600
    begin = datetime.fromisoformat(instance.change()["start_date"]).replace(tzinfo=UTC)
    assert timedelta(days=2) <= begin - at <= timedelta(days=3)
    assert instance.change()["end_date"] == f"{begin + timedelta(hours=2):%Y-%m-%d %H:%M:%S}"


async def test_patience_ends(instance: Instance) -> None:
    """A change that nobody decides on does not hold a train for ever."""
    with pytest.raises(StepRefused, match="was not authorised within 60 seconds"):
        await ASK.apply(asking(instance, at=datetime.now(UTC) - timedelta(minutes=2), within="60s"))


async def test_patience_ends_also_where_nothing_is_offered(instance: Instance) -> None:
    """A model without a way on is waited for as long, and no longer."""
    instance.model_next = {"-5": []}
    with pytest.raises(StepRefused, match=r"CHG0030001 cannot go to assess .* within 60 seconds"):
        await ASK.apply(asking(instance, at=datetime.now(UTC) - timedelta(minutes=2), within="60s"))


async def test_a_cancelled_call_leaves_nothing_behind_its_undo(instance: Instance) -> None:
    """The request goes on to its end before the cancellation does, so the revert finds what it made."""
    held = instance.hold("POST", "/change/normal")
    call = asking(instance)
    task = asyncio.create_task(ASK.apply(call))
    await until(lambda: bool(instance.count("POST", "/change/normal")))
    task.cancel()
    # Let it hear of that.
    await asyncio.sleep(0)
    held.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert len(instance.changes) == 1
    assert await ASK.revert(call, None) == "CHG0030001 stays, cancelled"


async def test_a_check_and_an_end_know_their_plan(instance: Instance) -> None:
    """A change about another plan holds for nothing here, and is not closed."""
    instance.put(correlation_id=CORRELATION, correlation_display="sha256:other", state="-1")
    assert (await CHECK.observe(checking(instance))).presence is Presence.ABSENT
    for verb in (CHECK.apply(checking(instance)), CLOSE.apply(closing(instance))):
        with pytest.raises(StepConflict, match="about another plan"):
            await verb
    assert instance.change()["state"] == "-1"


async def test_a_rollback_cancels_a_change_that_was_not_begun(instance: Instance) -> None:
    """It stays in the instance, cancelled, with the reason."""
    call = asking(instance)
    with pytest.raises(StepNotReady):
        await ASK.apply(call)
    assert await ASK.revert(call, None) == "CHG0030001 stays, cancelled"
    assert instance.change()["state"] == "4"
    assert "taken back" in instance.change()["work_notes"]


async def test_a_rollback_closes_a_change_that_was_begun(instance: Instance) -> None:
    """As unsuccessful, by way of its review."""
    instance.agreeable = True
    call = asking(instance)
    await ASK.apply(call)
    assert await ASK.revert(call, None) == "CHG0030001 stays, closed as unsuccessful"
    assert instance.change()["state"] == "3"
    assert (await ASK.observe(call)).presence is Presence.ABSENT


async def test_a_change_about_another_plan_is_left_alone(instance: Instance) -> None:
    """It is neither adopted nor taken back."""
    instance.put(correlation_id=CORRELATION, correlation_display="sha256:other", state="-2")
    call = asking(instance)
    assert (await ASK.observe(call)).presence is Presence.CONFLICT
    with pytest.raises(StepConflict, match="about another plan"):
        await ASK.apply(call)
    assert await ASK.revert(call, None) == ""
    assert instance.change()["state"] == "-2"


async def test_a_release_closes_its_change_with_evidence(instance: Instance) -> None:
    """What was released is in the notes and attached; a rollback later adds to them once."""
    instance.agreeable = True
    await ASK.apply(asking(instance))
    await CLOSE.apply(closing(instance))
    row = instance.change()
    assert (row["state"], row["close_code"]) == ("3", "successful")
    assert PLAN.releases[0].head in row["close_notes"]
    assert instance.attachments[-1]["file_name"].startswith("released-")
    for _ in range(2):
        assert await CLOSE.revert(closing(instance), None) == "CHG0030001 stays, closed as successful, with a note"
    assert row["close_notes"].count("taken back") == 1


async def test_what_people_closed_is_closed(instance: Instance) -> None:
    """A release that is out is not taken back because somebody saw issues."""
    instance.agreeable = True
    await ASK.apply(asking(instance))
    instance.change().update(state="3", close_code="successful_issues")
    seen = await CLOSE.observe(closing(instance))
    assert (seen.presence, seen.found) == (Presence.PRESENT, "CHG0030001 closed as successful_issues")


async def test_a_change_that_was_cancelled_after_the_release_waits_for_people(instance: Instance) -> None:
    """Unless the catalog says that the release goes with it."""
    instance.agreeable = True
    await ASK.apply(asking(instance))
    instance.change()["state"] = "4"
    with pytest.raises(StepNotReady, match="cannot be closed"):
        await CLOSE.apply(closing(instance))
    with pytest.raises(StepRefused, match="was cancelled"):
        await CLOSE.apply(closing(instance, lost="compensate"))


@pytest.mark.parametrize("body", [b"<html>Your instance is hibernating</html>", {"status": "fine"}, [], None])
async def test_an_answer_of_another_form_is_no_absence(instance: Instance, body: object) -> None:
    """Whatever comes with 200, no change is made of it."""
    instance.reply("GET", "/change", 200, body=body, times=9)
    with pytest.raises(StepError, match=r"another form|else than JSON") as caught:
        await ASK.apply(asking(instance))
    assert caught.value.retryable
    assert instance.changes == {}


async def test_a_change_that_is_not_named_is_looked_for(instance: Instance) -> None:
    """The answer to the request is worth nothing: the change is found in the next attempt."""
    instance.agreeable = True
    instance.faults.append(
        Fault(method="POST", path="/change/normal", times=1, reply=Reply(status=200, body={"result": {}}), after=True)
    )
    for _ in range(2):
        await tried(asking(instance))
    assert [one["state"] for one in instance.changes.values()] == ["-1"]


async def test_there_must_be_something_to_close(instance: Instance) -> None:
    """A catalog that closes what it never asked for is told so, once."""
    with pytest.raises(StepRefused, match="there is no change"):
        await CLOSE.apply(closing(instance))


@pytest.mark.parametrize(
    ("drift", "kind"),
    [
        ({"state": "4"}, StepRefused),
        ({"on_hold": "true"}, StepNotReady),
        ({"start_date": "2099-01-01 10:00:00"}, StepNotReady),
        ({"end_date": "2026-01-01 10:00:00"}, StepNotReady),
        ({"state": "-5"}, StepNotReady),
        ({"state": "-5", "approval": "rejected"}, StepRefused),
    ],
)
async def test_drift_pauses_or_turns_round(instance: Instance, drift: dict[str, str], kind: type[StepError]) -> None:
    """What is over turns the train round, what may come back pauses it; both say which change it is about."""
    instance.agreeable = True
    await ASK.apply(asking(instance))
    await CHECK.apply(checking(instance))
    instance.change().update(drift)
    with pytest.raises(kind, match="CHG0030001 is no longer in force"):
        await CHECK.apply(checking(instance))
    assert (await CHECK.observe(checking(instance))).presence is Presence.ABSENT


async def test_the_catalog_decides_what_drift_does(instance: Instance) -> None:
    """A hold can turn a train round, a cancellation can pause it."""
    instance.agreeable = True
    await ASK.apply(asking(instance))
    policy: JsonValue = {"on_hold": "compensate", "cancelled": "pause"}
    instance.change()["on_hold"] = "true"
    with pytest.raises(StepRefused, match="on_hold"):
        await CHECK.apply(checking(instance, drift=policy))
    instance.change().update(on_hold="false", state="4")
    with pytest.raises(StepNotReady, match="cancelled"):
        await CHECK.apply(checking(instance, drift=policy))


async def test_what_was_put_right_goes_on(instance: Instance) -> None:
    """A hold that is lifted is no drift any more."""
    instance.agreeable = True
    await ASK.apply(asking(instance))
    instance.change()["on_hold"] = "true"
    with pytest.raises(StepNotReady):
        await CHECK.apply(checking(instance))
    instance.change()["on_hold"] = "false"
    assert await CHECK.apply(checking(instance)) == {}


async def test_the_table_interface_is_tried_and_not_asked(instance: Instance) -> None:
    """Without `nextstate` a move is tried; what the instance refuses is told in its own words."""
    instance.table_only = True
    call = asking(instance, api="table")
    with pytest.raises(StepNotReady, match="is in Assess"):
        await ASK.apply(call)
    assert instance.count("GET", "nextstate") == 0
    instance.changes.clear()
    with pytest.raises(StepRefused, match="makes no standard change"):
        await ASK.apply(asking(instance, api="table", models=[EVERYTHING]))


async def test_a_change_that_was_deleted_is_told(instance: Instance) -> None:
    """It vanished between two looks."""
    with pytest.raises(StepNotReady):
        await ASK.apply(asking(instance))
    instance.reply("GET", "/nextstate", 404, body={"error": {"message": "Record not found"}})
    instance.change()["state"] = "-5"
    with pytest.raises(StepRefused, match="Record not found"):
        await ASK.apply(asking(instance))
