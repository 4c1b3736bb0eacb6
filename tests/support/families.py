"""The families of the corpus as real remotes: real manifests, and real commit messages where the corpus has them."""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from support.corpus import CORPUS
from support.remotes import Change, Remote, make_remote

_NAME = "semantic-release"

#: Every family of the corpus.
FAMILIES = ("hashicorp-go", "pallets", "semantic-release")


@dataclass(frozen=True, kw_only=True)
class Member:
    """One repository of a family."""

    name: str
    package: str
    #: The version of its newest tag.
    version: str
    #: The messages since that tag, oldest first.
    messages: tuple[str, ...]
    #: The bump that the real release of these messages was; empty where the messages are ours.
    bump: str


def semantic_release_family(others: dict[str, tuple[str, ...]]) -> tuple[Member, ...]:
    """Describe the ten repositories of semantic-release.

    Those in the corpus get the messages of the release that made their current version, as if that work came once
    more; `others` gives the messages of the rest.
    """
    expected = json.loads((CORPUS / "families" / _NAME / "expected_edges.json").read_text())
    real = _real_releases()
    members = []
    for name, facts in expected["repos"].items():
        release = real.get((f"{_NAME}/{name}", facts["current_version"]))
        messages = tuple(commit["message"] for commit in reversed(release["commits"])) if release else others[name]
        members.append(
            Member(
                name=name,
                package=facts["package"],
                version=facts["current_version"],
                messages=messages,
                bump=release["actual_bump"] if release else "",
            )
        )
    return tuple(members)


def make_family(folder: Path, members: tuple[Member, ...]) -> dict[str, Remote]:
    """Make the remotes: the manifest as it is, tagged as the current version, then the messages."""
    remotes = {}
    for member in members:
        manifest = (CORPUS / "families" / _NAME / member.name / "package.json").read_bytes()
        released = Change(message="chore: import", files={"package.json": manifest}, tag=f"v{member.version}")
        since = [
            Change(message=message, files={"lib/change.txt": f"{number}\n"})
            for number, message in enumerate(member.messages)
        ]
        remotes[member.name] = make_remote(folder / f"{member.name}.git", [released, *since])
    return remotes


def expected_edges(family: str) -> dict[str, Any]:
    """Return what is known of a family: its `repos`, and the `edges` between them."""
    facts: dict[str, Any] = json.loads((CORPUS / "families" / family / "expected_edges.json").read_text())
    return facts


def family_remotes(folder: Path, family: str) -> dict[str, Remote]:
    """Make the remotes of any family: all its manifests as they are, tagged as the current version where there is one.

    Each lies beside files that are none of its own, which must not be taken for manifests.
    """
    remotes = {}
    for name, facts in expected_edges(family)["repos"].items():
        version = facts["current_version"]
        manifests = (CORPUS / "families" / family / name).iterdir()
        files = {file.name: file.read_bytes() for file in manifests} | {
            "example/package.json": b"{",
            "requirements/README": b"=",
            "lib/setup.py": b"(",
        }
        first = Change(message="chore: import", files=files, tag=f"v{version}" if version else None)
        remotes[name] = make_remote(folder / f"{name}.git", [first, "fix: mend it"])
    return remotes


@cache
def _real_releases() -> dict[tuple[str, str], dict[str, Any]]:
    """Return the releases of the family's organisation by repository and version."""
    with gzip.open(CORPUS / "dev.jsonl.gz", "rt", encoding="utf-8") as lines:
        releases = [json.loads(line) for line in lines if f'"{_NAME}/' in line]
    return {(release["repo"], release["next_version"]): release for release in releases}
