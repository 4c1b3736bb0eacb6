"""A history divided among its releases, in real repositories."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.remotes import Change, Remote, make_remote, run_git

from releasepilot.errors import BranchMissing, HistoryTruncated, SnapshotError
from releasepilot.model.catalog import Catalog
from releasepilot.repositories.contents import Folder, read_contents
from releasepilot.repositories.history import Concern
from releasepilot.repositories.mirror import Mirror
from releasepilot.repositories.past import Past, past_releases
from releasepilot.repositories.refs import read_refs
from releasepilot.repositories.whole_changelog import whole_changelog
from releasepilot.versioning.ordering import released


def past_of(remote: Remote, concern: Concern | None = None) -> list[Past]:
    """Divide the history of the main branch."""
    mirror = Mirror(remote.folder.parent / "cache", remote.url, timeout=20)
    mirror.fetch()
    refs = read_refs(mirror.git)
    return list(past_releases(refs, refs.heads["main"], released(refs.tags, "v{version}"), concern or Concern()))


def told(past: list[Past]) -> list[tuple[str, list[str]]]:
    """Return what each release brought."""
    return [(one.version, [commit.message for commit in one.commits]) for one in past]


def test_each_commit_belongs_to_the_release_after_it(tmp_path: Path) -> None:
    """Newest first, what is not released yet at the beginning, and each names the one before."""
    history = [Change(message="a", tag="v1.0.0"), "b", Change(message="c", tag="v1.1.0"), "d"]
    past = past_of(make_remote(tmp_path / "a.git", history))
    assert told(past) == [("", ["d"]), ("1.1.0", ["c", "b"]), ("1.0.0", ["a"])]
    assert [(one.tag, one.from_tag, one.from_version) for one in past] == [
        ("", "v1.1.0", "1.1.0"),
        ("v1.1.0", "v1.0.0", "1.0.0"),
        ("v1.0.0", "", ""),
    ]


def test_a_merged_branch_belongs_to_the_oldest_release_that_contains_it(tmp_path: Path) -> None:
    """Work that was begun before a release and merged after it is the later release's."""
    remote = make_remote(tmp_path / "a.git", [Change(message="a", tag="v1.0.0")])
    remote.git("branch", "work", "main")
    side = remote.add("on the side", branch="work")
    main = remote.add(Change(message="b"))
    remote.git("tag", "v1.1.0", "main")
    tree = remote.git("rev-parse", "main^{tree}")
    who = ("-c", "user.name=R", "-c", "user.email=r@e.org")
    merge = remote.git(*who, "commit-tree", tree, "-p", main, "-p", side, "-m", "merge")
    remote.git("update-ref", "refs/heads/main", merge)
    remote.git("tag", "v1.2.0", "main")
    assert told(past_of(remote)) == [("", []), ("1.2.0", ["merge", "on the side"]), ("1.1.0", ["b"]), ("1.0.0", ["a"])]


def test_a_release_that_was_merged_later_is_not_the_one_before(tmp_path: Path) -> None:
    """2.0.0 does not contain 1.0.1: what came before it is 1.0.0, from which both began."""
    remote = make_remote(tmp_path / "a.git", [Change(message="a", tag="v1.0.0"), "shared"])
    remote.git("branch", "maintenance", "main")
    side = remote.add("mend", branch="maintenance")
    remote.git("tag", "v1.0.1", side)
    main = remote.add("more")
    remote.git("tag", "v2.0.0", main)
    tree = remote.git("rev-parse", "main^{tree}")
    who = ("-c", "user.name=R", "-c", "user.email=r@e.org")
    merge = remote.git(*who, "commit-tree", tree, "-p", main, "-p", side, "-m", "merge")
    remote.git("update-ref", "refs/heads/main", merge)
    past = past_of(remote)
    assert told(past) == [("", ["merge"]), ("2.0.0", ["more"]), ("1.0.1", ["mend", "shared"]), ("1.0.0", ["a"])]
    assert [one.from_tag for one in past] == ["v2.0.0", "v1.0.0", "v1.0.0", ""]


def test_two_tags_on_one_commit_leave_the_newer_release_empty(tmp_path: Path) -> None:
    """The lower version brought the commits; the other keeps its place."""
    remote = make_remote(tmp_path / "a.git", ["a", "b"], tags={"v1.0.0": 1, "v1.0.1": 1})
    assert told(past_of(remote)) == [("", []), ("1.0.1", []), ("1.0.0", ["b", "a"])]


def test_a_tag_that_the_branch_does_not_contain_divides_nothing(tmp_path: Path) -> None:
    """A release of another branch is not seen."""
    remote = make_remote(tmp_path / "a.git", ["a"], tags={"v1.0.0": 0})
    remote.git("branch", "other", "main")
    remote.add("elsewhere", branch="other")
    remote.git("tag", "v2.0.0", "other")
    remote.add("b")
    assert told(past_of(remote)) == [("", ["b"]), ("1.0.0", ["a"])]


