"""Repositories that somebody works in: a branch that is checked out takes no push, so no release is planned on it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from support.remotes import Remote, make_remote, run_git
from support.trains import catalog_of

from releasepilot.errors import SnapshotError
from releasepilot.repositories.snapshot import take_snapshot
from releasepilot.repositories.working_copy import checked_out

REFUSED = r"api: .* takes no push to main: it is checked out in /"


@pytest.fixture
def bare(tmp_path: Path) -> Remote:
    """Make a bare repository with two branches."""
    remote = make_remote(tmp_path / "bare.git", files={"VERSION": "1.0.0\n"})
    remote.git("branch", "next", "main")
    return remote


@pytest.fixture
def work(bare: Remote, tmp_path: Path) -> Path:
    """Make a repository with main checked out, in a folder with an awkward name."""
    folder = tmp_path / "my work"
    run_git(None, "clone", "--quiet", "--", bare.url, str(folder))
    run_git(folder, "branch", "next", "main")
    return folder


async def read(repo: str, cache: Path, branch: str = "main") -> str:
    """Read one component and return its pinned commit."""
    catalog = catalog_of([{"name": "api", "repo": repo, "branch": branch}])
    return (await take_snapshot(catalog, cache, timeout=20)).components[0].head


async def test_a_branch_that_is_checked_out_is_refused_with_the_remedy(work: Path, tmp_path: Path) -> None:
    """The error names component, address, branch and folder; another branch of the same repository is fine."""
    with pytest.raises(SnapshotError, match=REFUSED) as caught:
        await read(str(work), tmp_path / "cache")
    assert f"git -C '{work}' config receive.denyCurrentBranch updateInstead" in caught.value.hint
    assert "bare repository" in caught.value.hint
    assert await read(str(work), tmp_path / "cache", "next")


async def test_components_of_other_branches_and_repositories_do_not_suffer(
    work: Path, bare: Remote, tmp_path: Path
) -> None:
    """Only the component whose branch is held is named."""
    entries = [
        {"name": "api", "repo": str(work), "tag": "api-v{version}"},
        {"name": "web", "repo": str(work), "branch": "next", "tag": "web-v{version}"},
        {"name": "lib", "repo": bare.url},
    ]
    with pytest.raises(SnapshotError, match=REFUSED) as caught:
        await take_snapshot(catalog_of(entries), tmp_path / "cache", timeout=20)
    assert "web" not in caught.value.message
    assert "lib" not in caught.value.message


@pytest.mark.parametrize("value", ["updateInstead", "UPDATEINSTEAD", "ignore", "warn", "false"])
async def test_a_repository_that_takes_such_pushes_is_read(work: Path, tmp_path: Path, value: str) -> None:
    """What git would let through is planned for."""
    run_git(work, "config", "receive.denyCurrentBranch", value)
    assert await read(str(work), tmp_path / "cache") == run_git(work, "rev-parse", "main")


@pytest.mark.parametrize("value", ["refuse", "true"])
def test_a_repository_that_says_so_refuses(work: Path, value: str) -> None:
    """The default may be written out."""
    run_git(work, "config", "receive.denyCurrentBranch", value)
    assert checked_out(str(work)) == {"main": work}


def test_every_way_to_name_it_finds_it(work: Path, tmp_path: Path) -> None:
    """Its own folder, an address, a linked working copy, and a name that git completes."""
    linked = tmp_path / "linked"
    run_git(work, "worktree", "add", "--quiet", str(linked), "next")
    both = {"main": work, "next": linked}
    assert checked_out(f"{work}/.git") == both
    assert checked_out(f"file://{str(work).replace(' ', '%20')}") == both
    assert checked_out(str(linked)) == both
    work.rename(tmp_path / "named.git")
    run_git(tmp_path / "named.git", "worktree", "repair")
    assert checked_out(str(tmp_path / "named")) == {"main": tmp_path / "named.git", "next": linked}


def test_a_detached_head_holds_no_branch(work: Path) -> None:
    """Its commit is checked out, and no branch."""
    run_git(work, "checkout", "--quiet", "--detach")
    assert checked_out(str(work)) == {}


def test_a_bare_repository_with_a_linked_working_copy_holds_its_branch(bare: Remote, tmp_path: Path) -> None:
    """Git refuses the push there too, even where the folder is gone and nobody has pruned it."""
    linked = tmp_path / "linked"
    bare.git("worktree", "add", "--quiet", str(linked), "main")
    assert checked_out(bare.url) == {"main": linked}
    shutil.rmtree(linked)
    assert checked_out(bare.url) == {"main": linked}
    assert "checked out" in _push_fails(bare)
    bare.git("worktree", "prune")
    assert checked_out(bare.url) == {}


def test_a_bare_repository_costs_no_process(bare: Remote, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor does an address on another machine, or none at all."""
    trace = tmp_path / "trace"
    monkeypatch.setenv("GIT_TRACE", str(trace))
    for repo in (bare.url, "https://git.example.org/api.git", "git@git.example.org:api.git", "/nowhere", "-x"):
        assert checked_out(repo) == {}
    assert not trace.exists()


def _push_fails(remote: Remote) -> str:
    """Push to main as somebody else, and return what git says."""
    other = remote.folder.parent / "other"
    run_git(None, "clone", "--quiet", "--", remote.url, str(other))
    who = ("-c", "user.name=R", "-c", "user.email=r@example.org")
    run_git(other, *who, "commit", "--quiet", "--allow-empty", "-m", "feat: more")
    with pytest.raises(AssertionError) as caught:
        run_git(other, "push", "origin", "HEAD:main")
    return str(caught.value)
