"""Ten real npm repositories that depend on each other, released as one train and taken back as one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from support.corpus import needs_corpus
from support.families import Member, make_family, semantic_release_family
from support.remotes import Remote
from support.trains import Before, Depot, catalog_of, subjects

from releasepilot.model.catalog import Catalog, Ecosystem
from releasepilot.model.plan import Plan
from releasepilot.model.train import Outcome
from releasepilot.versioning.constraint import admits

pytestmark = needs_corpus

#: What happened in the repositories whose history the corpus does not hold: only one of them asks for a release.
OURS = {
    "error": ("refactor: one module", "feat: errors are values\n\nBREAKING CHANGE: the class is no longer exported"),
    "semantic-release": ("docs: explain the plugin order",),
    "release-notes-generator": ("test: cover reverts",),
    "github": ("chore(deps): lock file maintenance",),
    "git": ("ci: pin the actions",),
    "exec": ("style: format",),
}
#: Released because of their own commits; the others follow something.
BY_COMMITS = {"error", "changelog", "commit-analyzer", "gitlab", "npm"}
TABLES = ("dependencies", "devDependencies", "peerDependencies", "optionalDependencies")


@pytest.fixture(scope="module")
def family() -> tuple[Member, ...]:
    """Describe the family once."""
    return semantic_release_family(OURS)


@pytest.fixture
def remotes(tmp_path: Path, family: tuple[Member, ...]) -> dict[str, Remote]:
    """Make the family's remotes anew."""
    return make_family(tmp_path / "remotes", family)


def catalog(remotes: dict[str, Remote], **publish: dict[str, Any]) -> Catalog:
    """Describe the family as a team would; the notes generator, which has only a peer range, always follows."""
    components: list[dict[str, Any]] = [{"name": name, "repo": remote.url} for name, remote in remotes.items()]
    for component in components:
        if component["name"] == "release-notes-generator":
            component["versioning"] = {"policy": "semantic-release", "propagate": "always"}
        if component["name"] in publish:
            component["publish"] = [publish[component["name"]]]
    return catalog_of(components)


async def test_ten_repositories_are_released_as_planned(
    depot: Depot, remotes: dict[str, Remote], family: tuple[Member, ...]
) -> None:
    """Each remote holds the planned commit and tag and nothing else, and each range admits what was released."""
    before = {name: Before.of(remote) for name, remote in remotes.items()}
    plan, record = await depot.release(catalog(remotes))
    assert record.outcome is Outcome.RELEASED, record
    assert record.released == {release.component: release.to_version for release in plan.releases}
    assert set(record.released) == set(remotes)
    for name, was in before.items():
        was.assert_released(plan, name)
    assert_ranges_follow(plan, remotes)
    assert_versions(plan, family)


async def test_circles_of_peer_and_development_edges_are_cut_with_a_notice(
    depot: Depot, remotes: dict[str, Remote]
) -> None:
    """Runtime dependencies are released first, and each edge that the order ignores is told."""
    plan = await depot.plan(catalog(remotes))
    order = [release.component for release in plan.releases]
    plugins = ("commit-analyzer", "github", "npm", "release-notes-generator")
    needing = {name for name in remotes if "error" in plan.release_of(name).needs}
    assert needing == set(remotes) - {"error", "commit-analyzer", "release-notes-generator"}
    assert all(order.index("error") < order.index(name) for name in needing)
    assert all(order.index(plugin) < order.index("semantic-release") for plugin in plugins)
    for plugin in plugins:
        notice = f"{plugin} needs semantic-release for dev and peer only, in a circle"
        assert any(told.startswith(notice) for told in plan.notices), plan.notices
    # Those that nothing of the circle needs keep their edge: they come after.
    assert all(order.index(name) > order.index("semantic-release") for name in ("changelog", "git", "exec", "gitlab"))


async def test_a_late_failure_takes_all_ten_back(depot: Depot, remotes: dict[str, Remote], tmp_path: Path) -> None:
    """The seventh component fails after its push: every tree is as it was, and commit and revert are listed."""
    before = {name: Before.of(remote) for name, remote in remotes.items()}
    seventh = (await depot.plan(catalog(remotes))).releases[6]
    witness = tmp_path / "uploaded"
    upload = {
        "uses": "exec",
        "name": "upload",
        "shell": True,
        # It gets as far as to its own failure only where the tag is public.
        "apply": 'set -e; git --git-dir="$REMOTE" rev-parse "$RELEASEPILOT_TAG" > "$WITNESS"; echo disk full; exit 77',
        "revert": 'rm -f "$WITNESS"',
        "env": {"REMOTE": seventh.repo, "WITNESS": str(witness)},
        "attempts": 1,
    }
    plan, record = await depot.release(catalog(remotes, **{seventh.component: upload}))
    assert [release.component for release in plan.releases].index(seventh.component) == 6
    assert record.outcome is Outcome.ROLLED_BACK, record
    assert f"{seventh.component}/upload" in record.cause
    assert "ended with status 77" in record.cause
    assert "disk full" in record.cause
    assert record.released == {}
    assert not witness.exists()
    for was in before.values():
        was.assert_taken_back()
    reverted = {name for name, remote in remotes.items() if subjects(remote)[0].startswith("revert: release")}
    # All that came before the seventh had been pushed; what came after it may or may not have been.
    assert {release.component for release in plan.releases[:7]} <= reverted
    assert {(item.component, item.step) for item in record.residue} == {(name, "push") for name in reverted}
    assert not any(item.unresolved for item in record.residue)
    for item in record.residue:
        revert, release = remotes[item.component].git("log", "-2", "--format=%h", "--abbrev=10").splitlines()
        assert item.what == f"release commit {release} and its revert {revert} stay on main"


def assert_ranges_follow(plan: Plan, remotes: dict[str, Remote]) -> None:
    """At its tag each manifest has the planned version, and ranges that admit what the train released."""
    released = {release.package: release.to_version for release in plan.releases}
    for release in plan.releases:
        manifest = json.loads(remotes[release.component].show("package.json", release.tag))
        assert manifest["version"] == release.to_version
        planned = {(update.package, update.before): update.after for update in release.updates}
        old = json.loads(remotes[release.component].show("package.json", release.head))
        for table in TABLES:
            for package, constraint in manifest.get(table, {}).items():
                before = old[table][package]
                assert constraint == planned.get((package, before), before)
                if package in released:
                    assert admits(Ecosystem.NPM, constraint, released[package]), (release.component, package)


def assert_versions(plan: Plan, family: tuple[Member, ...]) -> None:
    """Real messages give the real bump; what only follows gets a patch, and says what it follows."""
    for member in family:
        release = plan.release_of(member.name)
        assert release.from_version == member.version
        if member.bump:
            assert release.bump == member.bump
        if member.name not in BY_COMMITS:
            assert release.bump == "patch"
            assert "left its range" in release.reasons[0] or "follows every release" in release.reasons[0]
    assert plan.release_of("error").to_version == "5.0.0"
    assert plan.release_of("changelog").to_version == "8.0.0"
