"""Releases staged, published and taken back in real remotes, with everything that others do meanwhile."""

from __future__ import annotations

import asyncio
import subprocess
from pathlib import Path

import pytest
from support.calls import STARTED, TRAIN, a_new_file, a_release, an_edit
from support.remotes import Change, Remote, make_remote

from releasepilot.errors import StepConflict, StepError, StepRefused
from releasepilot.model.plan import FileEdit, Release, Splice
from releasepilot.model.receipt import Presence
from releasepilot.repositories.mirror import Mirror
from releasepilot.repositories.publication import Publication
from releasepilot.repositories.release_commit import identity_of, trailers_of
from releasepilot.repositories.staging import Staging

STAGING = f"refs/releasepilot/{TRAIN}/api"
VERSION = "version = 1.0.0\r\nname = api\r\n"


@pytest.fixture
def remote(tmp_path: Path) -> Remote:
    """Make a component with one release."""
    return make_remote(
        tmp_path / "api.git",
        ["feat: a", "feat: b"],
        tags={"v1.0.0": 0},
        files={"VERSION": VERSION, "tool.sh": "#!/bin/sh\n"},
    )


def edits_of(remote: Remote) -> tuple[FileEdit, ...]:
    """Change the version file and write a changelog."""
    return (an_edit(remote, "VERSION", "1.0.0", "1.1.0"), a_new_file("CHANGELOG.md", "# Changelog\n"))


def staging_of(release: Release, cache: Path, train: str = TRAIN) -> Staging:
    """Stage a release through the mirrors in `cache`."""
    return Staging(Mirror(cache, release.repo, timeout=20), release, train=train, when=STARTED)


def publication_of(release: Release, cache: Path, train: str = TRAIN) -> Publication:
    """Publish a release through the mirrors in `cache`."""
    return Publication(Mirror(cache, release.repo, timeout=20), release, train=train, when=STARTED)


def test_a_release_commit_holds_the_edits_and_nothing_else(remote: Remote, tmp_path: Path) -> None:
    """Line endings and modes stay, the trailers name train and component, author and date are those of the release."""
    remote.add(Change(message="chore: a script", files={"tool.sh": "#!/bin/sh\n"}))
    release = a_release(remote, edits=edits_of(remote))
    built = staging_of(release, tmp_path / "cache").stage()
    assert remote.show("VERSION", built.commit) == VERSION.replace("1.0.0", "1.1.0")
    assert remote.git("diff", "--name-status", release.head, built.commit).split() == [
        "A",
        "CHANGELOG.md",
        "M",
        "VERSION",
    ]
    assert remote.git("log", "-1", "--format=%an %ae %cn %at %ct %P", built.commit) == (
        f"Release Bot bot@example.org Release Bot 1780315200 1780315200 {release.head}"
    )
    message = remote.git("log", "-1", "--format=%B", built.commit)
    assert message.startswith("release: api 1.1.0\n")
    assert trailers_of(message) == {"Release-Train": TRAIN, "Release-Component": "api"}


def test_the_tag_carries_changelog_and_identity(remote: Remote, tmp_path: Path) -> None:
    """The annotated tag tells what is in the release; a changelog cannot forge its identity."""
    changelog = "## 1.1.0\n\n- b\n\nRelease-Train: another\nRelease-Component: web\n"
    release = a_release(remote, edits=edits_of(remote), changelog=changelog)
    built = staging_of(release, tmp_path / "cache").stage()
    text = remote.git("cat-file", "tag", built.tag)
    assert "## 1.1.0\n\n- b" in text
    identity = identity_of(text.partition("\n\n")[2])
    assert identity is not None
    assert (identity.train, identity.component, identity.version) == (TRAIN, "api", "1.1.0")
    assert remote.git("fsck", "--strict") == ""