def test_only_the_commits_of_concern_are_told(tmp_path: Path) -> None:
    """A component of a shared repository has its own part of each release."""
    first = Change(message="a", files={"api/a": "1", "web/a": "1"})
    history = [
        first,
        Change(message="b", files={"web/a": "2"}, tag="v1.0.0"),
        Change(message="c", files={"api/a": "3"}),
    ]
    remote = make_remote(tmp_path / "a.git", history)
    assert told(past_of(remote, Concern(path="api"))) == [("", ["c"]), ("1.0.0", ["a"])]


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_random_history_agrees_with_git(data: st.DataObject, tmp_path: Path) -> None:
    """Every commit is told once, by the lowest release that git says contains it."""
    folder = tmp_path / str(len(list(tmp_path.iterdir()))) / "a.git"
    folder.parent.mkdir()
    count = data.draw(st.integers(2, 14))
    run_git(None, "init", "--bare", "--quiet", "--initial-branch=main", "--", str(folder))
    parts = []
    for index in range(count):
        parents = sorted(data.draw(st.sets(st.integers(0, index - 1), min_size=1, max_size=2))) if index else []
        # Times run backwards now and then, as clocks do.
        when = 1_700_000_000 + data.draw(st.integers(0, 50))
        head = f"commit refs/heads/main\nmark :{index + 1}\ncommitter R <r@e> {when} +0000\ndata 2\nc\n"
        lines = [f"{'from' if place == 0 else 'merge'} :{parent + 1}\n" for place, parent in enumerate(parents)]
        parts.append(head + "".join(lines) + f"M 100644 inline f{index}\ndata 1\nx\n")
    tagged = data.draw(st.lists(st.integers(0, count - 1), max_size=4))
    parts += [f"reset refs/tags/v1.{number}.0\nfrom :{index + 1}\n\n" for number, index in enumerate(tagged)]
    remote = Remote(folder=folder)
    remote.git("fast-import", "--quiet", "--force", stdin="".join(parts).encode())
    past = past_of(remote)
    seen = {commit.sha: one.version for one in past for commit in one.commits}
    for sha in remote.git("rev-list", "main").split():
        containing = remote.git("tag", "--merged", "main", "--contains", sha, "--sort=v:refname").split()
        assert seen.pop(sha) == (containing[0].removeprefix("v") if containing else "")
    assert not seen
    for one in past:
        contained = set(remote.git("tag", "--merged", one.tag or "main").split())
        assert {one.from_tag} <= {tag for tag in contained if not one.tag or tag < one.tag} | {""}
        assert bool(one.from_tag) == any(not one.tag or tag < one.tag for tag in contained)


def whole(remote: Remote, **more: Any) -> str:
    """Write the changelog of everything of a component `a`."""
    mirror = Mirror(remote.folder.parent / "cache", remote.url, timeout=20)
    mirror.fetch()
    component = {"name": "a", "repo": remote.url, **more}
    catalog = Catalog.model_validate({"version": 1, "train": "t", "components": [component]})
    entry = catalog.components[0]
    found = read_contents(mirror.git, [Folder(head=f"refs/heads/{catalog.branch_of(entry)}", path=entry.path)])[0]
    return "".join(whole_changelog(mirror, catalog, entry, found and found.ecosystem))


@pytest.mark.parametrize(
    ("when", "date"),
    [
        ("253402300799 +0000", "9999-12-31"),
        ("253402300800 +0000", "9999-12-31"),
        ("18446744073709551615 +0000", "9999-12-31"),
        ("9" * 5000 + " +0000", "9999-12-31"),
        ("-5 +0000", "1970-01-01"),
        ("", "1970-01-01"),
        ("yesterday", "1970-01-01"),
    ],
)
def test_a_time_that_no_calendar_has_becomes_a_date(tmp_path: Path, when: str, date: str) -> None:
    """Whoever makes a commit writes its time; the changelog of everything is written all the same."""
    remote = make_remote(tmp_path / "a.git", ["feat: begin"])
    tree = remote.git("rev-parse", "main^{tree}")
    made = f"tree {tree}\nparent {remote.head()}\nauthor R <r@e> {when}\ncommitter R <r@e> {when}\n\nfix: mend\n"
    sha = remote.git("hash-object", "-t", "commit", "-w", "--literally", "--stdin", stdin=made.encode())
    remote.git("update-ref", "refs/heads/main", sha)
    remote.git("update-ref", "refs/tags/v1.0.0", sha)
    assert f"## 1.0.0 ({date})\n" in whole(remote)


@pytest.mark.parametrize("last", [0, 8])
def test_the_changelog_of_everything_takes_a_whole_history(tmp_path: Path, last: int) -> None:
    """A shallow repository is refused as by a plan, also where it shows a release: those before it are hidden."""
    full = make_remote(tmp_path / "full.git", [f"fix: {n}" for n in range(10)], tags={"v1.0.0": last})
    shallow = Remote(folder=tmp_path / "shallow.git")
    run_git(None, "clone", "--quiet", "--bare", "--depth=3", f"file://{full.folder}", shallow.url)
    with pytest.raises(HistoryTruncated, match=r"a: .* is a shallow repository") as caught:
        whole(shallow)
    assert "--unshallow" in caught.value.hint


def test_the_changelog_of_everything_takes_a_folder_and_a_branch(tmp_path: Path) -> None:
    """What is not there is told as by a plan."""
    remote = make_remote(tmp_path / "a.git", files={"web/a": "1"})
    with pytest.raises(SnapshotError, match=r"a: .* has no folder 'api' on main") as caught:
        whole(remote, path="api")
    assert caught.value.code == "RP200"
    with pytest.raises(BranchMissing):
        whole(remote, path="api", branch="gone")


def test_the_changelog_of_everything_tells_every_release(tmp_path: Path) -> None:
    """Title, what is to come, and the releases with their dates; our own commits are not told."""
    ours = "release: a 1.1.0\n\nRelease-Train: t\nRelease-Component: a"
    history = [
        Change(message="feat: begin", tag="v1.0.0"),
        Change(message="fix: mend"),
        Change(message=ours, tag="v1.1.0"),
        Change(message="feat: more"),
    ]
    text = whole(make_remote(tmp_path / "a.git", history))
    lines = [line.partition(" (")[0] for line in text.splitlines() if line.startswith(("#", "-"))]
    assert lines == [
        "# Changelog",
        "## Unreleased",
        "### Features",
        "- more",
        "## 1.1.0",
        "### Bug fixes",
        "- mend",
        "## 1.0.0",
        "### Features",
        "- begin",
    ]
