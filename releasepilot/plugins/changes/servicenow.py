"""ServiceNow: the Change Management API (`/api/sn_chg_rest`), or the Table API where that is not installed.

What its documentation says and code easily misses: each field is `{value, display_value}`, of which only the first
means the same to everybody; an invalid query is *ignored* and gives other rows, so the correlation id is looked for in
the rows; fields that it does not know, or that the account may not write, are ignored and listed; states are those of a
change model, so where a change may go is asked and not known; long work is answered with 202 and a worker.
https://www.servicenow.com/docs/r/api-reference/rest-apis/change-management-api.html
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar

from releasepilot.errors import StepError, StepNotReady, StepRefused
from releasepilot.governance.change import one_line, seen_state
from releasepilot.model.change import (
    ChangePath,
    ChangeRecord,
    ChangeState,
    CloseCode,
    External,
    Sighting,
)
from releasepilot.plugins.changes.answers import identifier, items, mapping
from releasepilot.plugins.changes.connection import Connection
from releasepilot.plugins.changes.interface import AGAIN, only

_CHANGE = "/api/sn_chg_rest/v1/change"
_TABLE = "/api/now/table/change_request"
_ATTACHMENT = "/api/now/attachment"

#: Rows of one page, and pages that are read of a query that was ignored.
_PAGE, _PAGES = 200, 25

#: The states as they are delivered; those of a model are recognised by their labels.
_STATES: Mapping[str, ChangeState] = {
    "-5": ChangeState.DRAFT,
    "-4": ChangeState.ASSESS,
    "-3": ChangeState.AUTHORIZE,
    "-2": ChangeState.SCHEDULED,
    "-1": ChangeState.IMPLEMENT,
    "0": ChangeState.REVIEW,
    "3": ChangeState.CLOSED,
    "4": ChangeState.CANCELLED,
}
_LABELS: Mapping[str, ChangeState] = {
    "new": ChangeState.DRAFT,
    "canceled": ChangeState.CANCELLED,
    **{state.value: state for state in ChangeState},
}
_CODES: Mapping[ChangeState, str] = {state: code for code, state in _STATES.items()}

_WORKER_DONE, _WORKER_FAILED = "3", "4"
_WORKER_LOOKS = 30

Row = Mapping[str, Any]

_log = logging.getLogger("releasepilot.changes")


@dataclass(frozen=True, kw_only=True)
class ServiceNowUse:
    """How an instance is used."""

    server: str
    #: The Table API in place of the Change Management API.
    table: bool = False
    #: Fields that every change gets, such as `assignment_group`.
    fields: Mapping[str, str] | None = None
    #: The sys_ids of the configuration items that are affected.
    items: Sequence[str] = ()


class ServiceNow:
    """Changes of one instance."""

    system: ClassVar[str] = "servicenow"

    def __init__(self, connection: Connection, use: ServiceNowUse) -> None:
        self._connection = connection
        self._use = use
        self._base = _TABLE if use.table else _CHANGE

    async def find(self, correlation_id: str) -> Sighting | None:
        """Look through the rows: the query is a wish. `StepError` where it is ignored and there are too many."""
        return only([self._sighting(row) async for row in self._rows(correlation_id)], correlation_id)

    async def create(self, record: ChangeRecord) -> Sighting:
        """Make the change. Where the answer is lost, look whether there is one now; what came first is kept."""
        path, body = self._path_of(record), self._body(record)
        try:
            answer = await self._connection.ask("POST", path, params=self._params(), body=body)
        except StepNotReady:
            raise
        except StepError as error:
            found = await self.find(record.id) if error.retryable else None
            if found is None:
                raise
            return found
        made = self._sighting(_result(answer.body))
        if made.ignored:
            _log.warning("%s does not have %s", made.external.number, one_line(", ".join(made.ignored)))
        if made.correlation_id != record.id or made.plan_digest != record.plan_digest:
            await self._withdraw(made)
        return await self._first(record.id, made)

    async def attach(self, change: Sighting, name: str, text: str) -> None:
        """Attach a text, and say which configuration items are affected."""
        await self._affect(change)
        sys_id = change.external.id
        query = {"sysparm_query": f"table_sys_id={sys_id}^file_name={name}", "sysparm_limit": str(_PAGE)}
        answer = await self._connection.ask("GET", _ATTACHMENT, params=query)
        if any(
            _value(row, "table_sys_id") == sys_id and _value(row, "file_name") == name for row in _list(answer.body)
        ):
            return
        where = {"table_name": "change_request", "table_sys_id": sys_id, "file_name": name}
        await self._connection.ask("POST", f"{_ATTACHMENT}/file", params=where, text=("text/plain", text))

    async def advance(self, change: Sighting, towards: Sequence[ChangeState]) -> Sighting:
        """Move it into the first of these states that is available now; `StepNotReady` says what is missing."""
        return await self._advance(change, towards, {})

    async def seen(self, change: Sighting) -> Sighting:
        """Look again. Somebody may have deleted it, which is `StepRefused`."""
        where = f"{self._base}/{change.external.id}"
        answer = await self._connection.ask("GET", where, params=self._params(), missing=True)
        row = _result(answer.body)
        if not _value(row, "sys_id"):
            raise StepRefused(f"{change.external.number} is no longer there", hint="make a new train")
        return self._sighting(row)

    async def close(self, change: Sighting, result: CloseCode, notes: str) -> Sighting:
        """Close it with a code and notes, by way of the review."""
        words = {"close_code": result.value, "close_notes": notes}
        if change.state not in (ChangeState.REVIEW, ChangeState.CLOSED):
            change = await self._advance(change, (ChangeState.REVIEW, ChangeState.CLOSED), words)
        return await self._advance(change, (ChangeState.CLOSED,), words)

    async def cancel(self, change: Sighting, reason: str) -> Sighting:
        """Cancel it; the reason becomes a work note."""
        return await self._advance(change, (ChangeState.CANCELLED,), {"work_notes": reason})

    async def note(self, change: Sighting, text: str) -> None:
        """Add to the close notes, which can be read again."""
        if text not in change.close_notes:
            await self._patch(change, {"close_notes": f"{change.close_notes}\n{text}".strip()})

    async def _rows(self, correlation_id: str) -> AsyncIterator[Row]:
        """Yield the rows with a correlation id, in the order of their numbers."""
        query = f"correlation_id={correlation_id}^ORDERBYnumber"
        for page in range(_PAGES):
            where = {"sysparm_query": query, "sysparm_limit": str(_PAGE), "sysparm_offset": str(page * _PAGE)}
            rows = _list((await self._connection.ask("GET", self._base, params={**self._params(), **where})).body)
            for row in rows:
                if _value(row, "correlation_id") == correlation_id:
                    yield row
            if len(rows) < _PAGE:
                return
        raise StepError(
            f"the instance ignores the query for {correlation_id!r} and has more than {_PAGE * _PAGES} changes",
            hint="let the account read `correlation_id`, or set glide.invalid_query.returns_no_rows",
        )

    async def _first(self, correlation_id: str, made: Sighting) -> Sighting:
        """Return the change that was made, unless another was made at the same moment and before it."""
        rows = [self._sighting(row) async for row in self._rows(correlation_id)]
        alive = [one for one in rows if one.state not in (ChangeState.CANCELLED, ChangeState.CLOSED)]
        if len(alive) < 2:  # noqa: PLR2004 - one is what we made
            return made
        if alive[0].external.id == made.external.id:
            raise StepNotReady(f"another change was made beside {made.external.number}", after=2.0)
        await self.cancel(made, f"Made at the same moment as {alive[0].external.number}, which stays.")
        return alive[0]

    async def _withdraw(self, made: Sighting) -> None:
        """Take a change back that could not be found again, or told apart from another one, and say so."""
        await self.cancel(made, "Made without its correlation.")
        raise StepRefused(
            f"the instance did not take the correlation of {made.external.number}, which was cancelled",
            hint="let the account write the fields correlation_id and correlation_display of change_request",
        )

    async def _advance(self, change: Sighting, towards: Sequence[ChangeState], words: Mapping[str, str]) -> Sighting:
        if change.state in towards:
            return change
        code = await self._offered(change, towards)
        moved = await self._patch(change, {"state": code, **words})
        if moved.external.state == change.external.state and moved.state not in towards:
            raise StepNotReady(f"{change.external.number} stays in {moved.external.state}", after=AGAIN)
        return moved

    async def _offered(self, change: Sighting, towards: Sequence[ChangeState]) -> str:
        """Return the code of the first state that is offered. The Table API cannot be asked, so it is tried."""
        if self._use.table:
            return _CODES[towards[0]]
        answer = await self._connection.ask("GET", f"{self._base}/{change.external.id}/nextstate")
        result = _result(answer.body)
        labels = mapping(result.get("state_label"))
        open_: list[str] = []
        shut: list[str] = []
        for transition in _transitions(result):
            code = _value(transition, "to_state")
            if _true(transition.get("automatic_transition")):
                continue
            if _true(transition.get("transition_available")) and code in map(
                str, items(result.get("available_states"))
            ):
                open_.append(code)
            else:
                shut += _unmet(transition)
        for wanted in towards:
            for code in open_:
                if _state(code, str(labels.get(code, ""))) is wanted:
                    return code
        missing = f": {', '.join(map(one_line, shut))}" if shut else ""
        names = " or ".join(towards)
        raise StepNotReady(f"{change.external.number} cannot go to {names} yet{missing}", after=AGAIN)

    async def _patch(self, change: Sighting, words: Mapping[str, str]) -> Sighting:
        where = f"{self._base}/{change.external.id}"
        answer = await self._connection.ask("PATCH", where, params=self._params(), body=words)
        return self._sighting(_result(answer.body))

    async def _affect(self, change: Sighting) -> None:
        """Say which configuration items are affected. It is worked on afterwards: 202, and a worker to ask."""
        if not self._use.items or self._use.table:
            return
        where = f"{self._base}/{change.external.id}/ci"
        listed = await self._connection.ask("GET", where, params={"association_type": "affected"})
        known = {_value(row, "cmdb_ci_sys_id") or _value(row, "sys_id") for row in _list(listed.body)}
        wanted = [item for item in self._use.items if item not in known]
        if not wanted:
            return
        body = {"association_type": "affected", "cmdb_ci_sys_ids": ",".join(wanted)}
        answer = await self._connection.ask("POST", where, body=body)
        if worker := mapping(_result(answer.body).get("worker")).get("sysId"):
            await self._worked(identifier(worker))

    async def _worked(self, worker: str) -> None:
        """Wait for a worker to end."""
        for _ in range(_WORKER_LOOKS):
            answer = await self._connection.ask("GET", f"{self._base}/worker/{worker}")
            state = _value(_result(answer.body), "state")
            if state == _WORKER_DONE:
                return
            if state == _WORKER_FAILED:
                raise StepError("the instance could not record the configuration items")
            await asyncio.sleep(1)
        raise StepNotReady("the instance still records the configuration items", after=AGAIN)

    def _path_of(self, record: ChangeRecord) -> str:
        """Return where a change of its path is made."""
        if self._use.table:
            if record.path is ChangePath.STANDARD:
                raise StepRefused("the Table API makes no standard change of a template", hint="use `api: change`")
            return self._base
        tail = f"/{record.model_id}" if record.path is ChangePath.STANDARD else ""
        return f"{self._base}/{record.path.value}{tail}"

    def _body(self, record: ChangeRecord) -> dict[str, str]:
        """Return the fields of a new change. Times are in UTC, as the instance keeps them."""
        times = {"start_date": record.begin, "end_date": record.end}
        return {
            **(self._use.fields or {}),
            **({"type": record.path.value} if self._use.table else {}),
            "correlation_id": record.id,
            "correlation_display": record.plan_digest,
            "short_description": record.summary,
            "justification": record.justification,
            "implementation_plan": record.implementation,
            "test_plan": record.test,
            "backout_plan": record.backout,
            **{name: f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S}" for name, at in times.items() if at},
        }

    def _params(self) -> dict[str, str]:
        return {"sysparm_display_value": "all"} if self._use.table else {}

    def _sighting(self, row: Row) -> Sighting:
        """Read one row."""
        sys_id, label = identifier(_value(row, "sys_id")), _shown(row, "state")
        state = seen_state(_state(_value(row, "state"), label), _value(row, "approval"))
        return Sighting(
            external=External(
                system=self.system,
                id=sys_id,
                number=_value(row, "number"),
                url=f"{self._use.server}/nav_to.do?uri=change_request.do%3Fsys_id%3D{sys_id}",
                state=one_line(label or _value(row, "state")),
            ),
            correlation_id=_value(row, "correlation_id"),
            plan_digest=_value(row, "correlation_display"),
            state=state,
            path=_path(_value(row, "type")),
            on_hold=_true(_value(row, "on_hold")),
            begin=_moment(_value(row, "start_date")),
            end=_moment(_value(row, "end_date")),
            close_code=_value(row, "close_code"),
            close_notes=_value(row, "close_notes"),
            ignored=tuple(map(str, items(mapping(row.get("__meta")).get("ignoredFields")))),
        )


def _state(code: str, label: str) -> ChangeState | None:
    """Recognise a state: by its number, and one of a model's own by its label."""
    return _STATES.get(code) or _LABELS.get(label.strip().lower())


