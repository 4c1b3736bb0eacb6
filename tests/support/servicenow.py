"""A ServiceNow instance as far as changes go: it behaves as its documentation says, quirks included."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import httpx
from support.patience import PATIENCE
from support.services import Asked, Refused, Reply, Service, serving

from releasepilot.plugins.changes.webhook import SIGNATURE_HEADER, signature_of

_LABELS = {
    "-5": "New",
    "-4": "Assess",
    "-3": "Authorize",
    "-2": "Scheduled",
    "-1": "Implement",
    "0": "Review",
    "3": "Closed",
    "4": "Canceled",
}
#: What the form offers, by type.
_NEXT = {
    "normal": {"-5": ["-4"], "-4": ["-3"], "-3": ["-2"], "-2": ["-1"], "-1": ["0"], "0": ["3"]},
    "standard": {"-5": ["-2"], "-2": ["-1"], "-1": ["0"], "0": ["3"]},
    "emergency": {"-5": ["-3"], "-3": ["-2"], "-2": ["-1"], "-1": ["0"], "0": ["3"]},
}
#: Moves that an approval makes, and nobody else.
_BY_APPROVAL = {("normal", "-4"), ("normal", "-3"), ("emergency", "-3")}
_CANCELABLE = ("-5", "-4", "-3", "-2", "-1")
_FIELDS = {
    "approval", "assignment_group", "backout_plan", "close_code", "close_notes", "comments", "correlation_display",
    "correlation_id", "description", "end_date", "implementation_plan", "justification", "on_hold", "on_hold_reason",
    "short_description", "start_date", "state", "test_plan", "type", "work_notes",
}  # fmt: skip
_LIMITS = {"correlation_id": 100, "correlation_display": 100, "short_description": 160}


class Instance(Service):
    """One instance, with an account `bot` that may write changes and one `cab` that may approve them."""

    def __init__(self) -> None:
        super().__init__()
        self.changes: dict[str, dict[str, str]] = {}
        self.attachments: list[dict[str, str]] = []
        self.affected: dict[str, list[str]] = {}
        self.workers: dict[str, list[str]] = {}
        #: Fields that the account may not write: they are ignored.
        self.unwritable: set[str] = set()
        #: Queries are ignored, as they are where a part of them is not valid.
        self.ignores_queries = False
        #: Approvals are given as soon as they are asked for.
        self.agreeable = False
        #: States of a change model of the customer's own: state to label, and what follows what.
        self.model_labels: dict[str, str] = {}
        self.model_next: dict[str, list[str]] = {}
        #: The Change Management API is not installed.
        self.table_only = False
        #: Who is told of each change that moves, and the secret that the word is signed with.
        self.listener = ""
        self.listener_secret = ""

    def tell(self, row: Mapping[str, str], **headers: str) -> httpx.Response:
        """Send word of a change, as a business rule of the instance does."""
        said = {"correlation_id": row["correlation_id"], "number": row["number"], "state": row["state"]}
        body = json.dumps(said).encode()
        signed = signature_of(body, self.listener_secret.encode(), int(time.time()))
        return httpx.post(self.listener, content=body, headers={SIGNATURE_HEADER: signed, **headers}, timeout=PATIENCE)

    def change(self, number: int = 0) -> dict[str, str]:
        """Return the change that was made as that many-th."""
        return list(self.changes.values())[number]

    def open_changes(self) -> int:
        """Count the changes that were neither cancelled nor closed as unsuccessful."""
        return sum(one["state"] != "4" and one.get("close_code") != "unsuccessful" for one in self.changes.values())

    def put(self, **fields: str) -> dict[str, str]:
        """Make a change by hand."""
        with self.lock:
            return self._insert({"type": "normal", **fields})

    def error(self, refused: Refused) -> Reply:
        """Say no as the instance does."""
        return Reply(
            status=refused.status, body={"error": {"message": str(refused), "detail": ""}, "status": "failure"}
        )

    def answer(self, asked: Asked) -> Reply:
        """Find what is asked for."""
        if found := re.fullmatch(r"/api/now/table/change_request(?:/(\w+))?", asked.path):
            return self._table(asked, found[1])
        if asked.path.startswith("/api/now/attachment"):
            return self._attachment(asked)
        found = re.fullmatch(r"/api/sn_chg_rest/v1/change(?:/(.*))?", asked.path)
        if found is None or self.table_only:
            raise Refused(400, f"Requested URI does not represent any resource: {asked.path}")
        return self._change(asked, (found[1] or "").split("/"))

    def _change(self, asked: Asked, path: list[str]) -> Reply:
        head, tail = path[0], path[1:]
        if asked.method == "POST" and head in _NEXT and len(tail) == (head == "standard"):
            return self._create(asked, head)
        if head == "" and asked.method == "GET":
            return Reply(status=200, body={"result": [self._both(row) for row in self._query(asked)]})
        if head == "worker":
            return self._worker(tail[0])
        row = self.changes.get(head)
        if row is None:
            raise Refused(404, "Record not found")
        return self._one(asked, row, tail)

    def _one(self, asked: Asked, row: dict[str, str], tail: list[str]) -> Reply:
        if tail == ["nextstate"]:
            return Reply(status=200, body={"result": self._next(row)})
        if tail == ["approvals"]:
            return self._approve(asked, row)
        if tail == ["ci"]:
            return self._ci(asked, row)
        ignored = self._write(row, asked.body) if asked.method == "PATCH" else None
        return Reply(status=200, body={"result": self._both(row, ignored)})

    def _table(self, asked: Asked, sys_id: str | None) -> Reply:
        show = self._both if asked.query.get("sysparm_display_value") == "all" else self._plain
        if sys_id is None and asked.method == "GET":
            return Reply(status=200, body={"result": [show(row) for row in self._query(asked)]})
        if sys_id is None:
            row = self._insert({"type": "normal"})
            self._write(row, asked.body)
            return Reply(status=201, body={"result": show(row)})
        row = self.changes.get(sys_id)
        if row is None:
            raise Refused(404, "No Record found")
        if asked.method == "PATCH":
            self._write(row, asked.body)
        return Reply(status=200, body={"result": show(row)})

    def _create(self, asked: Asked, kind: str) -> Reply:
        row = self._insert({"type": kind})
        ignored = self._write(row, {name: value for name, value in asked.body.items() if name != "type"})
        return Reply(status=200, body={"result": self._both(row, ignored)})

    def _insert(self, fields: Mapping[str, str]) -> dict[str, str]:
        count = len(self.changes) + 1
        row = {
            "sys_id": f"{count:032x}",
            "number": f"CHG{30000 + count:07d}",
            "state": "-5",
            "approval": "not requested",
            "on_hold": "false",
            **fields,
        }
        self.changes[row["sys_id"]] = row
        return row

    def _query(self, asked: Asked) -> list[dict[str, str]]:
        """Apply the parts of a query that are valid; the others are ignored, and give all rows."""
        rows = list(self.changes.values())
        for part in asked.query.get("sysparm_query", "").split("^"):
            name, _, value = part.partition("=")
            if name in {*_FIELDS, "sys_id", "number"} and not self.ignores_queries:
                rows = [row for row in rows if row.get(name, "") == value]
        start = int(asked.query.get("sysparm_offset", "0"))
        return rows[start : start + int(asked.query.get("sysparm_limit", "500"))]

    def _write(self, row: dict[str, str], body: Mapping[str, Any]) -> list[str]:
        """Write what may be written, cut to its length; return what is ignored."""
        ignored = [name for name in body if name not in _FIELDS or name in self.unwritable]
        for name, value in body.items():
            if name not in ignored and name != "state":
                row[name] = str(value)[: _LIMITS.get(name, 4000)]
        if "state" in body and body["state"] != row["state"]:
            self._move(row, str(body["state"]))
        return ignored

    def _move(self, row: dict[str, str], to: str) -> None:
        if row["on_hold"] == "true" and to != "4":
            return  # A business rule takes it back without a word.
        if to not in self._available(row):
            raise Refused(400, f"Change cannot be moved to state : {to}")
        row["state"] = to
        if (row["type"], to) in _BY_APPROVAL:
            row["approval"] = "requested"
            if self.agreeable:
                self._approved(row)
        if to in ("-2", "-1") and row["type"] == "standard":
            row["approval"] = "approved"

    def _available(self, row: Mapping[str, str]) -> list[str]:
        """Return where a change may go now."""
        state = row["state"]
        following = (self.model_next or _NEXT[row["type"]]).get(state, [])
        if (row["type"], state) in _BY_APPROVAL and not self.model_next and row["approval"] != "approved":
            following = []
        return [*following, *(["4"] if state in _CANCELABLE else [])]

    def _next(self, row: Mapping[str, str]) -> dict[str, Any]:
        state, labels = row["state"], {**_LABELS, **self.model_labels}
        wanted = [*(self.model_next or _NEXT[row["type"]]).get(state, []), *(["4"] if state in _CANCELABLE else [])]
        open_ = self._available(row)
        return {
            "available_states": [state, *open_],
            "state_transitions": [
                [
                    {
                        "from_state": state,
                        "to_state": to,
                        "transition_available": to in open_,
                        "automatic_transition": False,
                        "conditions": [{"passed": to in open_, "condition": {"name": "Approval is given"}}],
                    }
                ]
                for to in wanted
            ],
            "state_label": labels,
        }

    def _approve(self, asked: Asked, row: dict[str, str]) -> Reply:
        """Approve or reject as whoever calls, and as nobody else."""
        if asked.account != "cab" or row["approval"] != "requested":
            raise Refused(400, "User does not have an approval for this change request")
        if asked.body["state"] == "rejected":
            if not asked.body.get("comments"):
                raise Refused(400, "Comments are required when rejecting")
            row["state"], row["approval"] = "-5", "rejected"
        else:
            self._approved(row)
        return Reply(status=200, body={"result": {"message": "ok", "approved_by": asked.account}})

    def _approved(self, row: dict[str, str]) -> None:
        row["approval"] = "approved"
        following = _NEXT[row["type"]].get(row["state"], [])
        if following:
            row["approval"] = "approved"
            self._move(row, following[0])

    def _ci(self, asked: Asked, row: Mapping[str, str]) -> Reply:
        known = self.affected.setdefault(row["sys_id"], [])
        if asked.method == "GET":
            return Reply(status=200, body={"result": [{"cmdb_ci_sys_id": {"value": one}} for one in known]})
        known += asked.body["cmdb_ci_sys_ids"].split(",")
        worker = f"{len(self.workers) + 1:032x}"
        self.workers[worker] = ["1", "3"]
        return Reply(status=202, body={"result": {"worker": {"sysId": worker, "link": f"{self.url}/worker"}}})

    def _worker(self, worker: str) -> Reply:
        """Show how far a worker is; it takes its time."""
        left = self.workers[worker]
        state = left.pop(0) if len(left) > 1 else left[0]
        return Reply(status=200, body={"result": {"state": {"value": int(state), "display_value": "state"}}})

    def _attachment(self, asked: Asked) -> Reply:
        if asked.method == "POST":
            row = {"file_name": asked.query["file_name"], "table_sys_id": asked.query["table_sys_id"]}
            self.attachments.append({**row, "text": asked.raw.decode()})
            return Reply(status=201, body={"result": row})
        wanted = dict(part.split("=", 1) for part in asked.query.get("sysparm_query", "").split("^"))
        rows = [
            one
            for one in self.attachments
            if self.ignores_queries or all(one.get(name) == value for name, value in wanted.items())
        ]
        return Reply(status=200, body={"result": rows})

    def _plain(self, row: Mapping[str, str]) -> dict[str, Any]:
        return dict(row)

    def _both(self, row: Mapping[str, str], ignored: list[str] | None = None) -> dict[str, Any]:
        """Show each field twice: as it is, and as the account sees it, with times of its own zone."""
        labels = {**_LABELS, **self.model_labels}
        shown = {**row, "state": labels.get(row["state"], row["state"])}
        for name in ("start_date", "end_date"):
            shown[name] = row.get(name, "").replace("-", "/")
        meta = {"__meta": {"ignoredFields": ignored}} if ignored else {}
        return {**{name: {"value": row.get(name, ""), "display_value": shown.get(name, "")} for name in shown}, **meta}


@contextmanager
def running_instance() -> Iterator[Instance]:
    """Run an instance."""
    with serving(Instance()) as instance:
        yield instance
