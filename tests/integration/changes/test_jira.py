"""A change in Jira Service Management from planning to completed, and everything that its documentation warns of."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import JsonValue
from support.changes import CORRELATION, PLAN, a_change_call, login_of
from support.jira import Site

from releasepilot.errors import StepConflict, StepError, StepNotReady, StepRefused
from releasepilot.model.receipt import Presence
from releasepilot.plugins.builtin.jira import JiraChange, JiraCheck, JiraClose
from releasepilot.plugins.changes import jira
from releasepilot.plugins.spec import Actuator, Call, Tools

ASK = JiraChange(Tools(cache=Path()))
CHECK = JiraCheck(Tools(cache=Path()))
CLOSE = JiraClose(Tools(cache=Path()))
LABELS = [CORRELATION, PLAN.digest]


def calling(site: Site, kind: type[Actuator[Any]] = JiraChange, **more: JsonValue) -> Call[Any]:
    """Call an actuator."""
    return a_change_call(kind, {**login_of(site), "project": "OPS", **more})


def decide(site: Site, decision: str, account: str = "cab") -> httpx.Response:
    """Decide on the last approval with the credentials of an account."""
    issue = site.issue()
    return httpx.post(
        f"{site.url}/rest/servicedeskapi/request/{issue['id']}/approval/{len(issue['approvals'])}",
        json={"decision": decision},
        auth=(account, site.passwords[account]),
    )


def status(site: Site, number: int = 0) -> str:
    """Say where an issue stands."""
    return str(site.issue(number)["fields"]["status"]["name"])


async def tried(call: Call[Any]) -> None:
    """Apply as the engine does: what can be tried again is not the end."""
    try:
        await ASK.apply(call)
    except StepError as error:
        if not error.retryable:
            raise


async def test_a_change_waits_for_its_approval(site: Site) -> None:
    """It is handed in, approved by somebody else, and then begun to be implemented."""
    call = calling(site)
    with pytest.raises(StepNotReady, match="OPS-1 is in Awaiting CAB approval"):
        await ASK.apply(call)
    assert decide(site, "approve", account="bot").status_code == 403
    with pytest.raises(StepNotReady):
        await ASK.apply(call)
    decide(site, "approve")
    assert (await ASK.apply(call))["number"] == "OPS-1"
    assert status(site) == "Implementing"
    assert len(site.issues) == 1


async def test_a_declined_change_is_refused(site: Site) -> None:
    """And stays declined when the train turns round."""
    call = calling(site)
    with pytest.raises(StepNotReady):
        await ASK.apply(call)
    decide(site, "decline")
    with pytest.raises(StepRefused, match="OPS-1 was rejected"):
        await ASK.apply(call)
    assert await ASK.revert(call, None) == "OPS-1 stays, rejected"


async def test_the_board_reads_the_plan(site: Site) -> None:
    """As a document in which nothing is markup, and as a file, once."""
    for _ in range(2):
        with pytest.raises(StepNotReady):
            await ASK.apply(calling(site))
    fields = site.issue()["fields"]
    assert fields["labels"] == [*LABELS, "change:normal"]
    paragraphs = [one["content"][0]["text"] for one in fields["description"]["content"] if one["content"]]
    assert "1. api 1.0.0 to 1.1.0 (minor)" in paragraphs
    assert [one["filename"] for one in fields["attachment"]] == [f"plan-{PLAN.digest[-12:]}.txt"]


async def test_an_index_that_lags_makes_no_second_change(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """The answer was lost, and the search does not show yet what was made."""
    monkeypatch.setattr(jira, "_LAGS", (0.01, 0.01, 0.01))
    site.agreeable, site.index_lag = True, 3
    site.break_after("POST", "/rest/api/3/issue")
    await ASK.apply(calling(site))
    assert len(site.issues) == 1
    assert status(site) == "Implementing"


async def test_an_index_that_lags_in_quiet_times_does_no_harm(site: Site) -> None:
    """What was just made is known by the answer and not by the search."""
    site.agreeable, site.index_lag = True, 1
    await ASK.apply(calling(site))
    assert (await ASK.observe(calling(site))).presence is Presence.PRESENT
    assert len(site.issues) == 1


async def test_a_search_that_finds_too_much_finds_no_other_change(site: Site) -> None:
    """The label is looked for in each row, over several pages."""
    for number in range(25):
        site.put([f"other/{number}"])
    site.finds_everything, site.page, site.agreeable = True, 10, True
    call = calling(site)
    assert (await ASK.observe(call)).presence is Presence.ABSENT
    assert site.count("POST", "/search/jql") == 3
    await ASK.apply(call)
    assert len(site.issues) == 26


@pytest.mark.parametrize("path", ["/transitions", "/attachments", "/rest/api/3/issue"])
async def test_every_lost_answer_is_survived(site: Site, path: str) -> None:
    """Made once, attached once, moved once."""
    site.agreeable = True
    site.break_after("POST", path)
    for _ in range(2):
        await tried(calling(site))
    assert (await ASK.observe(calling(site))).presence is Presence.PRESENT
    assert len(site.issues) == 1
    assert len(site.issue()["fields"]["attachment"]) == 1


async def test_two_creates_at_once_leave_one_change(site: Site) -> None:
    """The later one is cancelled."""
    site.agreeable = True
    site.slow("POST", "/rest/api/3/issue", 0.3)
    site.slow("POST", "/rest/api/3/issue", 0.3)
    first = await asyncio.gather(ASK.apply(calling(site)), ASK.apply(calling(site)), return_exceptions=True)
    assert all(isinstance(one, dict | StepNotReady) for one in first)
    await ASK.apply(calling(site))
    assert [status(site, number) for number in range(2)] == ["Implementing", "Canceled"]


async def test_several_open_changes_are_a_conflict(site: Site) -> None:
    """Only people know which one the board looked at."""
    site.put(LABELS)
    site.put(LABELS)
    with pytest.raises(StepConflict, match="OPS-1, OPS-2"):
        await ASK.apply(calling(site))


async def test_throttling_is_obeyed(site: Site) -> None:
    """429 says how long to stay away."""
    site.reply("POST", "/search/jql", 429, Retry_After="23")
    with pytest.raises(StepNotReady) as caught:
        await ASK.apply(calling(site))
    assert caught.value.after == 23


async def test_a_field_that_is_not_on_the_screen_is_told(site: Site) -> None:
    """Jira ignores nothing: it says which field it does not take."""
    with pytest.raises(StepRefused, match="Field 'wrong' cannot be set"):
        await ASK.apply(calling(site, fields={"wrong": "x"}))


async def test_statuses_of_their_own(site: Site) -> None:
    """A workflow with other words is told by the catalog; one that is not told is waited for, by its name."""
    site.put(LABELS, "Warten auf Freigabe")
    with pytest.raises(StepNotReady, match="is in Warten auf Freigabe"):
        await ASK.apply(calling(site))
    site.move(site.issue(), "In Umsetzung")
    words: JsonValue = {"In Umsetzung": "implement"}
    assert (await ASK.observe(calling(site, statuses=words))).presence is Presence.PRESENT


async def test_a_schedule_stands_in_fields_of_their_own(site: Site) -> None:
    """They are written in UTC and read with their offset."""
    board: JsonValue = {"zone": "UTC", "start": "2026-01-01T10:00", "rrule": "FREQ=DAILY"}
    names: dict[str, JsonValue] = {"start-field": "customfield_1", "end-field": "customfield_2"}
    with pytest.raises(StepNotReady):
        await ASK.apply(calling(site, board=board, **names))
    fields = site.issue()["fields"]
    assert fields["customfield_1"].endswith("T10:00:00.000+0000")
    site.move(site.issue(), "Awaiting implementation")
    fields["customfield_1"] = "2099-01-01T10:00:00.000+0200"
    with pytest.raises(StepNotReady, match="is scheduled for 2099-01-01 08:00 UTC"):
        await ASK.apply(calling(site, **names))


async def test_a_rollback_cancels_or_closes(site: Site) -> None:
    """What was not begun is cancelled; how the other ended stands beside it."""
    with pytest.raises(StepNotReady):
        await ASK.apply(calling(site))
    assert await ASK.revert(calling(site), None) == "OPS-1 stays, cancelled"
    assert status(site) == "Canceled"
    site.issues.clear()
    site.agreeable = True
    await ASK.apply(calling(site))
    assert await ASK.revert(calling(site), None) == "OPS-1 stays, closed as unsuccessful"


async def test_a_release_closes_its_change_with_evidence(site: Site) -> None:
    """A rollback later adds to what it says of its end, once."""
    site.agreeable = True
    await ASK.apply(calling(site))
    await CLOSE.apply(calling(site, JiraClose))
    issue = site.issue()
    assert (status(site), issue["properties"]["releasepilot"]["close_code"]) == ("Completed", "successful")
    for _ in range(2):
        assert "with a note" in await CLOSE.revert(calling(site, JiraClose), None)
    assert issue["properties"]["releasepilot"]["close_notes"].count("taken back") == 1


@pytest.mark.parametrize(
    ("moved", "kind"),
    [("Canceled", StepRefused), ("Declined", StepRefused), ("On hold", StepNotReady), ("Planning", StepNotReady)],
)
async def test_drift_pauses_or_turns_round(site: Site, moved: str, kind: type[StepError]) -> None:
    """As in any other system."""
    site.put(LABELS, "Implementing")
    await CHECK.apply(calling(site, JiraCheck))
    site.move(site.issue(), moved)
    with pytest.raises(kind, match="OPS-1 is no longer in force"):
        await CHECK.apply(calling(site, JiraCheck))
