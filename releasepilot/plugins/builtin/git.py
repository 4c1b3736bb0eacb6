"""`git.stage` and `git.publish`: the release commit and its tag, first in a staging ref, then on branch and tag."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar, TypeVar

from pydantic import BaseModel, ConfigDict

from releasepilot.model.receipt import Observation, Receipt
from releasepilot.model.step import Queue, SagaClass, Undo
from releasepilot.plugins.spec import Call, Tools
from releasepilot.repositories.command import Cancellation, in_thread
from releasepilot.repositories.mirror import Mirror
from releasepilot.repositories.publication import Publication
from releasepilot.repositories.release_refs import ReleaseRefs
from releasepilot.repositories.staging import Staging

T = TypeVar("T")
RefsT = TypeVar("RefsT", bound=ReleaseRefs)


class NoConfig(BaseModel):
    """Everything that these actuators need stands in the release."""

    model_config = ConfigDict(extra="forbid", frozen=True)


async def _with_refs(tools: Tools, call: Call[NoConfig], kind: type[RefsT], work: Callable[[RefsT], T]) -> T:
    """Do git work in a thread, where a cancelled step ends its git processes."""

    def run(cancellation: Cancellation) -> T:
        mirror = Mirror(tools.cache, call.release.repo, timeout=tools.git_timeout, cancellation=cancellation)
        return work(kind(mirror, call.release, train=call.train, when=call.train_started_at))

    return await in_thread(run)


class GitStage:
    """Pushes release commit and tag to `refs/releasepilot/<train>/<component>`, which no branch or tag shows."""

    name: ClassVar[str] = "git.stage"
    Config: ClassVar[type[BaseModel]] = NoConfig
    saga_class: ClassVar[SagaClass] = SagaClass.COMPENSATABLE
    undo: ClassVar[Undo] = Undo.FULL
    queue: ClassVar[Queue] = Queue.GIT
    declarable: ClassVar[bool] = False
    effect: ClassVar[bool] = True

    def __init__(self, tools: Tools) -> None:
        self._tools = tools

    async def observe(self, call: Call[NoConfig]) -> Observation:
        """Look at the staging ref. A tag of this name that somebody else made is a conflict already here."""
        return await _with_refs(self._tools, call, Staging, Staging.observe)

    async def apply(self, call: Call[NoConfig]) -> dict[str, str]:
        """Build and push; the notes hold the ids of the commit and of the tag object."""
        built = await _with_refs(self._tools, call, Staging, Staging.stage)
        return {"commit": built.commit, "tag": built.tag}

    async def revert(self, call: Call[NoConfig], _receipt: Receipt | None) -> str:
        """Delete the staging ref."""
        return await _with_refs(self._tools, call, Staging, Staging.unstage)


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
