"""Repositories that are not as a train wants them: what it says, and that nothing is lost or half done."""

from __future__ import annotations

import asyncio
import shutil
import socket
from pathlib import Path
from typing import Any

import pytest
from support.remotes import Change, Remote, make_remote, run_git
from support.shop import NAMES, a_shop, a_shop_remote, entries, manifest
from support.stacks import eventually
from support.trains import Before, Depot, catalog_of, subjects
from support.trains import depot as opened
from temporalio.client import Client

from releasepilot.errors import HistoryTruncated, ManifestError, PlanError
from releasepilot.model.gate import Decision
from releasepilot.model.train import Outcome, TrainPhase


@pytest.fixture
def remotes(tmp_path: Path) -> dict[str, Remote]:
    """Make three repositories that depend on each other in a row."""
    return a_shop(tmp_path / "remotes")


async def test_a_repository_that_vanishes_after_the_plan_stops_the_train(
    depot: Depot, remotes: dict[str, Remote]
) -> None:
    """The train ends before its first step, names the component and its address, and the others are untouched."""
    catalog = catalog_of(entries(remotes))
    plan = await depot.plan(catalog)
    before = [Before.of(remotes[name]) for name in ("lib", "app")]
    shutil.rmtree(remotes["api"].folder)
    record = await depot.ended(await depot.start(catalog, plan))
    assert (record.outcome, record.code) == (Outcome.FAILED, "RP201")
    assert record.cause.startswith(f"api: {remotes['api'].url} could not be read")
    assert "git ls-remote" in record.hint
    for was in before:
        was.assert_untouched()


async def test_a_repository_that_was_emptied_after_the_plan_stops_the_train(
    depot: Depot, remotes: dict[str, Remote]
) -> None:
    """An empty repository is told as that, before anything is done."""
    catalog = catalog_of(entries(remotes))
    plan = await depot.plan(catalog)
    shutil.rmtree(remotes["api"].folder)
    empty = make_remote(remotes["api"].folder, [])
    before = [Before.of(remotes[name]) for name in ("lib", "app")]
    record = await depot.ended(await depot.start(catalog, plan))
    assert (record.outcome, record.code) == (Outcome.FAILED, "RP202")
    assert record.cause.startswith(f"api: {empty.url} is empty")
    assert "push a first commit" in record.hint
    assert empty.refs() == {}
    for was in before:
        was.assert_untouched()


async def test_a_tag_that_is_taken_undoes_the_stage(depot: Depot, remotes: dict[str, Remote]) -> None:
    """A version that stands on another branch is found before anything is public; not even a staging ref stays."""
    side = remotes["app"].git("commit-tree", "-m", "feat: by hand", "-p", "main", "main^{tree}")
    remotes["app"].git("tag", "v1.1.0", side)
    before = {name: Before.of(remote) for name, remote in remotes.items()}
    _, record = await depot.release(catalog_of(entries(remotes)))
    assert (record.outcome, record.code) == (Outcome.ROLLED_BACK, "RP401")
    assert record.cause.startswith("app/stage: app: ")
    assert f"tag v1.1.0 already holds {side[:10]} ('feat: by hand'" in record.cause
    assert "release another version" in record.hint
    assert record.residue == ()
    for was in before.values():
        was.assert_untouched()


PROTECTED = 'while read -r _ _ ref; do case "$ref" in refs/heads/*) echo "main is frozen" >&2; exit 1;; esac; done'


async def test_a_protected_branch_takes_the_train_back(depot: Depot, remotes: dict[str, Remote]) -> None:
    """What was pushed before is reverted, and where the server refused there is neither tag nor staging ref."""
    remotes["api"].hook("pre-receive", PROTECTED)
    before = {name: Before.of(remote) for name, remote in remotes.items()}
    _, record = await depot.release(catalog_of(entries(remotes)))
    assert (record.outcome, record.code) == (Outcome.ROLLED_BACK, "RP402")
    assert record.cause.startswith("api/push: api: ")
    assert "main is frozen" in record.cause
    assert record.hint
    before["api"].assert_untouched()
    before["app"].assert_untouched()
    before["lib"].assert_taken_back()
    assert subjects(remotes["lib"])[:2] == ["revert: release lib 1.1.0", "release: lib 1.1.0"]
    assert [(item.component, item.unresolved) for item in record.residue] == [("lib", False)]


