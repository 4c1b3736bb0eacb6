"""Which commits of a shared repository count for which component, in real repositories."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.remotes import Change, Remote, make_remote

from releasepilot.model.catalog import Catalog
from releasepilot.repositories.snapshot import take_snapshot


@pytest.fixture
def mono(tmp_path: Path) -> Remote:
    """Make one repository with two services, a shared folder and documents."""
    first = Change(message="chore: import", files={"api/a": "0", "web/a": "0", "proto/a.proto": "0"}, tag="v1.0.0")
    return make_remote(
        tmp_path / "mono.git",
        [
            first,
            Change(message="fix: in api", files={"api/a": "1"}),
            Change(message="fix: in both", files={"api/a": "2", "web/a": "2"}),
            Change(message="feat(api): said of api, done in web", files={"web/a": "3"}),
            Change(message="fix(web-forms): said of a part of web", files={"web/a": "4"}),
            Change(message="feat: in the shared folder", files={"proto/a.proto": "5"}),
            Change(message="docs: of web", files={"web/docs/a.md": "6"}),
            Change(message="fix(api,web): said of both", files={"other": "7"}),
        ],
    )


async def counted(mono: Remote, cache: Path, **entry: object) -> list[str]:
    """Return the messages that count, newest first."""
    component = {"name": "one", "repo": mono.url, **entry}
    catalog = Catalog.model_validate({"version": 1, "train": "mono", "components": [component]})
    snapshot = await take_snapshot(catalog, cache, timeout=20)
    return [commit.message for commit in snapshot.components[0].commits]


async def test_a_commit_that_touches_two_components_counts_for_both(mono: Remote, tmp_path: Path) -> None:
    """By path alone, the one commit is read for each."""
    for path in ("api", "web"):
        assert "fix: in both" in await counted(mono, tmp_path / "cache", path=path)


async def test_watched_folders_count_too(mono: Remote, tmp_path: Path) -> None:
    """A folder outside the component's own, a pattern, and a folder that does not count."""
    api = await counted(mono, tmp_path / "cache", path="api", watch=["proto"])
    assert api == ["feat: in the shared folder", "fix: in both", "fix: in api"]
    assert await counted(mono, tmp_path / "cache", path="api", watch=["proto/*.proto"]) == api
    web = await counted(mono, tmp_path / "cache", path="web", watch=["!web/docs"])
    assert "docs: of web" not in web
    assert len(web) == 3


async def test_the_root_counts_all_but_what_is_left_out(mono: Remote, tmp_path: Path) -> None:
    """`!` takes folders away from a component that has the whole repository."""
    root = await counted(mono, tmp_path / "cache", watch=["!api", "!web"])
    assert root == ["fix(api,web): said of both", "feat: in the shared folder"]


async def test_a_scope_decides_over_the_path(mono: Remote, tmp_path: Path) -> None:
    """What names a component's scope counts wherever it was done; what names another does not; the rest by path."""
    api = await counted(mono, tmp_path / "cache", path="api", scopes=["api"])
    assert api == ["fix(api,web): said of both", "feat(api): said of api, done in web", "fix: in both", "fix: in api"]
    web = await counted(mono, tmp_path / "cache", path="web", scopes=["web", "web-*"])
    assert web == [
        "fix(api,web): said of both",
        "docs: of web",
        "fix(web-forms): said of a part of web",
        "fix: in both",
    ]


async def test_scopes_alone_divide_a_repository(mono: Remote, tmp_path: Path) -> None:
    """Without a path of its own, a component has what its scopes name and what names none."""
    api = await counted(mono, tmp_path / "cache", scopes=["api"])
    assert "fix(web-forms): said of a part of web" not in api
    assert "feat: in the shared folder" in api
