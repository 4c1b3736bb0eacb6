"""How git is run: what it may not do, how it is ended, and what it says."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import time
from pathlib import Path

import pytest
from support.remotes import Remote, make_remote, run_git

from releasepilot.repositories.command import Cancellation, CommandFailed, Git, redact
from releasepilot.repositories.threads import in_thread


@pytest.fixture
def remote(tmp_path: Path) -> Remote:
    """Make a small repository."""
    return make_remote(tmp_path / "api.git")


def test_a_time_limit_ends_git_and_its_children(remote: Remote) -> None:
    """What git started dies with it: nothing is left running."""
    git = Git(remote.folder, timeout=0.5)
    began = time.monotonic()
    with pytest.raises(CommandFailed, match=r"did not end within 0\.5 seconds"):
        git.run("-c", "alias.nap=!sleep 4711.5 & sleep 4711.5", "nap")
    assert time.monotonic() - began < 30
    assert not _running("sleep 4711.5")


def test_a_stream_has_a_time_limit_too(remote: Remote) -> None:
    """A command that is read in chunks is ended as well."""
    git = Git(remote.folder, timeout=0.5)
    with pytest.raises(CommandFailed, match="did not end within"):
        list(git.stream("-c", "alias.nap=!echo begun; sleep 4712.5", "nap"))
    assert not _running("sleep 4712.5")


def test_a_stream_that_is_left_early_ends_git(remote: Remote) -> None:
    """A reader who has seen enough leaves no process behind."""
    stream = Git(remote.folder).stream("-c", "alias.nap=!echo begun; sleep 4713.5", "nap")
    assert next(iter(stream)) == b"begun\n"
    stream.close()  # type: ignore[attr-defined]
    assert not _running("sleep 4713.5")


async def test_a_cancelled_caller_ends_git(tmp_path: Path) -> None:
    """Cancelling a step does not wait for a remote that hangs."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"git://127.0.0.1:{silent.getsockname()[1]}/api.git"

        def work(cancellation: Cancellation) -> bytes:
            return Git(tmp_path / "none.git", timeout=60, cancellation=cancellation).run("ls-remote", "--", address)

        task = asyncio.create_task(in_thread(work))
        connection, _ = await asyncio.to_thread(silent.accept)
        began = time.monotonic()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        connection.close()
    assert time.monotonic() - began < 30
    assert not _running(address)


def test_git_ignores_the_repository_that_it_is_started_in(remote: Remote, monkeypatch: pytest.MonkeyPatch) -> None:
    """A ReleasePilot that runs inside a git hook works on its own mirrors."""
    other = make_remote(remote.folder.parent / "other.git", ["feat: another"])
    monkeypatch.setenv("GIT_DIR", other.url)
    monkeypatch.setenv("GIT_INDEX_FILE", f"{other.url}/index")
    monkeypatch.setenv("GIT_OBJECT_DIRECTORY", f"{other.url}/objects")
    said = Git(remote.folder).run("rev-parse", "main").decode().strip()
    monkeypatch.undo()
    assert said == remote.head() != other.head()


def test_hooks_of_a_mirror_never_run(remote: Remote) -> None:
    """A hook that got into the cache folder is dead."""
    remote.hook("reference-transaction", "touch RAN")
    Git(remote.folder).run("update-ref", "refs/heads/topic", "main")
    assert not (remote.folder / "RAN").exists()
    run_git(remote.folder, "update-ref", "refs/heads/topic2", "main")
    assert (remote.folder / "RAN").exists()


def test_credentials_are_hidden() -> None:
    """Errors can be shown: neither user nor password of a URL is in them."""
    assert (
        redact("fatal: https://bot:s3cret@example.org/x.git not found")
        == "fatal: https://***@example.org/x.git not found"
    )
    assert redact("https://ghp_token@example.org/x") == "https://***@example.org/x"
    assert redact("ssh://git:pw@example.org/x") == "ssh://git:***@example.org/x"
    assert redact("ssh://git@example.org/x and me@example.org") == "ssh://git@example.org/x and me@example.org"


def test_long_complaints_are_cut(remote: Remote) -> None:
    """A server that talks without end does not fill the error."""
    script = "alias.talk=!i=0; while [ $i -lt 3000 ]; do echo 'a line of complaint' >&2; i=$((i+1)); done; exit 3"
    with pytest.raises(CommandFailed) as caught:
        Git(remote.folder).run("-c", script, "talk")
    assert caught.value.status == 3
    assert len(caught.value.reason) < 2100


def _running(words: str) -> bool:
    """Look for a process by its words; a killed one may take a moment to go."""
    for _ in range(200):
        listing = subprocess.run(["ps", "-eo", "pid,args"], check=True, capture_output=True, text=True).stdout
        if not any(words in line and str(os.getpid()) not in line.split()[:1] for line in listing.splitlines()):
            return False
        time.sleep(0.05)
    return True
