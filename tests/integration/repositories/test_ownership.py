"""Who owns what a release changes, in real repositories."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.remotes import Change, make_remote

from releasepilot.errors import ManifestError
from releasepilot.model.catalog import Catalog
from releasepilot.repositories.snapshot import take_snapshot

RULES = "* @all\n/web/ @web-team\n/core/ @octo/core\n"


async def owners(tmp_path: Path, history: list[Change], *, gate: bool = True, path: str = ".") -> tuple[str, ...]:
    """Read who owns what is new of a component."""
    remote = make_remote(tmp_path / "a.git", history)
    gates = [{"uses": "approval", "code_owners": True}] if gate else []
    component = {"name": "a", "repo": remote.url, "path": path, "ecosystem": "generic"}
    catalog = Catalog.model_validate({"version": 1, "train": "t", "components": [component], "gates": gates})
    snapshot = await take_snapshot(catalog, tmp_path / "cache", timeout=20)
    return snapshot.components[0].owners


def begun(rules: str = RULES) -> Change:
    """Begin a repository that says who owns it."""
    files = {".github/CODEOWNERS": rules, "web/a": "1", "core/a": "1", "b": "1"}
    return Change(message="feat: begin", files=files, tag="v1.0.0")


async def test_the_owners_of_what_changed_since_the_release_are_read(tmp_path: Path) -> None:
    """Of the other files nobody is asked."""
    assert await owners(tmp_path, [begun(), Change(message="fix: x", files={"web/a": "2"})]) == ("@web-team",)


async def test_at_a_first_release_everything_is_new(tmp_path: Path) -> None:
    """All owners are asked; of a component in a folder those of the folder."""
    first = Change(message="feat: begin", files=begun().files)
    assert await owners(tmp_path / "1", [first]) == ("@all", "@octo/core", "@web-team")
    assert await owners(tmp_path / "2", [first], path="core") == ("@octo/core",)


async def test_nobody_is_read_where_no_gate_asks(tmp_path: Path) -> None:
    """A snapshot without such a gate starts no process for it."""
    assert await owners(tmp_path, [begun(), Change(message="fix: x", files={"web/a": "2"})], gate=False) == ()


async def test_a_pattern_that_cannot_be_matched_names_the_component(tmp_path: Path) -> None:
    """The error says whose file it is."""
    with pytest.raises(ManifestError, match="too many stars") as told:
        await owners(tmp_path, [begun("*a*a*a*a* @x\n"), Change(message="fix: x", files={"web/a": "2"})])
    assert told.value.component == "a"


async def test_authors_who_are_new_are_counted_where_the_risk_decides(tmp_path: Path) -> None:
    """By their address, whatever its case; at a first release, and where nothing asks, nobody counts."""
    remote = make_remote(tmp_path / "a.git", [begun(), Change(message="fix: x", files={"b": "2"})])
    rule = {"id": "r", "expr": "plan.risk.newcomers > 3", "message": "m", "tests": [{"expect": "pass"}]}
    for rules, expected in (((rule,), 0), ((), None)):
        component = {"name": "a", "repo": remote.url, "ecosystem": "generic"}
        catalog = Catalog.model_validate({"version": 1, "train": "t", "components": [component], "rules": rules})
        snapshot = await take_snapshot(catalog, tmp_path / "cache", timeout=20)
        assert snapshot.components[0].newcomers == expected
    who = ("-c", "user.name=N", "-c", "user.email=new@example.org")
    tree, head = remote.git("rev-parse", "main^{tree}"), remote.head()
    made = remote.git(*who, "commit-tree", tree, "-p", head, "-m", "fix: by somebody new")
    remote.git("update-ref", "refs/heads/main", made)
    catalog = Catalog.model_validate({"version": 1, "train": "t", "components": [component], "rules": [rule]})
    snapshot = await take_snapshot(catalog, tmp_path / "cache", timeout=20)
    assert snapshot.components[0].newcomers == 1
