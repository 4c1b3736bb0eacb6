"""A Jira site with one project for changes: it behaves as its documentation says, quirks included."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from support.services import Asked, Refused, Reply, Service, parts_of, serving

#: What the change workflow offers, by status: id of the transition and status that it leads to.
_WORKFLOW = {
    "Planning": [("11", "Awaiting CAB approval"), ("91", "Canceled")],
    "Awaiting CAB approval": [("91", "Canceled")],
    "Awaiting implementation": [("21", "Implementing"), ("91", "Canceled")],
    "Implementing": [("31", "Completed"), ("32", "Failed"), ("91", "Canceled")],
}


class Site(Service):
    """One site, with an account `bot` that may write issues and one `cab` that may approve them."""

    def __init__(self) -> None:
        super().__init__()
        self.issues: dict[str, dict[str, Any]] = {}
        #: How many searches go by until the index has what was just made.
        self.index_lag = 0
        #: The search finds everything, whatever is asked.
        self.finds_everything = False
        self.agreeable = False
        self.page = 100
        self.deployments: dict[str, dict[str, Any]] = {}
        self.gating = "awaiting"
        #: How often a deployment that was accepted is not shown yet.
        self.deployment_lag = 0
        self._unindexed: dict[str, int] = {}

    def issue(self, number: int = 0) -> dict[str, Any]:
        """Return the issue that was made as that many-th."""
        return list(self.issues.values())[number]

    def open_changes(self) -> int:
        """Count the changes that were neither cancelled nor closed as unsuccessful."""
        return sum(
            one["fields"]["status"]["name"] != "Canceled"
            and one["properties"].get("releasepilot", {}).get("close_code") != "unsuccessful"
            for one in self.issues.values()
        )

    def put(self, labels: list[str], status: str = "Planning") -> dict[str, Any]:
        """Make an issue by hand."""
        with self.lock:
            return self._insert({"labels": labels, "summary": "by hand"}, status)

    def move(self, issue: dict[str, Any], status: str) -> None:
        """Move an issue by hand."""
        with self.lock:
            issue["fields"]["status"] = {"name": status}

    def error(self, refused: Refused) -> Reply:
        """Say no as Jira does."""
        return Reply(status=refused.status, body={"errorMessages": [str(refused)], "errors": {}})

    def answer(self, asked: Asked) -> Reply:
        """Find what is asked for."""
        if asked.path == "/rest/api/3/search/jql":
            return self._search(asked)
        if asked.path == "/rest/api/3/issue":
            return self._create(asked)
        if asked.path.startswith("/rest/deployments/0.1/"):
            return self._deployment(asked)
        if found := re.fullmatch(r"/rest/servicedeskapi/request/(\w+)/approval(?:/(\d+))?", asked.path):
            return self._approval(asked, self._one(found[1]), found[2])
        if found := re.fullmatch(r"/rest/api/3/issue/(\w+)(?:/(.*))?", asked.path):
            return self._issue(asked, self._one(found[1]), found[2] or "")
        raise Refused(404, "null for uri")

    def _deployment(self, asked: Asked) -> Reply:
        """Take deployments, show them, and say whether they may begin."""
        if asked.path.endswith("/bulk"):
            return self._bulk(asked.body["deployments"][0])
        key, _, gating = asked.path.rpartition("/deployments/0.1/")[2].partition("/gating-status")
        found = self.deployments.get(key + gating)
        if found is None or self.deployment_lag > 0:
            self.deployment_lag -= 1
            raise Refused(404, "No data found for the deployment")
        if not asked.path.endswith("/gating-status"):
            return Reply(status=200, body=found)
        details = [{"type": "issue", "issueKey": "OPS-7", "issueLink": f"{self.url}/browse/OPS-7"}]
        return Reply(status=200, body={"gatingStatus": self.gating, "details": details})

    def _bulk(self, sent: dict[str, Any]) -> Reply:
        """Accept a deployment, and replace what is there if it is newer."""
        key = (
            f"pipelines/{sent['pipeline']['id']}/environments/{sent['environment']['id']}"
            f"/deployments/{sent['deploymentSequenceNumber']}"
        )
        if sent["associations"][0]["values"] == ["unknown"]:
            wrong = {"key": {}, "errors": [{"message": "no such service"}]}
            return Reply(status=202, body={"acceptedDeployments": [], "rejectedDeployments": [wrong]})
        before = self.deployments.get(key)
        if before is None or before["updateSequenceNumber"] < sent["updateSequenceNumber"]:
            self.deployments[key] = sent
        return Reply(status=202, body={"acceptedDeployments": [{}], "rejectedDeployments": []})

    def deployment(self) -> dict[str, Any]:
        """Return the one deployment."""
        return next(iter(self.deployments.values()))

    def _one(self, issue: str) -> dict[str, Any]:
        if issue not in self.issues:
            raise Refused(404, "Issue does not exist or you do not have permission to see it.")
        return self.issues[issue]

    def _create(self, asked: Asked) -> Reply:
        fields = asked.body["fields"]
        known = {"project", "issuetype", "summary", "description", "labels"}
        if unknown := [name for name in fields if name not in known and not name.startswith("customfield_")]:
            raise Refused(400, f"Field '{unknown[0]}' cannot be set. It is not on the appropriate screen, or unknown.")
        if any(" " in label for label in fields["labels"]):
            raise Refused(400, "The label contains spaces which is invalid.")
        made = self._insert(fields, "Planning")
        self._unindexed[made["id"]] = self.index_lag
        return Reply(status=201, body={"id": made["id"], "key": made["key"], "self": self.url})

    def _insert(self, fields: dict[str, Any], status: str) -> dict[str, Any]:
        count = len(self.issues) + 1
        made = {
            "id": str(10000 + count),
            "key": f"OPS-{count}",
            "fields": {"attachment": [], **fields, "status": {"name": status}},
            "properties": {},
            "approvals": [],
            "comments": [],
        }
        self.issues[made["id"]] = made
        return made

    def _search(self, asked: Asked) -> Reply:
        """Search the index, a page at a time."""
        label = re.search(r'labels = "([^"]*)"', asked.body["jql"])
        found = [one for one in self.issues.values() if self._indexed(one["id"])]
        if not self.finds_everything:
            found = [one for one in found if label and label[1] in one["fields"]["labels"]]
        start = int(asked.body.get("nextPageToken", "0"))
        size = min(self.page, asked.body["maxResults"])
        rows = [
            {"id": one["id"], "key": one["key"], "fields": {"labels": one["fields"]["labels"]}}
            for one in found[start : start + size]
        ]
        more = {"nextPageToken": str(start + size)} if start + size < len(found) else {}
        return Reply(status=200, body={"issues": rows, "isLast": not more, **more})

    def _indexed(self, issue: str) -> bool:
        left = self._unindexed.get(issue, 0)
        self._unindexed[issue] = max(0, left - 1)
        return left == 0

    def _issue(self, asked: Asked, issue: dict[str, Any], rest: str) -> Reply:
        if rest == "transitions":
            return self._transitions(asked, issue)
        if rest == "attachments":
            return self._attach(asked, issue)
        if rest == "comment":
            issue["comments"].append(asked.body["body"])
            return Reply(status=201, body={"id": "1"})
        if rest.startswith("properties/"):
            issue["properties"][rest.removeprefix("properties/")] = asked.body
            return Reply(status=200)
        names = asked.query.get("fields", "").split(",")
        fields = {name: value for name, value in issue["fields"].items() if name in names}
        return Reply(status=200, body={**{k: issue[k] for k in ("id", "key", "properties")}, "fields": fields})

    def _transitions(self, asked: Asked, issue: dict[str, Any]) -> Reply:
        offered = _WORKFLOW.get(issue["fields"]["status"]["name"], [])
        if asked.method == "GET":
            named = [{"id": id_, "name": f"To {to}", "to": {"name": to}} for id_, to in offered]
            return Reply(status=200, body={"transitions": named})
        to = dict(offered).get(asked.body["transition"]["id"])
        if to is None:
            raise Refused(400, "It seems that you have tried to perform an illegal workflow operation.")
        issue["fields"]["status"] = {"name": to}
        if to == "Awaiting CAB approval":
            decision = "approved" if self.agreeable else "pending"
            issue["approvals"].append({"id": str(len(issue["approvals"]) + 1), "finalDecision": decision})
            if self.agreeable:
                issue["fields"]["status"] = {"name": "Awaiting implementation"}
        return Reply(status=204)

    def _attach(self, asked: Asked, issue: dict[str, Any]) -> Reply:
        if asked.headers.get("X-Atlassian-Token") != "no-check":
            raise Refused(403, "XSRF check failed")
        for part in parts_of(asked):
            issue["fields"]["attachment"].append({"filename": part.get_filename(), "text": str(part.get_payload())})
        return Reply(status=200, body=[])

    def _approval(self, asked: Asked, issue: dict[str, Any], approval: str | None) -> Reply:
        """Decide as whoever calls, and as nobody else."""
        if approval is None:
            return Reply(status=200, body={"values": issue["approvals"], "isLastPage": True})
        if asked.account != "cab":
            raise Refused(403, "You are not an approver of this request.")
        declined = asked.body["decision"] == "decline"
        issue["approvals"][int(approval) - 1]["finalDecision"] = "declined" if declined else "approved"
        issue["fields"]["status"] = {"name": "Declined" if declined else "Awaiting implementation"}
        return Reply(status=200, body={})


@contextmanager
def running_site() -> Iterator[Site]:
    """Run a site."""
    with serving(Site()) as site:
        yield site