def test_equal_inputs_give_equal_ids_in_any_cache(remote: Remote, tmp_path: Path) -> None:
    """Commit and tag object depend on the release alone."""
    release = a_release(remote, edits=edits_of(remote))
    first = staging_of(release, tmp_path / "one").stage()
    assert staging_of(release, tmp_path / "two").stage() == first


def test_staging_touches_no_branch_and_no_tag(remote: Remote, tmp_path: Path) -> None:
    """Only the staging ref appears, and it goes without a trace."""
    before = remote.refs()
    staging = staging_of(a_release(remote, edits=edits_of(remote)), tmp_path / "cache")
    built = staging.stage()
    assert remote.refs() == {**before, STAGING: built.tag}
    assert staging.unstage() == ""
    assert remote.refs() == before


def test_a_tag_that_exists_elsewhere_is_found_before_anything_is_written(remote: Remote, tmp_path: Path) -> None:
    """A version that somebody else released is a conflict that says who did."""
    remote.git("-c", "user.name=Sam", "-c", "user.email=s@e.org", "tag", "-a", "-m", "by hand", "v1.1.0", "main")
    before = remote.refs()
    staging = staging_of(a_release(remote, edits=edits_of(remote)), tmp_path / "cache")
    assert staging.observe().presence is Presence.CONFLICT
    assert "'by hand' by Sam" in staging.observe().detail
    with pytest.raises(StepConflict, match=r"api: .*tag v1\.1\.0 already holds"):
        staging.stage()
    assert remote.refs() == before


def test_another_trains_staging_does_not_stand_in_the_way(remote: Remote, tmp_path: Path) -> None:
    """Staging refs are told apart by train."""
    release = a_release(remote, edits=edits_of(remote))
    staging_of(release, tmp_path / "cache", train="may-0000000000").stage()
    assert staging_of(release, tmp_path / "cache").observe().presence is Presence.ABSENT


def test_branch_and_tag_appear_together_and_the_staging_ref_goes(remote: Remote, tmp_path: Path) -> None:
    """What was staged is what is published, by one push."""
    release = a_release(remote, edits=edits_of(remote))
    staged = staging_of(release, tmp_path / "cache").stage()
    published = publication_of(release, tmp_path / "cache").publish()
    assert published == staged
    refs = remote.refs()
    assert (refs["refs/heads/main"], refs["refs/tags/v1.1.0"]) == (staged.commit, staged.tag)
    assert STAGING not in refs
    seen = publication_of(release, tmp_path / "other-cache").observe()
    assert (seen.presence, seen.found) == (Presence.PRESENT, staged.commit)
    staging = staging_of(release, tmp_path / "cache")
    assert (staging.observe().presence, staging.observe().detail) == (Presence.ABSENT, "it is published already")
    staging.stage()
    assert STAGING not in remote.refs()


def test_a_branch_that_moved_on_is_built_upon(remote: Remote, tmp_path: Path) -> None:
    """A commit of somebody else stays where it is, below the release commit, if it touches other files."""
    release = a_release(remote, edits=edits_of(remote))
    staging_of(release, tmp_path / "cache").stage()
    theirs = remote.add(Change(message="docs: meanwhile", files={"README.md": "hello"}))
    built = publication_of(release, tmp_path / "cache").publish()
    assert remote.git("log", "-1", "--format=%P", built.commit) == theirs
    assert remote.show("README.md", "v1.1.0") == "hello"
    assert publication_of(release, tmp_path / "cache").observe().presence is Presence.PRESENT


def test_a_branch_that_changed_an_edited_file_is_a_conflict(remote: Remote, tmp_path: Path) -> None:
    """The error names the file, and the commit and person that changed it; nothing moves."""
    release = a_release(remote, edits=edits_of(remote))
    remote.add(Change(message="fix: the version", files={"VERSION": "1.0.1\n"}))
    before = remote.refs()
    with pytest.raises(StepConflict, match=r"VERSION was changed by \w+ \(Robin Example: fix: the version\)"):
        publication_of(release, tmp_path / "cache").publish()
    assert remote.refs() == before