async def test_a_branch_that_moved_after_the_plan_is_asked_about(depot: Depot, remotes: dict[str, Remote]) -> None:
    """The confirmation is not stretched to another plan: nothing happens until somebody agrees to the new one."""
    catalog = catalog_of(entries(remotes))
    plan = await depot.plan(catalog)
    remotes["lib"].add("feat!: other\n\nBREAKING CHANGE: gone")
    before = {name: Before.of(remote) for name, remote in remotes.items()}
    train = await depot.start(catalog, plan)
    view = await depot.until(train, lambda view: view.phase is TrainPhase.WAITING)
    assert view.plan_digest != plan.digest
    assert "confirmation" in view.waiting_for
    for was in before.values():
        was.assert_untouched()
    await depot.control.decide(train, Decision.APPROVE, digest=view.plan_digest)
    record = await depot.ended(train)
    assert record.released["lib"] == "2.0.0"
    new = await depot.reader.plan(record.plan_digest)
    for name, was in before.items():
        was.assert_released(new, name)


def held(folder: Path) -> dict[str, Any]:
    """Hold a component between stage and push until the file `go` is there."""
    script = f"touch '{folder}/staged'; until [ -e '{folder}/go' ]; do sleep 0.02; done"
    return {"hooks": {"verify": script, "shell": True}}


async def test_a_branch_that_moves_under_a_running_train_is_built_upon(
    depot: Depot, remotes: dict[str, Remote], tmp_path: Path
) -> None:
    """A commit that somebody pushed after the stage lies below the release commit; nothing of it is lost."""
    catalog = catalog_of(entries(remotes, api=held(tmp_path)))
    plan = await depot.plan(catalog)
    train = await depot.start(catalog, plan)
    await asyncio.to_thread(eventually, (tmp_path / "staged").exists, 60)
    theirs = remotes["api"].add(Change(message="docs: theirs", files={"README.md": "# theirs\n"}))
    (tmp_path / "go").touch()
    record = await depot.ended(train)
    assert record.outcome is Outcome.RELEASED, record
    assert remotes["api"].git("rev-parse", "v1.1.0^{commit}~1") == theirs
    assert remotes["api"].head() == remotes["api"].git("rev-parse", "v1.1.0^{commit}")
    assert remotes["api"].show("README.md", "v1.1.0") == "# theirs\n"
    assert not any(ref.startswith("refs/releasepilot") for ref in remotes["api"].refs())


async def test_a_branch_that_changed_a_manifest_under_a_running_train_takes_it_back(
    depot: Depot, remotes: dict[str, Remote], tmp_path: Path
) -> None:
    """The conflict names the commit; their commit stays, and the component that was pushed before is reverted."""
    catalog = catalog_of(entries(remotes, api=held(tmp_path)))
    plan = await depot.plan(catalog)
    lib = Before.of(remotes["lib"])
    train = await depot.start(catalog, plan)
    await asyncio.to_thread(eventually, (tmp_path / "staged").exists, 60)
    remotes["api"].add(Change(message="fix: theirs", files={"package.json": b'{"name": "api"}\n'}))
    api = Before.of(remotes["api"])
    (tmp_path / "go").touch()
    record = await depot.ended(train)
    assert (record.outcome, record.code) == (Outcome.ROLLED_BACK, "RP401")
    assert record.cause.startswith("api/push: api: main has moved on")
    assert "package.json was changed by" in record.cause
    assert "fix: theirs" in record.cause
    assert "make a new plan" in record.hint
    after = remotes["api"].refs()
    assert after["refs/heads/main"] == api.refs["refs/heads/main"]
    assert not any(ref.startswith("refs/releasepilot") or "v1.1.0" in ref for ref in after)
    lib.assert_taken_back()


async def test_a_remote_that_hangs_once_costs_time_and_not_the_train(
    temporal: Client, ledger_url: str, remotes: dict[str, Remote], tmp_path: Path
) -> None:
    """A push that is not answered within the limit is given up and made again."""
    was = Before.of(remotes["lib"])
    remotes["lib"].hook("pre-receive", f"mkdir '{tmp_path}/hung' 2>/dev/null && exec sleep 60; exit 0")
    async with opened(temporal, ledger_url, tmp_path, git_timeout=5) as depot:
        plan, record = await depot.release(catalog_of(entries({"lib": remotes["lib"]})))
    assert (tmp_path / "hung").exists()
    assert record.outcome is Outcome.RELEASED, record
    was.assert_released(plan, "lib")


