"""Jira Service Management: changes as issues of a project, authorised by its approvals.

What its documentation says and code easily misses: the search is an index that lags behind, so what was just made may
not be found yet, and what is found may be in another state by now; a transition has an id that differs from project to
project, so it is chosen by the status that it leads to, among those that are offered now; pages have tokens.
https://developer.atlassian.com/cloud/jira/platform/rest/v3/ and https://developer.atlassian.com/cloud/jira/service-desk/rest/
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar

from releasepilot.errors import StepError, StepNotReady, StepRefused
from releasepilot.governance.change import one_line, seen_state
from releasepilot.model.change import ENDED, ChangePath, ChangeRecord, ChangeState, CloseCode, External, Sighting
from releasepilot.plugins.changes.answers import identifier, items, mapping
from releasepilot.plugins.changes.connection import Connection
from releasepilot.plugins.changes.interface import AGAIN, only

_ISSUE = "/rest/api/3/issue"
_REQUEST = "/rest/servicedeskapi/request"

_PAGE, _PAGES = 100, 20
#: Seconds after which the index is asked again for what an unanswered request may have made.
_LAGS = (1.0, 2.0, 4.0)

#: The property in which an issue says how it ended.
_PROPERTY = "releasepilot"
#: A label with this beginning is the digest of the plan,
_DIGEST = "sha256:"
#: and one with this beginning says how it is authorised.
_PATH = "change:"

#: The statuses of the change workflow as it is delivered, lower case.
STATUSES: Mapping[str, ChangeState] = {
    "open": ChangeState.DRAFT,
    "to do": ChangeState.DRAFT,
    "planning": ChangeState.DRAFT,
    "awaiting cab approval": ChangeState.AUTHORIZE,
    "awaiting approval": ChangeState.AUTHORIZE,
    "awaiting implementation": ChangeState.SCHEDULED,
    "implementing": ChangeState.IMPLEMENT,
    "peer review / change manager approval": ChangeState.ASSESS,
    "under review": ChangeState.REVIEW,
    "completed": ChangeState.CLOSED,
    "closed": ChangeState.CLOSED,
    "failed": ChangeState.CLOSED,
    "canceled": ChangeState.CANCELLED,
    "declined": ChangeState.REJECTED,
}
#: How the description begins.
_KINDS: Mapping[ChangePath, str] = {
    ChangePath.STANDARD: "A standard change.",
    ChangePath.NORMAL: "A normal change.",
    ChangePath.EMERGENCY: "An emergency change.",
}
_HOLDS = ("on hold", "blocked")

Row = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class JiraUse:
    """How a site is used."""

    server: str
    project: str
    issue_type: str
    #: Status, lower case, to what it means; added to those that are delivered.
    statuses: Mapping[str, ChangeState]
    #: The custom fields of the planned start and end; empty where there are none.
    start_field: str = ""
    end_field: str = ""
    #: Further fields of every change.
    fields: Mapping[str, Any] | None = None


class Jira:
    """Changes of one project."""

    system: ClassVar[str] = "jira"

    def __init__(self, connection: Connection, use: JiraUse) -> None:
        self._connection = connection
        self._use = use
        self._states = {**STATUSES, **use.statuses}

    async def find(self, correlation_id: str) -> Sighting | None:
        """Look for the label, look for it again in each row, then look at the issues themselves."""
        return only([await self._look(issue) async for issue in self._labelled(correlation_id)], correlation_id)

    async def create(self, record: ChangeRecord) -> Sighting:
        """Make the issue. Where the answer is lost, wait for the index to show whether there is one."""
        try:
            answer = await self._connection.ask("POST", _ISSUE, body={"fields": self._fields(record)})
        except StepNotReady:
            raise
        except StepError as error:
            found = await self._settled(record.id) if error.retryable else None
            if found is None:
                raise
            return found
        made = await self._look(identifier(mapping(answer.body).get("id")))
        return await self._first(record.id, made)

    async def attach(self, change: Sighting, name: str, text: str) -> None:
        """Attach a text, unless the issue has a file of that name."""
        fields = mapping((await self._issue(change.external.id, "attachment")).get("fields"))
        if any(mapping(one).get("filename") == name for one in items(fields.get("attachment"))):
            return
        await self._connection.ask(
            "POST",
            f"{_ISSUE}/{change.external.id}/attachments",
            files={"file": (name, text.encode(), "text/plain")},
            # Without it Jira takes the request for a forged one.
            headers={"X-Atlassian-Token": "no-check"},
        )

    async def advance(self, change: Sighting, towards: Sequence[ChangeState]) -> Sighting:
        """Take the first transition that leads to one of these states; `StepNotReady` names the offered ones."""
        if change.state in towards:
            return change
        where = f"{_ISSUE}/{change.external.id}/transitions"
        offered = items(mapping((await self._connection.ask("GET", where)).body).get("transitions"))
        leads = [(self._state_of(mapping(one.get("to"))), str(one.get("id", ""))) for one in map(mapping, offered)]
        for wanted in towards:
            for state, transition in leads:
                if state is wanted:
                    await self._connection.ask("POST", where, body={"transition": {"id": transition}})
                    return await self._moved(change)
        names = (
            ", ".join(one_line(str(mapping(mapping(one).get("to")).get("name", ""))) for one in offered) or "nothing"
        )
        raise StepNotReady(
            f"{change.external.number} cannot go to {' or '.join(towards)} yet: offered is {names}", after=AGAIN
        )

    async def seen(self, change: Sighting) -> Sighting:
        """Look again. Somebody may have deleted it, which is `StepRefused`."""
        return await self._look(change.external.id)

    async def close(self, change: Sighting, result: CloseCode, notes: str) -> Sighting:
        """Close it. How it ended is written down first, so that a closed change always says it."""
        if change.state is ChangeState.CLOSED:
            return change
        await self._say(change, {"close_code": result.value, "close_notes": notes})
        if change.state is not ChangeState.REVIEW:
            change = await self.advance(change, (ChangeState.CLOSED, ChangeState.REVIEW))
        return await self.advance(change, (ChangeState.CLOSED,))

    async def cancel(self, change: Sighting, reason: str) -> Sighting:
        """Cancel it, with the reason beside it."""
        await self._say(change, {"close_notes": reason})
        return await self.advance(change, (ChangeState.CANCELLED,))

    async def note(self, change: Sighting, text: str) -> None:
        """Add to what the issue says of its end."""
        if text not in change.close_notes:
            notes = f"{change.close_notes}\n{text}".strip()
            await self._say(change, {"close_code": change.close_code, "close_notes": notes})

    async def _labelled(self, label: str) -> AsyncIterator[str]:
        """Yield the ids of the issues that bear a label, oldest first."""
        body: dict[str, Any] = {
            "jql": f'project = "{self._use.project}" AND labels = "{label}" ORDER BY created ASC',
            "fields": ["labels"],
            "maxResults": _PAGE,
        }
        for _ in range(_PAGES):
            page = mapping((await self._connection.ask("POST", "/rest/api/3/search/jql", body=body)).body)
            if not isinstance(page.get("issues"), list):
                raise StepError("the search answers in another form than is documented")
            for issue in map(mapping, page["issues"]):
                if label in items(mapping(issue.get("fields")).get("labels")):
                    yield identifier(issue.get("id"))
            if not page.get("nextPageToken"):
                return
            body = {**body, "nextPageToken": page["nextPageToken"]}
        raise StepError(f"more than {_PAGE * _PAGES} issues are found for the label {label!r}")

    async def _settled(self, correlation_id: str) -> Sighting | None:
        """Look for what was perhaps made, as long as the index may lag behind."""
        for lag in _LAGS:
            if found := await self.find(correlation_id):
                return found
            await asyncio.sleep(lag)
        return await self.find(correlation_id)

    async def _first(self, correlation_id: str, made: Sighting) -> Sighting:
        """Return the change that was made, unless another was made at the same moment and before it."""
        found = [await self._look(issue) async for issue in self._labelled(correlation_id)]
        alive = [one for one in found if one.state not in ENDED]
        if not alive or alive[0].external.id == made.external.id:
            return made
        await self.cancel(made, f"Made at the same moment as {alive[0].external.number}, which stays.")
        return alive[0]

    async def _moved(self, change: Sighting) -> Sighting:
        """Look at what a transition made of it."""
        moved = await self.seen(change)
        if moved.external.state == change.external.state:
            raise StepNotReady(f"{change.external.number} stays in {moved.external.state}", after=AGAIN)
        return moved

    async def _say(self, change: Sighting, words: Mapping[str, str]) -> None:
        """Keep words in the issue's property, and tell people the notes once."""
        where = f"{_ISSUE}/{change.external.id}"
        await self._connection.ask("PUT", f"{where}/properties/{_PROPERTY}", body=words)
        await self._connection.ask("POST", f"{where}/comment", body={"body": _document(words["close_notes"])})

    async def _look(self, issue: str) -> Sighting:
        """Look at one issue and at its approvals."""
        found = await self._issue(issue, f"status,labels,{self._use.start_field},{self._use.end_field}".strip(","))
        fields = mapping(found.get("fields"))
        said = mapping(mapping(found.get("properties")).get(_PROPERTY))
        status, key = mapping(fields.get("status")), str(found.get("key", ""))
        labels = [str(one) for one in items(fields.get("labels"))]
        return Sighting(
            external=External(
                system=self.system,
                id=identifier(found.get("id")),
                number=key,
                url=f"{self._use.server}/browse/{key}",
                state=one_line(str(status.get("name", ""))),
            ),
            correlation_id=next((one for one in labels if not one.startswith(_DIGEST) and "/" in one), ""),
            plan_digest=next((one for one in labels if one.startswith(_DIGEST)), ""),
            state=seen_state(self._state_of(status), await self._approval(issue)),
            path=next((path for path in ChangePath if f"{_PATH}{path}" in labels), None),
            on_hold=str(status.get("name", "")).lower() in _HOLDS,
            begin=_moment(fields.get(self._use.start_field)),
            end=_moment(fields.get(self._use.end_field)),
            close_code=str(said.get("close_code", "")),
            close_notes=str(said.get("close_notes", "")),
        )

    async def _issue(self, issue: str, fields: str) -> Row:
        query = {"fields": fields, "properties": _PROPERTY}
        answer = await self._connection.ask("GET", f"{_ISSUE}/{issue}", params=query, missing=True)
        found = mapping(answer.body)
        if "id" not in found:
            raise StepRefused("the change is no longer there", hint="make a new train")
        return found

    async def _approval(self, issue: str) -> str:
        """Return `rejected` where the last of its approvals was declined; an issue may be no request and have none."""
        last, start = "", 0
        for _ in range(_PAGES):
            query = {"start": str(start), "limit": str(_PAGE)}
            answer = await self._connection.ask("GET", f"{_REQUEST}/{issue}/approval", params=query, missing=True)
            page = mapping(answer.body)
            for one in map(mapping, items(page.get("values"))):
                last = str(one.get("finalDecision", ""))
                start += 1
            if page.get("isLastPage", True):
                break
        return "rejected" if last == "declined" else last

    def _state_of(self, status: Row) -> ChangeState | None:
        """Return what a status means; None where nobody said."""
        return self._states.get(str(status.get("name", "")).strip().lower())

    def _fields(self, record: ChangeRecord) -> dict[str, Any]:
        """Return the fields of a new issue. Texts are documents, in which nothing is markup."""
        plans = {
            "Justification": record.justification,
            "Implementation plan": record.implementation,
            "Test plan": record.test,
            "Backout plan": record.backout,
        }
        text = "\n\n".join(f"{title}\n{plan}" for title, plan in plans.items())
        times = {self._use.start_field: record.begin, self._use.end_field: record.end}
        return {
            **(self._use.fields or {}),
            "project": {"key": self._use.project},
            "issuetype": {"name": self._use.issue_type},
            "summary": record.summary,
            "description": _document(f"{_KINDS[record.path]}\n\n{text}"),
            "labels": [record.id, record.plan_digest, f"{_PATH}{record.path}"],
            **{
                name: at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000+0000")
                for name, at in times.items()
                if name and at
            },
        }


def _document(text: str) -> Row:
    """Write a text in the Atlassian Document Format: a paragraph for each line."""
    paragraphs = [
        {"type": "paragraph", "content": [{"type": "text", "text": line}] if line else []} for line in text.split("\n")
    ]
    return {"type": "doc", "version": 1, "content": paragraphs}


def _moment(value: object) -> datetime | None:
    """Read a time with its offset; one without is taken for UTC."""
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else None
        return found and (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
