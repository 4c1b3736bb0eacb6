"""Lock files that a command refreshed: staged, published as they were staged, and put back."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.calls import STARTED, TRAIN, a_release, an_edit
from support.remotes import Change, Remote, make_remote

from releasepilot.errors import StepConflict
from releasepilot.model.plan import Release
from releasepilot.repositories.mirror import Mirror
from releasepilot.repositories.publication import Publication
from releasepilot.repositories.staging import Staging

STAGING = f"refs/releasepilot/{TRAIN}/api"
OLD, NEW = "locked: 1\r\n", b"locked: 2\r\n"


@pytest.fixture
def remote(tmp_path: Path) -> Remote:
    """Make a component with a lock file, and with another that its command will add."""
    files = {"VERSION": "1.0.0\n", "api.lock": OLD, "tool": "x"}
    return make_remote(tmp_path / "api.git", ["feat: a", "feat: b"], tags={"v1.0.0": 0}, files=files)


def locked(remote: Remote) -> Release:
    """Release with two lock files, one of which is new."""
    release = a_release(remote, edits=(an_edit(remote, "VERSION", "1.0.0", "1.1.0"),))
    return release.model_copy(update={"locks": ("api.lock", "new.lock")})


def staging_of(release: Release, cache: Path) -> Staging:
    """Stage through the mirrors in `cache`."""
    return Staging(Mirror(cache, release.repo, timeout=20), release, train=TRAIN, when=STARTED)


def publication_of(release: Release, cache: Path) -> Publication:
    """Publish through the mirrors in `cache`."""
    return Publication(Mirror(cache, release.repo, timeout=20), release, train=TRAIN, when=STARTED)


LOCKS = {"api.lock": NEW, "new.lock": b"added\n"}


def test_what_was_staged_is_what_is_published(remote: Remote, tmp_path: Path) -> None:
    """The refreshed files are in the staged commit, and the very same commit is published from another cache."""
    release = locked(remote)
    built = staging_of(release, tmp_path / "one").stage(LOCKS)
    assert remote.show("api.lock", built.commit) == NEW.decode()
    assert publication_of(release, tmp_path / "two").publish() == built
    assert remote.head() == built.commit
    assert remote.show("new.lock") == "added\n"


def test_a_rebase_carries_the_lock_files_along(remote: Remote, tmp_path: Path) -> None:
    """A branch that moved on elsewhere gets the same lock files; one whose lock file changed is a conflict."""
    release = locked(remote)
    staging_of(release, tmp_path / "cache").stage(LOCKS)
    remote.add(Change(message="docs: more", files={"README": "x"}))
    publication_of(release, tmp_path / "cache").publish()
    assert remote.show("api.lock") == NEW.decode()
    assert remote.show("README") == "x"


def test_a_lock_file_that_moved_on_is_a_conflict(remote: Remote, tmp_path: Path) -> None:
    """Somebody else's refresh is never overwritten."""
    release = locked(remote)
    staging_of(release, tmp_path / "cache").stage(LOCKS)
    remote.add(Change(message="chore: refresh", files={"api.lock": "locked: 3\n"}))
    with pytest.raises(StepConflict, match=r"api\.lock was changed by .*chore: refresh"):
        publication_of(release, tmp_path / "cache").publish()


def test_without_the_staged_release_nothing_is_published(remote: Remote, tmp_path: Path) -> None:
    """The files cannot be made again, so a lost staging ref is a conflict that says so."""
    with pytest.raises(StepConflict, match="lock files that were refreshed"):
        publication_of(locked(remote), tmp_path / "cache").publish()


def test_a_rollback_puts_the_lock_files_back(remote: Remote, tmp_path: Path) -> None:
    """The tree is as it was: old content, and the added file gone."""
    before = remote.git("rev-parse", "main^{tree}")
    release = locked(remote)
    staging_of(release, tmp_path / "cache").stage(LOCKS)
    publication = publication_of(release, tmp_path / "cache")
    publication.publish()
    publication.unpublish()
    assert remote.git("rev-parse", "main^{tree}") == before