async def test_a_remote_that_never_answers_ends_the_train_before_it_begins(
    temporal: Client, ledger_url: str, remotes: dict[str, Remote], tmp_path: Path
) -> None:
    """The error names the component and the address that hangs; the others are untouched."""
    was = Before.of(remotes["lib"])
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"git://127.0.0.1:{silent.getsockname()[1]}/api.git"
        catalog = catalog_of([*entries({"lib": remotes["lib"]}), {"name": "api", "repo": address}])
        async with opened(temporal, ledger_url, tmp_path, git_timeout=5) as depot:
            record = await depot.ended(await depot.control.start(depot.request(catalog)))
    assert (record.outcome, record.code) == (Outcome.FAILED, "RP201")
    assert record.cause.startswith(f"api: {address} did not answer: git fetch did not end within 5 seconds")
    assert "RELEASEPILOT_GIT_TIMEOUT" in record.hint
    was.assert_untouched()


BAD_MANIFESTS = {
    "not json": (b'{"name": "api",\n  oops\n}', "package.json:2:3"),
    "not an object": (b"[]", "package.json:1"),
    "a range that is a number": (b'{"name": "api", "dependencies": {"lib": 1}}', "range of 'lib'"),
}


@pytest.mark.parametrize("kind", ["dependencies", "devDependencies"])
async def test_a_range_that_cannot_be_read_is_named(depot: Depot, remotes: dict[str, Remote], kind: str) -> None:
    """The error says whose range it is, also where the range would only have been moved."""
    text = f'{{"name": "api", "version": "1.0.0", "{kind}": {{"lib": "=>1 &"}}}}'
    remotes["api"].add(Change(message="feat: broken", files={"package.json": text}))
    with pytest.raises(PlanError, match="'=>1 &' cannot be read") as caught:
        await depot.plan(catalog_of(entries(remotes)))
    assert (caught.value.component, bool(caught.value.hint)) == ("api", True)


@pytest.mark.parametrize(("text", "where"), BAD_MANIFESTS.values(), ids=list(BAD_MANIFESTS))
async def test_a_manifest_that_cannot_be_read_is_named(
    depot: Depot, remotes: dict[str, Remote], text: bytes, where: str
) -> None:
    """The error says which component, which file and where in it; the train that meets it does nothing."""
    remotes["api"].add(Change(message="feat: broken", files={"package.json": text}))
    before = {name: Before.of(remote) for name, remote in remotes.items()}
    catalog = catalog_of(entries(remotes))
    with pytest.raises(ManifestError) as caught:
        await depot.plan(catalog)
    assert caught.value.component == "api"
    assert where in caught.value.message
    assert caught.value.hint
    record = await depot.ended(await depot.control.start(depot.request(catalog)))
    assert (record.outcome, record.code) == (Outcome.FAILED, "RP204")
    assert record.cause.startswith("api: ")
    assert record.hint == caught.value.hint
    for was in before.values():
        was.assert_untouched()


async def test_no_tags_at_all_is_a_train_of_first_releases(depot: Depot, tmp_path: Path) -> None:
    """Without a tag anywhere each component gets its first version, and the ranges follow."""
    remotes = {name: a_shop_remote(tmp_path, name, tag=None) for name in NAMES}
    before = {name: Before.of(remote) for name, remote in remotes.items()}
    plan, record = await depot.release(catalog_of(entries(remotes)))
    assert record.released == dict.fromkeys(NAMES, "1.0.0")
    for name, was in before.items():
        was.assert_released(plan, name)


async def test_a_shallow_remote_is_released_where_it_shows_the_last_release(depot: Depot, tmp_path: Path) -> None:
    """The release is pushed into it, and can be taken back."""
    full = a_shop_remote(tmp_path / "full", "lib", "feat: a", "fix: b")
    run_git(None, "clone", "--quiet", "--bare", "--depth=3", f"file://{full.url}", str(tmp_path / "lib.git"))
    remote = Remote(folder=tmp_path / "lib.git")
    was = Before.of(remote)
    plan, record = await depot.release(catalog_of(entries({"lib": remote})))
    assert record.released == {"lib": "1.1.0"}, record
    was.assert_released(plan, "lib")
    await depot.control.rollback(record.train)
    view = await depot.control.rolled_back(record.train)
    assert view.record is not None
    assert view.record.outcome is Outcome.ROLLED_BACK, view.record
    was.assert_taken_back()


