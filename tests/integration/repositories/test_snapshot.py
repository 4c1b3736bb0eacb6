"""Snapshots of real repositories, the well-behaved and the others."""

from __future__ import annotations

import os
import resource
import socket
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest
from pydantic import JsonValue
from support.remotes import Change, Remote, make_remote, run_git

from releasepilot.errors import BranchMissing, CacheError, FetchError, HistoryTruncated, ManifestError, SnapshotError
from releasepilot.model.catalog import Catalog, Ecosystem
from releasepilot.model.snapshot import ComponentSource
from releasepilot.repositories.snapshot import take_snapshot

pytestmark = pytest.mark.takes(1)

PACKAGE = '{"name": "api", "version": "1.0.0"}\n'


def catalog_of(*components: dict[str, JsonValue]) -> Catalog:
    """Make a catalog of components that state only what a test is about."""
    return Catalog.model_validate({"version": 1, "train": "june", "components": list(components)})


def unchecked(repo: str) -> Catalog:
    """Make a catalog of one component whose address a catalog's own checks would refuse."""
    good = catalog_of({"name": "api", "repo": "/nowhere"})
    entry = good.components[0].model_copy(update={"repo": repo})
    return good.model_copy(update={"components": (entry,)})


def run(*words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    """Run a program and keep what it says."""
    return subprocess.run(words, check=check, capture_output=True, text=True)


async def read_one(remote: Remote | str, cache: Path, **entry: JsonValue) -> ComponentSource:
    """Read one repository as the component `api`."""
    repo = remote if isinstance(remote, str) else remote.url
    snapshot = await take_snapshot(catalog_of({"name": "api", "repo": repo, **entry}), cache, timeout=20)
    return snapshot.components[0]


async def test_a_component_is_read_at_the_head_of_its_branch(tmp_path: Path) -> None:
    """Head, last tag, the commits since, newest first, and the files with their blob ids are what git says."""
    remote = make_remote(
        tmp_path / "api.git",
        ["feat: a", "fix: b", "feat: c"],
        tags={"v1.0.0": 0},
        files={"package.json": PACKAGE, "CHANGELOG.md": "# Changelog\n"},
    )
    source = await read_one(remote, tmp_path / "cache")
    assert source.head == remote.head()
    assert (source.last_tag, source.last_version) == ("v1.0.0", "1.0.0")
    assert [commit.message for commit in source.commits] == ["feat: c", "fix: b"]
    assert source.ecosystem is Ecosystem.NPM
    assert {file.path: (file.text, file.blob) for file in source.files} == {
        "package.json": (PACKAGE, remote.blob("package.json")),
        "CHANGELOG.md": ("# Changelog\n", remote.blob("CHANGELOG.md")),
    }


async def test_no_tags_at_all_means_a_first_release(tmp_path: Path) -> None:
    """Without a release tag every commit counts and there is no last version."""
    source = await read_one(make_remote(tmp_path / "api.git", ["feat: a", "fix: b"]), tmp_path / "cache")
    assert source.last_tag is None
    assert [commit.message for commit in source.commits] == ["fix: b", "feat: a"]


async def test_a_tag_on_the_head_leaves_no_commits(tmp_path: Path) -> None:
    """A branch that ends at its release has nothing since."""
    source = await read_one(make_remote(tmp_path / "api.git", ["feat: a"], tags={"v1.0.0": 0}), tmp_path / "cache")
    assert (source.last_version, source.commits) == ("1.0.0", ())


async def test_tags_of_other_branches_do_not_count(tmp_path: Path) -> None:
    """The last release is the newest tag that the head contains, not the newest of the repository."""
    remote = make_remote(tmp_path / "api.git", ["feat: a", "fix: b"], tags={"v1.0.0": 0})
    remote.git("branch", "next", "main")
    remote.add(Change(message="feat!: c"), branch="next")
    for tag in ("v2.0.0", "v2.1.0", "v3.0.0"):
        remote.git("tag", tag, "next")
    source = await read_one(remote, tmp_path / "cache")
    assert source.last_tag == "v1.0.0"
    assert [commit.message for commit in source.commits] == ["fix: b"]


async def test_a_merge_is_marked_and_both_sides_are_read(tmp_path: Path) -> None:
    """A merge brings the commits of its branch, and says that it is one."""
    remote = make_remote(tmp_path / "api.git", ["feat: a"], tags={"v1.0.0": 0})
    remote.git("branch", "topic", "main")
    topic = remote.add("fix: on a topic", branch="topic")
    main = remote.add("feat: on main")
    tree = remote.git("rev-parse", "main^{tree}")
    who = ("-c", "user.name=R", "-c", "user.email=r@example.org")
    merge = remote.git(*who, "commit-tree", tree, "-p", main, "-p", topic, "-m", "Merge topic")
    remote.git("update-ref", "refs/heads/main", merge)
    source = await read_one(remote, tmp_path / "cache")
    assert {(commit.message, commit.merge) for commit in source.commits} == {
        ("Merge topic", True),
        ("feat: on main", False),
        ("fix: on a topic", False),
    }


async def test_components_of_one_repository_share_its_mirror(tmp_path: Path) -> None:
    """Each sees only the commits and files of its path and the tags of its template; one mirror serves all."""
    remote = make_remote(
        tmp_path / "mono.git",
        [
            Change(message="feat: start", files={"api/package.json": PACKAGE, "web/package.json": PACKAGE}),
            Change(message="feat: api only", files={"api/a.txt": "a"}),
            Change(message="fix: web only", files={"web/w.txt": "w"}),
        ],
        tags={"api-v1.0.0": 0, "web-v2.0.0": 1},
    )
    entries: list[dict[str, JsonValue]] = [
        {"name": name, "repo": remote.url, "path": name, "tag": "{name}-v{version}"} for name in ("web", "api")
    ]
    snapshot = await take_snapshot(catalog_of(*entries), tmp_path / "cache")
    api, web = snapshot.components
    assert (api.last_tag, [commit.message for commit in api.commits]) == ("api-v1.0.0", ["feat: api only"])
    assert (web.last_tag, [commit.message for commit in web.commits]) == ("web-v2.0.0", ["fix: web only"])
    assert [file.path for file in api.files] == ["api/package.json"]
    assert len(list((tmp_path / "cache").glob("*.git"))) == 1


async def test_a_second_snapshot_sees_what_was_pushed_meanwhile(tmp_path: Path) -> None:
    """The mirror is brought up to date: new commits come, deleted tags and branches go, a rewritten branch follows."""
    remote = make_remote(tmp_path / "api.git", ["feat: a", "fix: b"], tags={"v1.0.0": 0, "v1.0.1": 1})
    remote.git("branch", "topic", "main")
    before = await read_one(remote, tmp_path / "cache")
    remote.git("update-ref", "refs/heads/main", "main~1")
    remote.git("tag", "-d", "v1.0.1")
    remote.git("branch", "-D", "topic")
    remote.git("branch", "topic/nested", "main")
    head = remote.add("feat: rewritten")
    after = await read_one(remote, tmp_path / "cache")
    assert (before.last_tag, after.last_tag, after.head) == ("v1.0.1", "v1.0.0", head)
    assert [commit.message for commit in after.commits] == ["feat: rewritten"]


async def test_progress_names_each_component(tmp_path: Path) -> None:
    """Every component is told of twice: when its repository is fetched, and when it is read."""
    remote = make_remote(tmp_path / "api.git")
    told: list[tuple[str, str]] = []
    catalog = catalog_of({"name": "api", "repo": remote.url})
    await take_snapshot(catalog, tmp_path / "cache", progress=lambda name, state: told.append((name, state)))
    assert told == [("api", "fetching"), ("api", "read")]


async def test_messages_that_are_not_utf8_are_replaced_not_refused(tmp_path: Path) -> None:
    """Bytes that are no UTF-8 become replacement characters; a declared encoding is honoured."""
    remote = make_remote(tmp_path / "api.git", [Change(message=b"fix: caf\xe9 \xff\xfe")])
    tree = remote.git("rev-parse", "main^{tree}")
    raw = f"tree {tree}\nparent {remote.head()}\nauthor R <r@e.org> 1 +0000\ncommitter R <r@e.org> 1 +0000\n"
    body = raw.encode() + b"encoding ISO-8859-1\n\nfeat: caf\xe9\n"
    remote.git("update-ref", "refs/heads/main", remote.git("hash-object", "-t", "commit", "-w", "--stdin", stdin=body))
    source = await read_one(remote, tmp_path / "cache")
    assert [commit.message for commit in source.commits] == ["feat: café", "fix: caf\ufffd \ufffd\ufffd"]


async def test_a_message_of_ten_megabytes_is_read_whole(tmp_path: Path) -> None:
    """Nothing in the way of a message has a fixed size."""
    body = "word " * (2 * 1024 * 1024)
    source = await read_one(make_remote(tmp_path / "api.git", [f"feat: big\n\n{body}"]), tmp_path / "cache")
    assert len(source.commits[0].message) >= 10 * 1024 * 1024
    assert source.commits[0].subject == "feat: big"


async def test_a_hundred_thousand_commits_are_read_in_bounded_memory(tmp_path: Path) -> None:
    """A long first release costs seconds and less than 400 MB."""
    remote = make_remote(tmp_path / "api.git", [f"fix: number {number}" for number in range(100_000)])
    script = f"""
        import asyncio, re
        from pathlib import Path
        from releasepilot.model.catalog import Catalog
        from releasepilot.repositories.snapshot import take_snapshot
        entry = dict(name="api", repo={remote.url!r})
        catalog = Catalog.model_validate(dict(version=1, train="t", components=[entry]))
        found = asyncio.run(take_snapshot(catalog, Path({str(tmp_path / "cache")!r})))
        # The kernel's own mark of this program; ru_maxrss would be that of whoever started it, where that is more.
        peak = re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())
        print(len(found.components[0].commits), int(peak[1]) // 1024)
    """
    began = processor_time()
    done = run(sys.executable, "-c", textwrap.dedent(script))
    count, megabytes = map(int, done.stdout.split())
    assert count == 100_000
    assert megabytes < 400
    assert processor_time() - began < 30


def processor_time() -> float:
    """Return the seconds that children of this process, and theirs, have used of a processor."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


async def test_windows_line_endings_stay(tmp_path: Path) -> None:
    """A manifest with CRLF is read as it is, so that edits fit it."""
    text = '{\r\n  "version": "1.0.0"\r\n}\r\n'
    source = await read_one(make_remote(tmp_path / "api.git", files={"package.json": text}), tmp_path / "cache")
    assert source.files[0].text == text


async def test_a_submodule_is_no_obstacle(tmp_path: Path) -> None:
    """A submodule is neither fetched nor read, also where its folder has a manifest's name."""
    links = {"vendor/lib": "1" * 40, "package.json": "2" * 40}
    remote = make_remote(tmp_path / "api.git", [Change(message="feat: a", links=links, files={"README.md": "x"})])
    source = await read_one(remote, tmp_path / "cache")
    assert source.files == ()


async def test_a_branch_that_is_missing_names_the_near_ones(tmp_path: Path) -> None:
    """The error says which branch was meant, perhaps."""
    remote = make_remote(tmp_path / "api.git", branch="master")
    with pytest.raises(BranchMissing, match=r"api: .* has no branch 'mastr'") as caught:
        await read_one(remote, tmp_path / "cache", branch="mastr")
    assert "such as master" in caught.value.hint


async def test_an_empty_repository_is_said_to_be_empty(tmp_path: Path) -> None:
    """A repository without commits has no branch to release."""
    with pytest.raises(BranchMissing, match="is empty"):
        await read_one(make_remote(tmp_path / "api.git", []), tmp_path / "cache")


async def test_a_folder_that_is_missing_is_an_error(tmp_path: Path) -> None:
    """A component's path that does not exist is not an empty component."""
    with pytest.raises(SnapshotError, match="no folder 'api'"):
        await read_one(make_remote(tmp_path / "api.git"), tmp_path / "cache", path="api")


async def test_a_repository_that_vanishes_is_named(tmp_path: Path) -> None:
    """A mirror of what is gone is not read: the error names the component, the address and git's cause."""
    remote = make_remote(tmp_path / "api.git")
    await read_one(remote, tmp_path / "cache")
    remote.folder.rename(tmp_path / "gone.git")
    with pytest.raises(FetchError, match=r"api: .*api\.git could not be read: .*does not appear to be a git") as caught:
        await read_one(remote, tmp_path / "cache")
    assert caught.value.hint


async def test_all_failures_are_told_at_once(tmp_path: Path) -> None:
    """One error names every component that failed, and takes the class of the catalog's first."""
    good, empty = make_remote(tmp_path / "good.git"), make_remote(tmp_path / "empty.git", [])
    catalog = catalog_of(
        {"name": "good", "repo": good.url},
        {"name": "empty", "repo": empty.url},
        {"name": "gone", "repo": str(tmp_path / "gone.git")},
        {"name": "gone-too", "repo": str(tmp_path / "gone.git"), "path": "b"},
    )
    with pytest.raises(BranchMissing) as caught:
        await take_snapshot(catalog, tmp_path / "cache")
    said = str(caught.value)
    assert "3 components" in said
    assert all(f"\n  {name}: " in said for name in ("empty", "gone", "gone-too"))
    assert "good:" not in said


@pytest.mark.parametrize("scheme", ["http", "git"])
async def test_a_remote_that_hangs_is_given_up(tmp_path: Path, scheme: str) -> None:
    """A server that accepts and never answers costs the time limit, and leaves no process behind."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"{scheme}://someone:secret@127.0.0.1:{silent.getsockname()[1]}/api.git"
        if scheme == "git":
            address = address.replace("someone:secret@", "")
        began = time.monotonic()
        with pytest.raises(FetchError, match="did not end within 1 seconds") as caught:
            await take_snapshot(unchecked(address), tmp_path / "cache", timeout=1)
    assert time.monotonic() - began < 30
    assert "secret" not in str(caught.value)
    assert address not in run("ps", "-eo", "args").stdout


@pytest.mark.parametrize("depth", ["with the tag", "without it"])
async def test_a_shallow_remote_that_hides_the_last_release_is_refused(tmp_path: Path, depth: str) -> None:
    """What comes after a release cannot be known where the history ends before it."""
    full = make_remote(tmp_path / "full.git", [f"fix: {n}" for n in range(10)], tags={"v1.0.0": 0})
    shallow = Remote(folder=tmp_path / "shallow.git")
    run_git(None, "clone", "--quiet", "--bare", "--depth=3", f"file://{full.folder}", shallow.url)
    if depth == "with the tag":
        shallow.git("fetch", "--quiet", "--depth=1", f"file://{full.folder}", "refs/tags/v1.0.0:refs/tags/v1.0.0")
    with pytest.raises(HistoryTruncated, match="shallow") as caught:
        await read_one(shallow, tmp_path / "cache")
    assert "--unshallow" in caught.value.hint


async def test_a_shallow_remote_that_shows_the_last_release_is_fine(tmp_path: Path) -> None:
    """Only what comes after the release is needed."""
    full = make_remote(tmp_path / "full.git", [f"fix: {n}" for n in range(10)], tags={"v1.0.0": 8})
    shallow = Remote(folder=tmp_path / "shallow.git")
    run_git(None, "clone", "--quiet", "--bare", "--depth=3", f"file://{full.folder}", shallow.url)
    source = await read_one(shallow, tmp_path / "cache")
    assert [commit.message for commit in source.commits] == ["fix: 9"]


async def test_a_manifest_that_is_not_utf8_is_named(tmp_path: Path) -> None:
    """The error names the file, the byte and the remedy."""
    remote = make_remote(tmp_path / "api.git", files={"package.json": b'{"name": "caf\xe9"}'})
    with pytest.raises(ManifestError, match=r"api: package\.json is not UTF-8: byte 13 is 0xe9") as caught:
        await read_one(remote, tmp_path / "cache")
    assert "UTF-8" in caught.value.hint


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small disk takes root")
async def test_a_full_disk_is_the_caches_fault(tmp_path: Path) -> None:
    """A cache without space is a CacheError that names the component, and leaves no half mirror behind."""
    cache = tmp_path / "cache"
    cache.mkdir()
    if run("mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(cache), check=False).returncode:
        pytest.skip("this machine does not let a test mount a small disk")
    try:
        remote = make_remote(tmp_path / "api.git", files={"noise.bin": os.urandom(2_000_000)})
        with pytest.raises(CacheError, match=r"api: the mirror cache cannot be written: .*No space left") as caught:
            await read_one(remote, cache)
        assert "free space" in caught.value.hint
        assert not list(cache.glob("*.git"))
    finally:
        run("umount", str(cache))


async def test_a_limit_on_file_sizes_is_the_caches_fault(tmp_path: Path) -> None:
    """Git killed by the limit on file sizes is told as a cache that cannot be written."""
    remote = make_remote(tmp_path / "api.git", files={"noise.bin": os.urandom(2_000_000)})
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
    try:
        with pytest.raises(CacheError, match="the mirror cache cannot be written"):
            await read_one(remote, tmp_path / "cache")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


async def test_a_cache_that_cannot_be_made_is_a_cache_error(tmp_path: Path) -> None:
    """A file where the cache folder should be is named, with the remedy."""
    (tmp_path / "cache").write_text("in the way")
    with pytest.raises(CacheError, match="api: the mirror cache cannot be written") as caught:
        await read_one(make_remote(tmp_path / "api.git"), tmp_path / "cache")
    assert "RELEASEPILOT_CACHE_DIR" in caught.value.hint


@pytest.mark.parametrize(
    "repo", ["--upload-pack=touch PWNED", "ext::sh -c touch% PWNED", "-oProxyCommand=touch PWNED:x"]
)
async def test_an_address_is_never_an_option_or_a_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, repo: str
) -> None:
    """Even where a catalog's checks are passed by, git takes the address as an address and runs nothing."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FetchError):
        await take_snapshot(unchecked(repo), tmp_path / "cache", timeout=20)
    assert not any("PWNED" in name for _, folders, files in os.walk(tmp_path) for name in (*folders, *files))