def test_a_branch_that_was_rewritten_is_a_conflict(remote: Remote, tmp_path: Path) -> None:
    """A plan made of commits that are no longer on the branch is not released."""
    release = a_release(remote, edits=edits_of(remote))
    Mirror(tmp_path / "cache", remote.url).fetch()
    remote.git("update-ref", "refs/heads/main", "main~1")
    remote.add("feat: instead")
    with pytest.raises(StepConflict, match="was rewritten"):
        publication_of(release, tmp_path / "cache").publish()


def test_a_lost_race_is_run_once_more(remote: Remote, tmp_path: Path) -> None:
    """A push between our look and our push costs a second round, not the release, and their commit stays."""
    release = a_release(remote, edits=edits_of(remote))
    others_push_meanwhile(remote, times=1)
    built = publication_of(release, tmp_path / "cache").publish()
    assert remote.git("log", "--format=%s", f"{release.head}..main").splitlines() == [
        "release: api 1.1.0",
        "docs: quick",
    ]
    assert remote.head() == built.commit


def test_a_symbolic_link_is_not_edited(remote: Remote, tmp_path: Path) -> None:
    """Its blob is a path; writing a changelog into it would break it. Nothing was staged."""
    subprocess.run(["git", "clone", "--quiet", remote.url, tmp_path / "work"], check=True)
    (tmp_path / "work" / "CHANGELOG.md").symlink_to("docs/CHANGELOG.md")
    for words in (["add", "."], ["commit", "--quiet", "-m", "fix: link"], ["push", "--quiet", "origin", "HEAD:main"]):
        identity = ["-c", "user.name=a", "-c", "user.email=a@b"]
        subprocess.run(["git", "-C", tmp_path / "work", *identity, *words], check=True)
    blob = remote.git("rev-parse", "main:CHANGELOG.md").strip()
    edit = FileEdit(path="CHANGELOG.md", before=blob, splices=(Splice(start=0, end=0, text="x"),))
    release = a_release(remote, edits=(edit,))
    with pytest.raises(StepRefused, match=r"CHANGELOG\.md is a symbolic link"):
        staging_of(release, tmp_path / "cache").stage()


def test_a_race_lost_twice_is_tried_again_later(remote: Remote, tmp_path: Path) -> None:
    """A branch that does not rest is not fought for in one attempt; neither branch nor tag was touched."""
    release = a_release(remote, edits=edits_of(remote))
    others_push_meanwhile(remote, times=2)
    with pytest.raises(StepError, match="at the same time") as caught:
        publication_of(release, tmp_path / "cache").publish()
    assert caught.value.retryable
    assert remote.git("log", "--format=%s", f"{release.head}..main").splitlines() == ["docs: quick"] * 2
    assert "refs/tags/v1.1.0" not in remote.refs()


def test_a_protected_branch_is_refused_in_the_servers_words(remote: Remote, tmp_path: Path) -> None:
    """A hook that declines ends the step for good; the tag does not appear without its branch."""
    remote.hook("update", 'case "$1" in refs/heads/*) echo "main is frozen until Monday" >&2; exit 1;; esac')
    release = a_release(remote, edits=edits_of(remote))
    staging_of(release, tmp_path / "cache").stage()
    before = remote.refs()
    with pytest.raises(StepRefused, match=r"refused the push: .*main is frozen until Monday") as caught:
        publication_of(release, tmp_path / "cache").publish()
    assert not caught.value.retryable
    assert remote.refs() == before


def test_a_repository_that_vanished_can_be_tried_again(remote: Remote, tmp_path: Path) -> None:
    """Nothing is known of a remote that does not answer, so the error is retryable and names it."""
    release = a_release(remote, edits=edits_of(remote))
    remote.folder.rename(tmp_path / "gone.git")
    with pytest.raises(StepError, match=r"api: .*api\.git could not be reached") as caught:
        publication_of(release, tmp_path / "cache").publish()
    assert caught.value.retryable


