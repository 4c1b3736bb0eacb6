"""Write the files of a commit into a folder, for a command that needs a tree and no repository."""

from __future__ import annotations

import tempfile
from pathlib import Path

from releasepilot.repositories.command import Git


def export_tree(git: Git, commit: str, folder: Path) -> None:
    """Write all files of `commit` into the empty folder; a submodule becomes an empty folder."""
    with tempfile.TemporaryDirectory(prefix="scratch-", dir=git.folder) as scratch:
        env = {"GIT_INDEX_FILE": f"{scratch}/index", "GIT_WORK_TREE": str(folder)}
        git.run("read-tree", commit, env=env)
        git.run("checkout-index", "--all", "--quiet", f"--prefix={folder}/", env=env)
