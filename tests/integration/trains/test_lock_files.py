"""Trains whose components refresh lock files by a command of the catalog."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from support.shop import a_shop_remote, entries
from support.trains import Depot, catalog_of

from releasepilot.model.train import Outcome

#: Writes what a package manager would: the version that the manifest holds now.
REFRESH = (
    "import json, pathlib; p = json.loads(pathlib.Path('package.json').read_text());"
    "pathlib.Path('package-lock.json').write_text(json.dumps({'version': p['version']}))"
)


async def test_the_lock_file_holds_the_released_version(depot: Depot, tmp_path: Path) -> None:
    """The command sees the new manifest, and its result is part of the one release commit."""
    remote = a_shop_remote(tmp_path, "lib")
    lock = {"command": [sys.executable, "-c", REFRESH], "files": ["package-lock.json"], "timeout": "60s"}
    plan, record = await depot.release(catalog_of(entries({"lib": remote}, lib={"lock": lock})))
    assert record.outcome is Outcome.RELEASED, record
    version = plan.release_of("lib").to_version
    assert json.loads(remote.show("package-lock.json")) == {"version": version}
    assert remote.git("rev-parse", f"v{version}^{{commit}}") == remote.head()


async def test_a_refresh_that_fails_leaves_nothing(depot: Depot, tmp_path: Path) -> None:
    """It fails the train before anything is public, and says what the command said."""
    remote = a_shop_remote(tmp_path, "lib")
    before = remote.refs()
    lock = {"command": "echo no network; exit 3", "shell": True, "files": ["package-lock.json"]}
    _, record = await depot.release(catalog_of(entries({"lib": remote}, lib={"lock": lock})))
    assert record.outcome is Outcome.ROLLED_BACK
    assert "refreshes the lock files ended with status 3: no network" in record.cause
    assert remote.refs() == before


async def test_a_lock_file_that_is_not_there_is_refused(depot: Depot, tmp_path: Path) -> None:
    """Neither a missing file nor a link out of the tree is taken for one."""
    remote = a_shop_remote(tmp_path, "lib")
    lock = {"command": "ln -s /etc/hostname a.lock", "shell": True, "files": ["a.lock"]}
    _, record = await depot.release(catalog_of(entries({"lib": remote}, lib={"lock": lock})))
    assert record.outcome is Outcome.ROLLED_BACK
    assert "the lock file a.lock is a symbolic link" in record.cause