async def test_a_shallow_remote_that_hides_the_last_release_is_refused(depot: Depot, tmp_path: Path) -> None:
    """The train that needs it does nothing, also not to the others."""
    full = a_shop_remote(tmp_path / "full", "api", *(f"fix: {number}" for number in range(5)))
    run_git(None, "clone", "--quiet", "--bare", "--depth=2", f"file://{full.url}", str(tmp_path / "api.git"))
    remotes = {"lib": a_shop_remote(tmp_path, "lib"), "api": Remote(folder=tmp_path / "api.git")}
    before = [Before.of(remote) for remote in remotes.values()]
    catalog = catalog_of(entries(remotes))
    with pytest.raises(HistoryTruncated, match="shallow") as caught:
        await depot.plan(catalog)
    assert (caught.value.component, "--unshallow" in caught.value.hint) == ("api", True)
    record = await depot.ended(await depot.control.start(depot.request(catalog)))
    assert (record.outcome, record.code) == (Outcome.FAILED, "RP203")
    for was in before:
        was.assert_untouched()


async def test_a_submodule_stays_as_it_is(depot: Depot, tmp_path: Path) -> None:
    """The release commit keeps the link to the submodule's commit, which nobody fetches."""
    change = Change(message="feat: vendored", links={"vendor/other": "1" * 40})
    remote = a_shop_remote(tmp_path, "lib", change, files={".gitmodules": "[submodule]\n"})
    was = Before.of(remote)
    plan, record = await depot.release(catalog_of(entries({"lib": remote})))
    assert record.outcome is Outcome.RELEASED, record
    was.assert_released(plan, "lib")
    assert remote.git("rev-parse", "v1.1.0:vendor/other") == "1" * 40


async def test_windows_line_endings_stay_in_the_release(depot: Depot, tmp_path: Path) -> None:
    """Only the characters of versions and ranges differ; every line of manifest and changelog still ends in CRLF."""
    old = {"CHANGELOG.md": "# Changelog\r\n\r\n## 1.0.0\r\n\r\n- begun\r\n"}
    remotes = {name: a_shop_remote(tmp_path, name, newline="\r\n", files=old) for name in ("lib", "api")}
    plan, record = await depot.release(catalog_of(entries(remotes)))
    assert record.outcome is Outcome.RELEASED, record
    expected = manifest("api", newline="\r\n").decode()
    expected = expected.replace('"version": "1.0.0"', '"version": "1.1.0"').replace("~1.0.0", "~1.1.0")
    assert remotes["api"].show("package.json", "v1.1.0") == expected
    changelog = remotes["api"].show("CHANGELOG.md", "v1.1.0")
    assert changelog.endswith("## 1.0.0\r\n\r\n- begun\r\n")
    assert changelog.count("\n") == changelog.count("\r\n")
    assert plan.release_of("api").updates[0].after == "~1.1.0"


MEGABYTES = 10 * 1024 * 1024
HUGE = {
    "no utf-8": b"feat: caf\xe9 \xff\xfe\n\nBREAKING CHANGE: \xe9\xff",
    "body": b"feat: huge\n\n" + b"word " * (MEGABYTES // 5),
    "footer": b"feat: huge\n\nBREAKING CHANGE: " + b"word " * (MEGABYTES // 5),
    "subject": b"feat: " + b"word " * (MEGABYTES // 5),
}


@pytest.mark.parametrize("message", HUGE.values(), ids=list(HUGE))
async def test_a_monstrous_message_is_released(depot: Depot, tmp_path: Path, message: bytes) -> None:
    """Bytes that are no text, and ten megabytes of text, pass through plan, ledger, commit and tag."""
    remotes = {"lib": a_shop_remote(tmp_path, "lib", Change(message=message)), "api": a_shop_remote(tmp_path, "api")}
    before = {name: Before.of(remote) for name, remote in remotes.items()}
    plan, record = await depot.release(catalog_of(entries(remotes)))
    assert record.outcome is Outcome.RELEASED, record
    for name, was in before.items():
        was.assert_released(plan, name)