def _path(text: str) -> ChangePath | None:
    return ChangePath(text) if text in tuple(ChangePath) else None


def _result(body: object) -> Row:
    """Return the record of an answer, empty where it has none."""
    return mapping(mapping(body).get("result"))


def _list(body: object) -> list[Row]:
    """Return the records of an answer; the Change Management API gives a single one for itself."""
    if not isinstance(body, Mapping) or "result" not in body:
        raise StepError("the instance answers in another form than is documented")
    rows = body["result"] if isinstance(body["result"], list) else [body["result"]]
    return [row for row in rows if isinstance(row, Mapping)]


def _transitions(result: Row) -> list[Row]:
    """Return the transitions, which come as lists of alternatives."""
    nested = items(result.get("state_transitions"))
    return [
        one for group in nested for one in (group if isinstance(group, list) else [group]) if isinstance(one, Mapping)
    ]


def _unmet(transition: Row) -> list[str]:
    """Name the conditions of a transition that do not hold."""
    conditions = map(mapping, items(transition.get("conditions")))
    return [_value(mapping(one.get("condition")), "name") for one in conditions if not _true(one.get("passed"))]


def _value(row: Row, name: str) -> str:
    """Return what a field holds, whether it comes with its display value or alone."""
    field = row.get(name)
    if isinstance(field, Mapping):
        field = field.get("value")
    return "" if field is None else str(field)


def _shown(row: Row, name: str) -> str:
    """Return how a field is shown; empty where it comes alone."""
    field = row.get(name)
    return str(field.get("display_value") or "") if isinstance(field, Mapping) else ""


def _true(value: object) -> bool:
    """Read a truth, which comes as a JSON one, as text, or as 1."""
    return str(value).lower() in ("true", "1")


def _moment(text: str) -> datetime | None:
    """Read a time: its value is in UTC, how it is shown is in the zone of the account."""
    try:
        return datetime.fromisoformat(text).replace(tzinfo=UTC) if text else None
    except ValueError:
        return None