def test_components_of_one_repository_publish_side_by_side(tmp_path: Path) -> None:
    """Each builds on the other's release commit; both tags are on the branch."""
    files = {f"{name}/VERSION": "1.0.0\n" for name in ("api", "web", "job", "cli")}
    remote = make_remote(tmp_path / "mono.git", files=files)
    releases = [
        a_release(
            remote, component=name, tag=f"{name}-v1.1.0", edits=(an_edit(remote, f"{name}/VERSION", "1.0.0", "1.1.0"),)
        )
        for name in ("api", "web", "job", "cli")
    ]
    publications = [publication_of(release, tmp_path / "cache") for release in releases]

    async def all_at_once() -> None:
        await asyncio.gather(*(asyncio.to_thread(publication.publish) for publication in publications))

    asyncio.run(all_at_once())
    assert [publication.observe().presence for publication in publications] == [Presence.PRESENT] * 4
    assert [remote.show(path) for path in files] == ["1.1.0\n"] * 4


def test_a_rollback_deletes_the_tag_and_reverts_on_top(remote: Remote, tmp_path: Path) -> None:
    """History is never rewritten: the branch ends with release commit and revert, with the content of before."""
    release = a_release(remote, edits=edits_of(remote))
    publication = publication_of(release, tmp_path / "cache")
    built = publication.publish()
    remains = publication.unpublish(built.commit)
    head = remote.head()
    assert remains == f"release commit {built.commit[:10]} and its revert {head[:10]} stay on main"
    assert "refs/tags/v1.1.0" not in remote.refs()
    assert remote.git("rev-parse", f"{head}~1", f"{head}^{{tree}}").split() == [
        built.commit,
        remote.git("rev-parse", f"{release.head}^{{tree}}"),
    ]
    assert trailers_of(remote.git("log", "-1", "--format=%B", "main")) == {"Reverts-Release": f"{TRAIN}/api"}


def test_a_rollback_keeps_what_came_after(remote: Remote, tmp_path: Path) -> None:
    """Commits on top of the release stay, and a fresh cache without a receipt finds the release by its trailers."""
    release = a_release(remote, edits=edits_of(remote))
    publication_of(release, tmp_path / "cache").publish()
    remote.add(Change(message="feat: later", files={"later.txt": "x"}))
    remote.git("tag", "-d", "v1.1.0")
    assert "stay on main" in publication_of(release, tmp_path / "other-cache").unpublish()
    assert (remote.show("later.txt"), remote.show("VERSION")) == ("x", VERSION)
    head = remote.head()
    assert "stay on main" in publication_of(release, tmp_path / "third-cache").unpublish()
    assert remote.head() == head


def test_a_rollback_over_somebody_elses_change_is_a_conflict(remote: Remote, tmp_path: Path) -> None:
    """A file that was changed after the release is not reverted under its author; the tag stays too."""
    publication = publication_of(a_release(remote, edits=edits_of(remote)), tmp_path / "cache")
    built = publication.publish()
    remote.add(Change(message="chore: next", files={"VERSION": "1.2.0-dev\n"}))
    before = remote.refs()
    with pytest.raises(StepConflict, match="VERSION was changed after release commit"):
        publication.unpublish(built.commit)
    assert remote.refs() == before


def test_a_rollback_leaves_somebody_elses_tag_alone(remote: Remote, tmp_path: Path) -> None:
    """Where nothing of ours was published there is nothing to take back."""
    remote.git("tag", "v1.1.0", "main")
    before = remote.refs()
    assert publication_of(a_release(remote, edits=edits_of(remote)), tmp_path / "cache").unpublish() == ""
    assert remote.refs() == before


def test_a_release_can_be_published_again_after_its_rollback(remote: Remote, tmp_path: Path) -> None:
    """The revert restores what the plan was made of, so the same release applies on top of it, and can go again."""
    publication = publication_of(a_release(remote, edits=edits_of(remote)), tmp_path / "cache")
    publication.publish()
    publication.unpublish()
    again = publication.publish()
    assert publication.observe().found == again.commit == remote.head()
    publication.unpublish()
    assert remote.show("VERSION") == VERSION


