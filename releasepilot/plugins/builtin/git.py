"""`git.stage` and `git.publish`: the release commit and its tag, first in a staging ref, then on branch and tag."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from pydantic import BaseModel, ConfigDict

from releasepilot.errors import StepError, StepRefused
from releasepilot.model.receipt import Observation, Receipt
from releasepilot.model.step import Queue, SagaClass, Undo
from releasepilot.model.value import Argv
from releasepilot.plugins.release_tree import run_in_tree, temporary_folder
from releasepilot.plugins.spec import Call, Tools
from releasepilot.repositories.command import Cancellation
from releasepilot.repositories.mirror import Mirror
from releasepilot.repositories.publication import Publication
from releasepilot.repositories.release_refs import ReleaseRefs
from releasepilot.repositories.staging import Staging
from releasepilot.repositories.threads import in_thread

#: Bytes of a lock file; what is longer is none.
_MAX_LOCK = 64 << 20

T = TypeVar("T")
RefsT = TypeVar("RefsT", bound=ReleaseRefs)


class NoConfig(BaseModel):
    """Everything that it needs stands in the release."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class StageConfig(BaseModel):
    """How lock files are refreshed; the component's `lock` says so, and names the files."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    #: Runs in the component's folder of the release commit; without it lock files are left alone.
    command: Argv | None = None
    #: The command is one text for `/bin/sh -c`; placeholders are not filled in, use the environment.
    shell: bool = False


async def _with_refs(tools: Tools, call: Call[Any], kind: type[RefsT], work: Callable[[RefsT], T]) -> T:
    """Do git work in a thread, where a cancelled step ends its git processes."""

    def run(cancellation: Cancellation) -> T:
        mirror = Mirror(tools.cache, call.release.repo, timeout=tools.git_timeout, cancellation=cancellation)
        return work(kind(mirror, call.release, train=call.train, when=call.train_started_at))

    return await in_thread(run)


class GitStage:
    """Pushes release commit and tag to `refs/releasepilot/<train>/<component>`, which no branch or tag shows."""

    name: ClassVar[str] = "git.stage"
    Config: ClassVar[type[BaseModel]] = StageConfig
    saga_class: ClassVar[SagaClass] = SagaClass.COMPENSATABLE
    undo: ClassVar[Undo] = Undo.FULL
    queue: ClassVar[Queue] = Queue.GIT
    declarable: ClassVar[bool] = False
    effect: ClassVar[bool] = True

    def __init__(self, tools: Tools) -> None:
        self._tools = tools

    async def observe(self, call: Call[StageConfig]) -> Observation:
        """Look at the staging ref. A tag of this name that somebody else made is a conflict already here."""
        return await _with_refs(self._tools, call, Staging, Staging.observe)

    async def apply(self, call: Call[StageConfig]) -> dict[str, str]:
        """Build and push; the notes hold the ids of the commit and of the tag object."""
        locks = await self._refreshed(call)
        built = await _with_refs(self._tools, call, Staging, lambda staging: staging.stage(locks))
        return {"commit": built.commit, "tag": built.tag}

    async def revert(self, call: Call[StageConfig], _receipt: Receipt | None) -> str:
        """Delete the staging ref."""
        return await _with_refs(self._tools, call, Staging, Staging.unstage)

    async def _refreshed(self, call: Call[StageConfig]) -> dict[str, bytes]:
        """Run the command that refreshes the lock files; return their contents by path."""
        if call.config.command is None:
            return {}
        with temporary_folder() as root:
            await _with_refs(self._tools, call, Staging, lambda staging: staging.draft(root))
            try:
                ended = await run_in_tree(call, root, call.config.command, shell=call.config.shell)
            except StepError as error:
                hint = "raise `lock.timeout`" if error.retryable else error.hint
                raise type(error)(
                    f"refreshing the lock files: {error.message}", hint=hint, component=_of(call)
                ) from error
            if ended.status != 0:
                raise StepRefused(
                    f"the command that refreshes the lock files {ended.ending}",
                    hint="correct what it found on the branch, or the catalog's `lock`, then make a new plan",
                    component=_of(call),
                )
            return {path: _read_lock(call, root, path) for path in call.release.locks}


def _of(call: Call[StageConfig]) -> str:
    return call.release.component


def _read_lock(call: Call[StageConfig], root: Path, path: str) -> bytes:
    """Read a refreshed lock file; it must be a file of this tree, and no link out of it."""
    file = root / path
    wrong = ""
    if not os.path.lexists(file):
        wrong = "is not there"
    elif file.is_symlink() or not file.resolve().is_relative_to(root.resolve()):
        wrong = "is a symbolic link, or in a folder that is one"
    elif not file.is_file():
        wrong = "is no file"
    elif file.stat().st_size > _MAX_LOCK:
        wrong = f"has more than {_MAX_LOCK >> 20} MiB"
    if wrong:
        raise StepRefused(
            f"the lock file {path} {wrong} after the command that refreshes it",
            hint="correct `lock` in the catalog",
            component=_of(call),
        )
    return file.read_bytes()


class GitPublish:
    """Pushes branch and tag together, or neither; a revert deletes the tag and adds a revert commit."""

    name: ClassVar[str] = "git.publish"
    Config: ClassVar[type[BaseModel]] = NoConfig
    saga_class: ClassVar[SagaClass] = SagaClass.COMPENSATABLE
    undo: ClassVar[Undo] = Undo.REVERT
    queue: ClassVar[Queue] = Queue.GIT
    declarable: ClassVar[bool] = False
    effect: ClassVar[bool] = True

    def __init__(self, tools: Tools) -> None:
        self._tools = tools

    async def observe(self, call: Call[NoConfig]) -> Observation:
        """Look at the tag and at the branch; `found` is the release commit."""
        return await _with_refs(self._tools, call, Publication, Publication.observe)

    async def apply(self, call: Call[NoConfig]) -> dict[str, str]:
        """Push; the notes hold the ids of the commit and of the tag object."""
        built = await _with_refs(self._tools, call, Publication, Publication.publish)
        return {"commit": built.commit, "tag": built.tag}

    async def revert(self, call: Call[NoConfig], receipt: Receipt | None) -> str:
        """Take it back in one push; what stays are the release commit and its revert."""
        commit = receipt.notes.get("commit") if receipt else None
        return await _with_refs(self._tools, call, Publication, lambda refs: refs.unpublish(commit))
