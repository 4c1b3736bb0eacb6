"""The files of a release, for commands that work on them: exported, without a repository around them."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from releasepilot.plugins.placeholders import environment_of, facts_of, fill
from releasepilot.plugins.process import Finished, limit_of, run_command
from releasepilot.plugins.spec import Call, Tools
from releasepilot.repositories.command import Cancellation
from releasepilot.repositories.mirror import Mirror
from releasepilot.repositories.staging import Staging
from releasepilot.repositories.threads import in_thread


@dataclass(frozen=True, kw_only=True)
class ReleaseTree:
    """A temporary folder with the files of a release commit."""

    root: Path
    #: The release commit.
    commit: str


@asynccontextmanager
async def release_tree(tools: Tools, call: Call[Any], *, rebuild: bool = False) -> AsyncIterator[ReleaseTree]:
    """Export the release of a call, staged or published, and remove the files afterwards.

    Where neither ref nor tag holds it, it is made again from the plan with `rebuild`, else `StepError` is raised.
    """

    def export(folder: Path, cancellation: Cancellation) -> str:
        mirror = Mirror(tools.cache, call.release.repo, timeout=tools.git_timeout, cancellation=cancellation)
        staging = Staging(mirror, call.release, train=call.train, when=call.train_started_at)
        return staging.export(folder, rebuild=rebuild)

    with temporary_folder() as root:
        yield ReleaseTree(root=root, commit=await in_thread(lambda stop: export(root, stop)))


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """Give an empty folder for as long as a command runs.

    A command may leave a process behind that still writes there; its effect is there all the same.
    """
    with tempfile.TemporaryDirectory(prefix="releasepilot-", ignore_cleanup_errors=True) as name:
        yield Path(name)


async def run_in_tree(call: Call[Any], root: Path, command: Sequence[str], *, shell: bool) -> Finished:
    """Run a command of the catalog in the component's folder of an exported release, for as long as the step may."""
    facts = facts_of(call)
    return await run_command(
        command if shell else [fill(word, facts) for word in command],
        shell=shell,
        env={**environment_of(call), "RELEASEPILOT_TREE": str(root)},
        cwd=root / call.release.path,
        limit=limit_of(call.step.timeout),
        secrets=call.secrets,
    )
