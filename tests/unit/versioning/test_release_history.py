"""Real releases: the version that a repository's own tool chose is the one that its policy predicts."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from typing import Any

import pytest
from support.corpus import CORPUS, needs_corpus

from releasepilot.model.version import Bump
from releasepilot.versioning import Decision, decide

pytestmark = needs_corpus

#: What each policy must reach. The misses are releases that no rule predicts: skipped versions, backports, and pull
#: requests whose description replaced the commit message.
FLOORS = {"semantic-release": 0.997, "release-please": 0.977, "python-semantic-release": 0.983, "cocogitto": 0.91}


def _lines(name: str) -> list[dict[str, Any]]:
    with gzip.open(CORPUS / name, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def _decision(release: dict[str, Any], version: str) -> Decision:
    return decide(version, [commit["message"] for commit in release["commits"]], _policy(release))


def _policy(release: dict[str, Any]) -> str:
    tool = release["tool"]
    return str(release["tool_detail"] if tool == "other" else tool)


def test_next_versions_are_those_that_were_released(capsys: pytest.CaptureFixture[str]) -> None:
    """At least 99 % of the releases that a tool could predict are predicted exactly."""
    hits: Counter[str] = Counter()
    total: Counter[str] = Counter()
    for release in _lines("dev.jsonl.gz"):
        total[_policy(release)] += 1
        hits[_policy(release)] += _decision(release, release["prev_version"]).version == release["next_version"]
    with capsys.disabled():
        for policy, count in total.items():
            print(f"\n{policy}: {hits[policy]} of {count} releases ({hits[policy] / count:.2%})", end="")  # noqa: T201 - the score is wanted
    for policy, floor in FLOORS.items():
        assert hits[policy] / total[policy] >= floor, policy
    both = ("semantic-release", "release-please")
    assert sum(hits[policy] for policy in both) / sum(total[policy] for policy in both) >= 0.99


def test_nothing_is_released_that_was_not() -> None:
    """Commits after the last tag, which the tool saw and did not release, call for no release."""
    for release in _lines("dev_negatives.jsonl.gz"):
        assert _decision(release, release["last_version"]).bump is Bump.NONE, release["repo"]
