"""The mirror cache under interruption, damage and company."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from support.patience import PATIENCE
from support.remotes import Remote, make_remote

from releasepilot.errors import CacheError, FetchError
from releasepilot.repositories.mirror import Mirror


@pytest.fixture
def remote(tmp_path: Path) -> Remote:
    """Make a small repository."""
    return make_remote(tmp_path / "api.git", ["feat: a", "feat: b"], tags={"v1.0.0": 0})


def heads_of(mirror: Mirror) -> str:
    """Return the commit of the mirrored branch."""
    return mirror.git.run("rev-parse", "refs/heads/main").decode().strip()


def test_an_interrupted_first_fetch_leaves_nothing_that_counts(remote: Remote, tmp_path: Path) -> None:
    """A folder that a killed process left half made is thrown away."""
    mirror = Mirror(tmp_path / "cache", remote.url)
    half = mirror.git.folder.with_suffix(".new")
    half.mkdir(parents=True)
    (half / "HEAD").write_text("garbage")
    mirror.fetch()
    assert heads_of(mirror) == remote.head()
    assert not half.exists()


@pytest.mark.parametrize("damage", ["stale lock", "lost objects", "empty object", "no config", "bad ref"])
def test_a_damaged_mirror_is_made_anew(remote: Remote, tmp_path: Path, damage: str) -> None:
    """What a power failure or a killed git leaves behind does not stand in the way of the next fetch."""
    mirror = Mirror(tmp_path / "cache", remote.url)
    mirror.fetch()
    folder = mirror.git.folder
    if damage == "stale lock":
        (folder / "refs/heads/main.lock").touch()
    elif damage == "lost objects":
        shutil.rmtree(folder / "objects")
        (folder / "objects").mkdir()
    elif damage == "empty object":
        for path in (folder / "objects").glob("??/*"):
            path.chmod(0o600)
            path.write_bytes(b"")
    elif damage == "no config":
        (folder / "HEAD").write_text("")
    else:
        (folder / "refs/heads/main").write_text("0123")
    head = remote.add("feat: c")
    mirror.fetch()
    assert heads_of(mirror) == head


def test_many_fetches_do_not_pile_up_packs(remote: Remote, tmp_path: Path) -> None:
    """Packs are joined, and objects that no ref reaches stay readable."""
    mirror = Mirror(tmp_path / "cache", remote.url)
    mirror.fetch()
    staged = mirror.git.run("hash-object", "-w", "--stdin", stdin=b"staged").decode().strip()
    for number in range(43):
        remote.add(f"feat: {number}")
        mirror.git.run("-c", "fetch.unpackLimit=1", "fetch", "-q", "--", remote.url, "+refs/heads/*:refs/heads/*")
    assert len(list((mirror.git.folder / "objects/pack").glob("*.pack"))) > 40
    mirror.fetch()
    assert len(list((mirror.git.folder / "objects/pack").glob("*.pack"))) < 10
    assert mirror.has(staged, remote.head())


def test_threads_and_processes_take_turns(remote: Remote, tmp_path: Path) -> None:
    """Many fetches of one repository at the same time end well, each seeing the newest commit."""
    cache = tmp_path / "cache"
    with ThreadPoolExecutor(4) as threads, multiprocessing.get_context("spawn").Pool(2) as processes:
        in_processes = processes.map_async(_fetch, [(str(cache), remote.url)] * 4)
        in_threads = list(threads.map(_fetch, [(str(cache), remote.url)] * 8))
        assert {*in_threads, *in_processes.get(60)} == {remote.head()}


def _fetch(where: tuple[str, str]) -> str:
    mirror = Mirror(Path(where[0]), where[1])
    mirror.fetch()
    return heads_of(mirror)


def test_a_lock_that_is_never_released_is_given_up(remote: Remote, tmp_path: Path) -> None:
    """Waiting for another process has the same limit as git itself."""
    holder = Mirror(tmp_path / "cache", remote.url)
    with holder.locked("fetch"), pytest.raises(CacheError, match="was held by another process"):
        Mirror(tmp_path / "cache", remote.url, timeout=0.2).fetch()


def test_a_failed_fetch_keeps_the_mirror(remote: Remote, tmp_path: Path) -> None:
    """A remote that is away for a while costs nothing of what was fetched before."""
    mirror = Mirror(tmp_path / "cache", remote.url)
    mirror.fetch()
    remote.folder.rename(tmp_path / "away.git")
    with pytest.raises(FetchError):
        mirror.fetch()
    assert mirror.has(Remote(folder=tmp_path / "away.git").head())


def test_a_folder_without_rights_is_a_cache_error(remote: Remote, tmp_path: Path) -> None:
    """The remedy is named where the cache may not be written."""
    if os.geteuid() == 0:
        pytest.skip("root may write everywhere")
    cache = tmp_path / "cache"
    cache.mkdir(mode=0o500)
    with pytest.raises(CacheError, match="Permission denied") as caught:
        Mirror(cache, remote.url).fetch()
    assert "writable" in caught.value.hint


def test_waiting_for_a_lock_ends_when_it_is_free(remote: Remote, tmp_path: Path) -> None:
    """A second caller goes on as soon as the first is done."""
    mirror, other = Mirror(tmp_path / "cache", remote.url), Mirror(tmp_path / "cache", remote.url)
    with mirror.locked("fetch"):
        waiting = threading.Thread(target=other.fetch)
        waiting.start()
        time.sleep(0.1)
        assert not other.exists
    waiting.join(PATIENCE)
    assert other.exists
