"""The newest release of a repository is noted, and the note never outlives what it says."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from support.remotes import Change, Remote, make_remote

from releasepilot.repositories.mirror import Mirror
from releasepilot.repositories.refs import TaggedRelease, read_refs

NOTE = "newest-releases.json"


def mirror_of(remote: Remote) -> Mirror:
    """Mirror a remote, and let its refs rest."""
    mirror = Mirror(remote.folder.parent / "cache", remote.url, timeout=20)
    mirror.fetch()
    rest(mirror)
    return mirror


def rest(mirror: Mirror) -> None:
    """Let what holds the refs be ten seconds older, where it is young."""
    folder = mirror.git.folder
    for place in (folder / "packed-refs", *(Path(one) for one, _, _ in os.walk(folder / "refs" / "tags"))):
        if place.exists() and time.time() - place.stat().st_mtime < 5:
            os.utime(place, ns=(0, place.stat().st_mtime_ns - 10_000_000_000))


def newest(mirror: Mirror, template: str = "v{version}") -> TaggedRelease | None:
    """Ask anew, as another process would."""
    return read_refs(mirror.git).newest(template)


def history() -> list[Change | str]:
    """Return two releases and what came after."""
    return [Change(message="a", tag="v1.0.0"), Change(message="b", tag="v1.1.0"), "c"]


def test_the_newest_release_is_noted_and_read_back(tmp_path: Path) -> None:
    """Asked again the note answers: what it says is believed as long as the tags are as they were."""
    mirror = mirror_of(make_remote(tmp_path / "a.git", history()))
    first = newest(mirror)
    note = mirror.git.folder / NOTE
    assert first is not None
    assert first.version == "1.1.0"
    note.write_text(note.read_text().replace("1.1.0", "1.1.7"))
    again = newest(mirror)
    assert again is not None
    assert (again.version, again.commit) == ("1.1.7", first.commit)


def test_templates_are_noted_apart(tmp_path: Path) -> None:
    """Also that no tag follows one is noted."""
    remote = make_remote(tmp_path / "a.git", history())
    remote.git("tag", "web-2.0.0", "main")
    mirror = mirror_of(remote)
    for _ in range(2):
        assert [newest(mirror, template) and newest(mirror, template).version for template in TEMPLATES] == [
            "1.1.0",
            "2.0.0",
            None,
        ]


TEMPLATES = ("v{version}", "web-{version}", "none/{version}")

MOVES: dict[str, Callable[[Remote], object]] = {
    "a new tag": lambda remote: remote.git("tag", "v2.0.0", "main"),
    "a new annotated tag": lambda remote: remote.git(
        "-c", "user.name=R", "-c", "user.email=r@e.org", "tag", "-a", "-m", "x", "v2.0.0", "main"
    ),
    "a tag that moved": lambda remote: remote.git("tag", "--force", "v1.1.0", "main"),
    "a tag that went": lambda remote: remote.git("tag", "--delete", "v1.1.0"),
    "a tag in a folder": lambda remote: remote.git("tag", "deep/er/2.0.0", "main"),
    "many tags, packed": lambda remote: (
        [remote.git("tag", f"v3.0.{n}", "main") for n in range(5)] and remote.git("pack-refs", "--all")
    ),
}


@pytest.mark.parametrize("packed", [False, True], ids=["loose", "packed"])
@pytest.mark.parametrize("move", MOVES.values(), ids=MOVES)
def test_a_fetch_that_changes_tags_voids_the_note(
    tmp_path: Path, move: Callable[[Remote], object], packed: bool
) -> None:
    """What is answered is what a mirror without a note answers."""
    templates = ("v{version}", "deep/er/{version}")
    remote = make_remote(tmp_path / "a.git", history())
    mirror = mirror_of(remote)
    before = [newest(mirror, template) for template in templates]
    move(remote)
    mirror.fetch()
    if packed:
        mirror.git.run("pack-refs", "--all")
    rest(mirror)
    after = [newest(mirror, template) for template in templates]
    assert after != before
    (mirror.git.folder / NOTE).unlink()
    assert [newest(mirror, template) for template in templates] == after
    assert [newest(mirror, template) for template in templates] == after


def test_refs_that_changed_just_now_are_not_noted(tmp_path: Path) -> None:
    """Another change in the same tick of the file system's clock would look alike."""
    remote = make_remote(tmp_path / "a.git", history())
    mirror = Mirror(tmp_path / "cache", remote.url, timeout=20)
    mirror.fetch()
    assert newest(mirror)
    assert not (mirror.git.folder / NOTE).exists()


@pytest.mark.parametrize(
    "junk", ["", "[]", '{"seal": 1}', '{"seal": [], "newest": {"v{version}": ["v9.0.0", "9", "x"]}}']
)
def test_a_note_that_is_none_is_not_believed(tmp_path: Path, junk: str) -> None:
    """A cut file, or one of another version, is as none."""
    mirror = mirror_of(make_remote(tmp_path / "a.git", history()))
    (mirror.git.folder / NOTE).write_text(junk)
    found = newest(mirror)
    assert found is not None
    assert found.tag == "v1.1.0"


def test_a_cache_that_takes_no_note_answers_all_the_same(tmp_path: Path) -> None:
    """The note spares time and nothing else."""
    mirror = mirror_of(make_remote(tmp_path / "a.git", history()))
    (mirror.git.folder / NOTE).mkdir()
    for _ in range(2):
        found = newest(mirror)
        assert found is not None
        assert found.tag == "v1.1.0"
    assert [path.name for path in mirror.git.folder.glob(f"{NOTE}*")] == [NOTE]
