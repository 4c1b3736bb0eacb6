"""Whatever a change management system answers, it is an error of ours that says so, or it is understood."""

from __future__ import annotations

import asyncio
import copy
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from releasepilot.errors import StepError
from releasepilot.model.change import ChangePath, ChangeRecord, ChangeState, CloseCode, External, Sighting
from releasepilot.plugins.changes import jira as jira_system
from releasepilot.plugins.changes import servicenow as servicenow_system
from releasepilot.plugins.changes.connection import Connection
from releasepilot.plugins.changes.gating import Deployment, DeploymentState, Gating
from releasepilot.plugins.changes.interface import ChangeSystem
from releasepilot.plugins.changes.jira import Jira, JiraUse
from releasepilot.plugins.changes.servicenow import ServiceNow, ServiceNowUse

RECORD = ChangeRecord(id="t/api", path=ChangePath.NORMAL, plan_digest="sha256:1", summary="s")
SEEN = Sighting(
    external=External(system="x", id="1", number="N-1", state="New"), correlation_id="t/api", state=ChangeState.DRAFT
)
DEPLOYMENT = Deployment(
    pipeline="api",
    environment="production",
    kind="production",
    number=1,
    label="sha256:1",
    title="t",
    text="t",
    url="https://example.org",
    services=["s"],
)

_ROW = {
    "sys_id": {"value": "1", "display_value": "1"},
    "number": {"value": "CHG1", "display_value": "CHG1"},
    "state": {"value": "-5", "display_value": "New"},
    "approval": {"value": "requested", "display_value": "Requested"},
    "correlation_id": {"value": "t/api", "display_value": "t/api"},
    "correlation_display": {"value": "sha256:1", "display_value": "sha256:1"},
    "start_date": {"value": "2026-11-26 09:00:00", "display_value": "26/11/2026"},
    "__meta": {"ignoredFields": ["x"]},
}
_CONDITION = {"passed": False, "condition": {"name": "Approval"}}
_MOVE = {"from_state": "-5", "to_state": "-4", "transition_available": True, "conditions": [_CONDITION]}
#: What each question is answered with where all is well.
ANSWERS: tuple[Any, ...] = (
    {"result": _ROW},
    {"result": [_ROW]},
    {"result": {"available_states": ["-4"], "state_transitions": [[_MOVE]], "state_label": {"-4": "Assess"}}},
    {"result": {"worker": {"sysId": "1"}, "state": {"value": 3}}},
    {"result": [{"file_name": "plan.txt", "table_sys_id": "1"}]},
    {"issues": [{"id": "1", "fields": {"labels": ["t/api"]}}], "isLast": True},
    {
        "id": "1",
        "key": "OPS-1",
        "fields": {"status": {"name": "Planning"}, "labels": ["t/api"], "attachment": [{"filename": "x"}]},
        "properties": {"releasepilot": {"close_code": "successful", "close_notes": "n"}},
    },
    {"transitions": [{"id": "1", "to": {"name": "Awaiting CAB approval"}}]},
    {"values": [{"id": "1", "finalDecision": "pending"}], "isLastPage": True},
    {"label": "sha256:1", "state": "pending", "updateSequenceNumber": 1},
    {"gatingStatus": "awaiting", "details": [{"issueKey": "OPS-1"}]},
    {"rejectedDeployments": [{"errors": [{"message": "no"}]}]},
)
strange = st.sampled_from(
    [None, True, 0, 7, -1.5, "", "x", "\u202e\x00", [], {}, [None], [[]], {"value": []}, {"x": 1}]
)


@st.composite
def spoilt(draw: st.DrawFn) -> Any:
    """Draw an answer in which one value, at any depth, is another one."""
    answer = copy.deepcopy(draw(st.sampled_from(ANSWERS)))
    holder, key = {"": answer}, ""
    while isinstance(holder[key], dict | list) and holder[key] and draw(st.integers(0, 5)):
        inner = holder[key]
        holder, key = inner, draw(st.sampled_from(list(inner) if isinstance(inner, dict) else list(range(len(inner)))))
    whole = not isinstance(holder, dict) or holder.get("") is not answer
    holder[key] = draw(strange)
    return answer if whole else holder[key]


def verbs(system: ChangeSystem) -> list[Any]:
    """Return one call of each verb."""
    return [
        lambda: system.find("t/api"),
        lambda: system.create(RECORD),
        lambda: system.attach(SEEN, "plan.txt", "plan"),
        lambda: system.advance(SEEN, (ChangeState.ASSESS,)),
        lambda: system.seen(SEEN),
        lambda: system.close(SEEN, CloseCode.SUCCESSFUL, "n"),
        lambda: system.cancel(SEEN, "n"),
        lambda: system.note(SEEN, "n"),
    ]


@settings(max_examples=300, deadline=None)
@given(said=st.lists(spoilt() | st.sampled_from(ANSWERS), min_size=1, max_size=3))
def test_no_answer_breaks_anything(said: list[Any]) -> None:
    """Each verb ends with a value, or with an error that the engine knows."""

    async def ask_everything() -> None:
        turn = iter(range(10**6))
        transport = httpx.MockTransport(lambda _: httpx.Response(200, json=said[next(turn) % len(said)]))
        async with httpx.AsyncClient(transport=transport, base_url="https://example.org") as client:
            connection = Connection(client, component="api", hide=str)
            use = JiraUse(server="https://example.org", project="OPS", issue_type="Change", statuses={})
            servicenow = ServiceNow(connection, ServiceNowUse(server="https://example.org", items=["ci1"]))
            gating = Gating(connection)
            gated = [
                lambda: gating.shown(DEPLOYMENT),
                lambda: gating.status(DEPLOYMENT),
                lambda: gating.show(DEPLOYMENT, DeploymentState.PENDING, None),
            ]
            for verb in (*verbs(servicenow), *verbs(Jira(connection, use)), *gated):
                try:
                    await verb()
                except StepError:
                    continue

    with pytest.MonkeyPatch.context() as patched:
        # Nothing comes of waiting here.
        patched.setattr(servicenow_system, "_WORKER_LOOKS", 0)
        patched.setattr(jira_system, "_LAGS", ())
        asyncio.run(ask_everything())
