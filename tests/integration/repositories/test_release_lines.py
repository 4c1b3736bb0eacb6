"""Prerelease channels, promotion and maintenance branches, planned over real repositories."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.plans import ACTUATORS
from support.remotes import Change, Remote, make_remote

from releasepilot.errors import InvalidMaintenanceMerge, InvalidNextVersion, PlanError
from releasepilot.graph.planner import make_plan
from releasepilot.model.catalog import Catalog
from releasepilot.model.plan import Plan
from releasepilot.model.train import Request
from releasepilot.repositories.snapshot import take_snapshot

BREAK = "feat: b\n\nBREAKING CHANGE: gone"


@pytest.fixture
def remote(tmp_path: Path) -> Remote:
    """Make a repository that was released as 1.0.0 and 1.1.0."""
    history = [Change(message="feat: a", tag="v1.0.0"), Change(message="feat: b", tag="v1.1.0")]
    return make_remote(tmp_path / "lib.git", history, files={"package.json": '{"name": "lib", "version": "1.1.0"}\n'})


async def planned(remote: Remote, branch: str, *branches: object, policy: str = "semantic-release") -> Plan:
    """Plan a release from one of several branches."""
    catalog = Catalog.model_validate(
        {
            "version": 1,
            "train": "lines",
            "defaults": {"branch": branch, "branches": list(branches), "versioning": {"policy": policy}},
            "components": [{"name": "lib", "repo": remote.url}],
        }
    )
    snapshot = await take_snapshot(catalog, remote.folder.parent / "cache", timeout=20)
    return make_plan(snapshot, Request(catalog=catalog, date="2026-06-01", actuators=ACTUATORS))


async def version(remote: Remote, branch: str, *branches: object, policy: str = "semantic-release") -> str:
    """Return the version that a branch would release, and the tag before it; empty where there is nothing."""
    plan = await planned(remote, branch, *branches, policy=policy)
    return "" if not plan.releases else f"{plan.releases[0].to_version} after {plan.releases[0].from_version}"


CHANNELS = ("main", {"name": "beta", "prerelease": "beta"})


def branch_off(remote: Remote, name: str, *changes: Change | str, at: str = "main") -> None:
    """Make a branch and let somebody push to it."""
    remote.git("branch", name, at)
    if changes:
        remote.add(*changes, branch=name)


async def test_a_channel_counts_its_own_previews_until_it_is_promoted(remote: Remote) -> None:
    """beta.1, beta.2, a higher base when the changes ask for it; merged, it becomes the stable version."""
    branch_off(remote, "beta", "fix: c")
    assert await version(remote, "beta", *CHANNELS) == "1.1.1-beta.1 after 1.1.0"
    remote.git("tag", "v1.1.1-beta.1", "beta")
    assert await version(remote, "beta", *CHANNELS) == ""
    remote.add("fix: d", branch="beta")
    assert await version(remote, "beta", *CHANNELS) == "1.1.1-beta.2 after 1.1.1-beta.1"
    remote.git("tag", "v1.1.1-beta.2", "beta")
    remote.add("feat: e", branch="beta")
    assert await version(remote, "beta", *CHANNELS) == "1.2.0-beta.1 after 1.1.1-beta.2"
    remote.git("tag", "v1.2.0-beta.1", "beta")
    assert await version(remote, "main", *CHANNELS) == ""
    remote.git("update-ref", "refs/heads/main", "beta")
    plan = await planned(remote, "main", *CHANNELS)
    release = plan.releases[0]
    assert (release.from_version, release.to_version) == ("1.1.0", "1.2.0")
    for entry in ("c", "d", "e"):
        assert f"- {entry} (" in release.changelog


async def test_previews_of_python_are_spelled_as_pep_440_has_them(remote: Remote) -> None:
    """The identifier `beta` becomes `b`."""
    branch_off(remote, "beta", "fix: c")
    assert await version(remote, "beta", *CHANNELS, policy="pep440") == "1.1.1b1 after 1.1.0"


async def test_a_maintenance_branch_stays_within_its_range(remote: Remote) -> None:
    """Fixes of 1.0 are released beside 1.1; a feature there would collide with it, and says so."""
    branch_off(remote, "1.0.x", "fix: c", at="v1.0.0")
    assert await version(remote, "1.0.x", "main", "1.0.x") == "1.0.1 after 1.0.0"
    remote.add("feat: d", branch="1.0.x")
    with pytest.raises(InvalidNextVersion) as caught:
        await version(remote, "1.0.x", "main", "1.0.x")
    for said in ("lib: ", "1.1.0", "1.0.x", ">=1.0.0 <1.1.0"):
        assert said in str(caught.value) + caught.value.hint


async def test_a_maintenance_branch_refuses_what_is_beyond_it(remote: Remote) -> None:
    """Merging a later release into it is an error that names the release."""
    remote.add(Change(message=BREAK), branch="main")
    remote.git("tag", "v2.0.0", "main")
    branch_off(remote, "1.x", "fix: c")
    with pytest.raises(InvalidMaintenanceMerge, match=r"2\.0\.0"):
        await version(remote, "1.x", "main", "1.x")


async def test_a_maintenance_branch_alone_keeps_its_range(remote: Remote) -> None:
    """Its name says what it is, also where the catalog lists no branches."""
    branch_off(remote, "1.x", BREAK)
    with pytest.raises(InvalidNextVersion, match=r"2\.0\.0"):
        await version(remote, "1.x")


async def test_release_branches_leave_room_for_each_other(remote: Remote) -> None:
    """What `next` has released bounds `main`: a feature there would take a version that is gone."""
    branch_off(remote, "next", "feat: c")
    remote.git("tag", "v1.2.0", "next")
    remote.add("fix: d", branch="main")
    assert await version(remote, "main", "main", "next") == "1.1.1 after 1.1.0"
    remote.add("feat: e", branch="main")
    with pytest.raises(InvalidNextVersion, match=r"1\.2\.0"):
        await version(remote, "main", "main", "next")
    assert await version(remote, "next", "main", "next") == ""


async def test_branches_that_contradict_each_other_are_refused(remote: Remote) -> None:
    """Two channels of one name could not be told apart; the component is named."""
    branch_off(remote, "beta", "fix: c")
    with pytest.raises(PlanError, match="lib: two branches make prereleases named beta"):
        await version(remote, "beta", *CHANNELS, {"name": "preview", "prerelease": "beta"})


async def test_a_preview_is_outside_of_a_dependents_range(remote: Remote, tmp_path: Path) -> None:
    """Npm's `^1.1.0` does not take 1.2.0-beta.1, so the dependent's preview asks for it by name."""
    manifest = '{"name": "app", "version": "1.0.0", "dependencies": {"lib": "^1.1.0"}}\n'
    app = make_remote(tmp_path / "app.git", [Change(message="feat: a", tag="v1.0.0")], files={"package.json": manifest})
    for one in (remote, app):
        branch_off(one, "beta")
    remote.add("feat: c", branch="beta")
    catalog = Catalog.model_validate(
        {
            "version": 1,
            "train": "lines",
            "defaults": {"branch": "beta", "branches": list(CHANNELS)},
            "components": [{"name": "lib", "repo": remote.url}, {"name": "app", "repo": app.url}],
        }
    )
    snapshot = await take_snapshot(catalog, tmp_path / "cache", timeout=20)
    plan = make_plan(snapshot, Request(catalog=catalog, date="2026-06-01", actuators=ACTUATORS))
    assert {one.component: one.to_version for one in plan.releases} == {"lib": "1.2.0-beta.1", "app": "1.0.1-beta.1"}
    assert plan.release_of("app").updates[0].after == "^1.2.0-beta.1"
