"""Real changelogs: a commit stands under the heading where the repository's own tool printed it."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from support.corpus import CORPUS, needs_corpus

from releasepilot.model.catalog import Ecosystem
from releasepilot.model.commit import Commit
from releasepilot.versioning.changelog import Kind, select, selection_of
from releasepilot.versioning.policy import POLICIES

pytestmark = needs_corpus

#: What each policy must reach of the commits that its tool printed. What release-please itself makes of the same
#: messages reaches 97.2 %: the rest is in the descriptions of pull requests, or was written by people.
FLOORS = {"release-please": 0.975, "python-semantic-release": 0.99, "cocogitto": 0.99}

#: The headings of the tools, of their older versions too, and what we call the same.
HEADINGS = {
    Kind.BREAKING: ("breaking", "breaking changes"),
    Kind.FEATURES: ("feature", "features", "new features"),
    Kind.FIXES: ("fix", "fixes", "bug fixes", "implementation changes"),
    Kind.PERFORMANCE: ("performance", "performance improvements"),
    Kind.REVERTS: ("revert", "reverts"),
    Kind.DEPENDENCIES: ("dependencies",),
    Kind.DOCUMENTATION: ("documentation",),
    Kind.REFACTORING: ("refactor", "refactoring", "code refactoring"),
    Kind.STYLE: ("style", "styles", "code style"),
    Kind.TESTS: ("test", "tests", "testing"),
    Kind.BUILD: ("build", "build system"),
    Kind.CI: ("ci", "continuous integration"),
    Kind.CHORES: ("chore", "chores", "miscellaneous chores"),
}
KINDS = {word: kind for kind, words in HEADINGS.items() for word in words}
#: release-please shows these by default in some languages alone.
SHOWN_BY_LANGUAGE = {Kind.DOCUMENTATION, Kind.DEPENDENCIES}


def _releases() -> list[dict[str, Any]]:
    with gzip.open(CORPUS / "dev.jsonl.gz", "rt", encoding="utf-8") as lines:
        return [release for release in map(json.loads, lines) if "changelog" in release]


def _policy(release: dict[str, Any]) -> str:
    return str(release["tool_detail"] if release["tool"] == "other" else release["tool"])


def _printed(release: dict[str, Any]) -> Iterator[tuple[Kind, str]]:
    """Yield the section and the beginning of the id of each commit that the tool printed."""
    for heading, shas in release["changelog"].items():
        for sha in shas:
            yield KINDS.get(heading.strip("⚠ ").lower(), Kind.OTHER), sha


def _told(release: dict[str, Any], ecosystem: Ecosystem) -> set[tuple[Kind | str, str]]:
    """Return the section and the id of each commit that we tell."""
    dialect = POLICIES[_policy(release)].dialect
    commits = [
        Commit(sha=one["sha"], message=one["message"], merge=bool(one.get("merge"))) for one in release["commits"]
    ]
    entries = select([(one, dialect(one.message)) for one in commits], selection_of(_policy(release), ecosystem, {}))
    return {(entry.section, entry.commit.sha) for entry in entries}


def test_commits_stand_where_the_tool_printed_them(capsys: pytest.CaptureFixture[str]) -> None:
    """At least 98 % of the commits that the tools printed stand under the corresponding heading."""
    releases = _releases()
    # No manifest is at hand here, which would tell the language; the sections that a repository shows do.
    shows = {one["repo"] for one in releases if SHOWN_BY_LANGUAGE & {kind for kind, _ in _printed(one)}}
    total: Counter[str] = Counter()
    hits: Counter[str] = Counter()
    beside: Counter[str] = Counter()
    for release in releases:
        policy = _policy(release)
        told = _told(release, Ecosystem.PYTHON if release["repo"] in shows else Ecosystem.NPM)
        printed = list(_printed(release))
        for kind, sha in printed:
            total[policy] += 1
            hits[policy] += any(ours is kind and full.startswith(sha) for ours, full in told)
        beginnings = tuple(sha for _, sha in printed)
        beside[policy] += len({full for _, full in told if not beginnings or not full.startswith(beginnings)})
    with capsys.disabled():
        for policy, count in total.items():
            score = f"{hits[policy]} of {count} printed commits ({hits[policy] / count:.2%})"
            print(f"\n{policy}: {score}, {beside[policy]} told that it did not print", end="")  # noqa: T201 - the score is wanted
    for policy, floor in FLOORS.items():
        assert hits[policy] / total[policy] >= floor, policy
    assert sum(hits.values()) / sum(total.values()) >= 0.98
