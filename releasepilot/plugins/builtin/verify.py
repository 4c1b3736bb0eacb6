"""`verify`: run a command in the tree of the staged release commit, before anything becomes public."""

from __future__ import annotations

import hashlib
from typing import ClassVar

from pydantic import BaseModel, ConfigDict, field_validator, model_validator

from releasepilot.errors import StepRefused
from releasepilot.model.receipt import Observation, Presence, Receipt
from releasepilot.model.step import Queue, SagaClass, Undo
from releasepilot.model.value import Argv
from releasepilot.plugins.markers import Markers, MarkerState
from releasepilot.plugins.placeholders import environment_of, facts_of, fill
from releasepilot.plugins.process import limit_of, run_command
from releasepilot.plugins.release_tree import release_tree
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
        """Leave a script for a shell in one piece: splitting would lose its quotes."""
        if isinstance(data, dict) and data.get("shell") is True and isinstance(data.get("command"), str):
            return {**data, "command": [data["command"]]}
        return data

    @model_validator(mode="after")
    def _one_script(self) -> VerifyConfig:
        if self.shell and len(self.command) != 1:
            raise ValueError("with `shell: true` the command is one text: write it as a list of one")
        return self

    @field_validator("command")
    @classmethod
    def _not_empty(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not value or not value[0] or any("\0" in word for word in value):
            raise ValueError("a command has at least one word and no NUL characters")
        return value


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
            facts = facts_of(call)
            words = call.config.command if call.config.shell else [fill(word, facts) for word in call.config.command]
            ended = await run_command(
                words,
                shell=call.config.shell,
                env={**environment_of(call), "RELEASEPILOT_TREE": str(tree.root)},
                cwd=tree.root / call.release.path,
                limit=limit_of(call.step.timeout),
            )
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
