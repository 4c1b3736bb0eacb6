"""`verify`: run a command in the tree of the staged release commit, before anything becomes public."""

from __future__ import annotations

import hashlib
from typing import ClassVar

from pydantic import BaseModel, ConfigDict, model_validator

from releasepilot.errors import StepRefused
from releasepilot.model.command import check_commands, keep_scripts
from releasepilot.model.receipt import Observation, Presence, Receipt
from releasepilot.model.step import Queue, SagaClass, Undo
from releasepilot.model.value import Argv
from releasepilot.plugins.markers import Markers, MarkerState
from releasepilot.plugins.release_tree import release_tree, run_in_tree
from releasepilot.plugins.spec import Call, Tools


class VerifyConfig(BaseModel):
    """The command. Its time is the step's timeout."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    #: Exit status 0 means that the release may go on. It runs in the component's folder.
    command: Argv
    #: The command is one text for `/bin/sh -c`; placeholders are not filled in, use the environment.
    shell: bool = False

    @model_validator(mode="before")
    @classmethod
    def _keep_script(cls, data: object) -> object:
        return keep_scripts(data, "command")

    @model_validator(mode="after")
    def _command(self) -> VerifyConfig:
        check_commands((self.command,), shell=self.shell)
        return self


class Verify:
    """Exports the staged tree, without a repository around it, and runs the command there."""

    name: ClassVar[str] = "verify"
    Config: ClassVar[type[BaseModel]] = VerifyConfig
    saga_class: ClassVar[SagaClass] = SagaClass.COMPENSATABLE
    undo: ClassVar[Undo] = Undo.FULL
    queue: ClassVar[Queue] = Queue.GIT
    declarable: ClassVar[bool] = False
    effect: ClassVar[bool] = False

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._markers = Markers(tools.cache)

    async def observe(self, call: Call[VerifyConfig]) -> Observation:
        """Look whether this machine has verified this release with this command."""
        marker = self._markers.read(call.effect_key)
        verified = _digest(call)
        if marker is None or marker.state is not MarkerState.APPLIED or not marker.artefact.endswith(verified):
            return Observation(presence=Presence.ABSENT)
        return Observation(presence=Presence.PRESENT, found=marker.artefact.partition(" ")[0])

    async def apply(self, call: Call[VerifyConfig]) -> dict[str, str]:
        """Run the command; `StepRefused` with the end of its output where it fails. The notes hold the commit."""
        async with release_tree(self._tools, call) as tree:
            ended = await run_in_tree(call, tree.root, call.config.command, shell=call.config.shell)
        if ended.status != 0:
            raise StepRefused(
                f"verification of {tree.commit[:10]} {ended.ending}",
                hint="correct what it found on the branch, then make a new plan",
                component=call.release.component,
            )
        self._markers.write(call.effect_key, MarkerState.APPLIED, f"{tree.commit} {_digest(call)}")
        return {"commit": tree.commit}

    async def revert(self, _call: Call[VerifyConfig], _receipt: Receipt | None) -> str:
        """Do nothing: nothing was changed."""
        return ""


def _digest(call: Call[VerifyConfig]) -> str:
    """Tell verifications apart: of another commit, for another version, by another command."""
    what = f"{call.release.head}\n{call.release.to_version}\n{call.config.model_dump_json()}"
    return hashlib.sha256(what.encode()).hexdigest()
