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

#: What must be reached over all releases, by each policy with over 100, and by those that reach more.
#:
#: The dialects agree with the tools themselves on every message here, nine apart on which semantic-release's parser
#: ends with an error: its commit-analyzer, release-please, python-semantic-release and commitizen were run over them.
#: What is missed is in no message: versions that were skipped or typed by hand, commits that were renamed on the forge
#: afterwards, and a first 1.0.0. The commit that a tool made for the very release is among the commits: that there is
#: one counts by release-please, whose releases begin with it; the version in its subject is never read.
OVERALL, EACH = 0.99, 0.97
FLOORS = {"semantic-release": 0.997, "release-please": 0.977, "python-semantic-release": 0.983, "cocogitto": 0.91}
_MANY = 100


def _lines(name: str) -> list[dict[str, Any]]:
    with gzip.open(CORPUS / name, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def _decision(release: dict[str, Any], version: str) -> Decision:
    return decide(version, [commit["message"] for commit in release["commits"]], _policy(release))


def _policy(release: dict[str, Any]) -> str:
    tool = release["tool"]
    return str(release["tool_detail"] if tool == "other" else tool)


def test_next_versions_are_those_that_were_released(capsys: pytest.CaptureFixture[str]) -> None:
    """At least 99 % of all releases are predicted exactly, those that skip a version among them."""
    hits: Counter[str] = Counter()
    total: Counter[str] = Counter()
    for release in _lines("dev.jsonl.gz"):
        total[_policy(release)] += 1
        hits[_policy(release)] += _decision(release, release["prev_version"]).version == release["next_version"]
    told = {f"{policy}": (hits[policy], count) for policy, count in total.items()}
    told["all"] = (hits.total(), total.total())
    with capsys.disabled():
        for name, (right, count) in told.items():
            print(f"\n{name}: {right} of {count} releases ({right / count:.2%})", end="")  # noqa: T201 - the score is wanted
    assert hits.total() / total.total() >= OVERALL
    assert all(hits[policy] / count >= EACH for policy, count in total.items() if count > _MANY)
    assert all(hits[policy] / total[policy] >= floor for policy, floor in FLOORS.items())


def test_nothing_is_released_that_was_not() -> None:
    """Commits after the last tag, which the tool saw and did not release, call for no release."""
    for release in _lines("dev_negatives.jsonl.gz"):
        assert _decision(release, release["last_version"]).bump is Bump.NONE, release["repo"]