def test_a_release_without_edits_is_a_commit_too(remote: Remote, tmp_path: Path) -> None:
    """A component whose version stands nowhere but in its tag goes the same way."""
    publication = publication_of(a_release(remote), tmp_path / "cache")
    publication.publish()
    assert publication.observe().presence is Presence.PRESENT
    assert "stay on main" in publication.unpublish()


def test_a_mirror_that_was_deleted_meanwhile_is_made_anew(remote: Remote, tmp_path: Path) -> None:
    """Each verb works from an empty cache."""
    release = a_release(remote, edits=edits_of(remote))
    staging_of(release, tmp_path / "a").stage()
    publication_of(release, tmp_path / "b").publish()
    assert publication_of(release, tmp_path / "c").observe().presence is Presence.PRESENT
    assert "stay on main" in publication_of(release, tmp_path / "d").unpublish()
    assert publication_of(release, tmp_path / "e").observe().presence is Presence.ABSENT


def test_the_staged_tree_is_exported_without_a_repository(remote: Remote, tmp_path: Path) -> None:
    """The folder holds the files of the release commit, executable ones included, and no .git."""
    remote.git("fast-import", "--quiet", stdin=_executable(remote))
    release = a_release(remote, edits=edits_of(remote))
    staging = staging_of(release, tmp_path / "cache")
    with pytest.raises(StepError, match="holds no staged release"):
        staging.export(tmp_path)
    built = staging.stage()
    folder = tmp_path / "tree"
    folder.mkdir()
    assert staging.export(folder) == built.commit
    assert {path.name for path in folder.iterdir()} == {"VERSION", "CHANGELOG.md", "tool.sh"}
    assert (folder / "tool.sh").stat().st_mode & 0o100
    assert (folder / "VERSION").read_bytes() == VERSION.replace("1.0.0", "1.1.0").encode()


def test_an_odd_path_is_a_path(tmp_path: Path) -> None:
    """Spaces, quotes, globs and a leading dash in a file's name are no options and no patterns."""
    path = '-odd dir/*?[a] "quoted" é.txt'
    quoted = '"' + path.replace('"', '\\"') + '"'
    remote = make_remote(tmp_path / "api.git", files={"VERSION": "1.0.0\n", quoted: "1.0.0\n"})
    release = a_release(remote, edits=(replace_first(remote, path),))
    built = publication_of(release, tmp_path / "cache").publish()
    assert remote.show(path, built.commit) == "1.1.0\n"
    assert remote.show("VERSION", built.commit) == "1.0.0\n"


def replace_first(remote: Remote, path: str) -> FileEdit:
    """Raise the version in a file of any name."""
    return an_edit(remote, path, "1.0.0", "1.1.0")


def _executable(remote: Remote) -> bytes:
    blob = remote.blob("tool.sh")
    message = "chore: executable"
    return (
        f"commit refs/heads/main\ncommitter R <r@e.org> 1 +0000\ndata {len(message)}\n{message}\n"
        f"from {remote.head()}\nM 100755 {blob} tool.sh\n"
    ).encode()


def others_push_meanwhile(remote: Remote, *, times: int) -> None:
    """Move the branch while the server handles our push: after our look, before the refs are locked."""
    remote.hook(
        "pre-receive",
        f"""
        unset GIT_QUARANTINE_PATH GIT_OBJECT_DIRECTORY GIT_ALTERNATE_OBJECT_DIRECTORIES
        test "$(cat races 2>/dev/null | wc -l)" -lt {times} || exit 0
        echo race >> races
        git config user.name Sam && git config user.email sam@example.org
        git update-ref refs/heads/main "$(git commit-tree -p main -m 'docs: quick' 'main^{{tree}}')"
        """,
    )
