"""`exec`: an effect that is brought about by a command of the catalog's author, in the files of the release."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import ClassVar

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from releasepilot.errors import SecretUnreachable, StepConflict, StepError, StepRefused
from releasepilot.model.catalog import StepDeclaration
from releasepilot.model.command import check_commands, keep_scripts
from releasepilot.model.receipt import Observation, Presence, Receipt
from releasepilot.model.step import Queue, SagaClass, Undo
from releasepilot.model.value import Argv, is_empty
from releasepilot.plugins.markers import Markers, MarkerState
from releasepilot.plugins.placeholders import environment_of, facts_of, fill
from releasepilot.plugins.process import Finished, limit_of, run_command
from releasepilot.plugins.release_tree import release_tree, temporary_folder
from releasepilot.plugins.secrets.reference import SecretRef
from releasepilot.plugins.spec import Call, Tools

_ABSENT, _CONFLICT = 1, 3

_COMMANDS = ("apply", "observe", "revert")

_BEGUN = "it was begun and may have had its effect"


class ExecConfig(BaseModel):
    """Three commands. Each gets `RELEASEPILOT_VERSION` and the like; `{version}` is filled in where no shell reads."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    #: Brings the effect about. Any exit status but 0 is a failure that is tried again.
    apply: Argv
    #: Exit status 0: the effect is there, 1: it is not, 3: something else is. Any other is a failure.
    #: Without it a marker file in the worker's cache folder remembers the effect. A command that was begun and did not
    #: end well is run again, and a worker with another cache folder runs it again too. Where it is not run again, a
    #: rollback runs `revert`, or with `undo: none` says that the effect may be there.
    observe: Argv | None = None
    #: Takes the effect back. It may be run where the effect never was.
    revert: Argv | None = None
    #: Each command is one text for `/bin/sh -c`; placeholders are not filled in, use the environment.
    shell: bool = False
    #: Commands run in the component's folder within the files of the release commit, in a temporary folder without a
    #: repository; `RELEASEPILOT_TREE` names the top of the files. With false they run in an empty temporary folder, and
    #: no repository is asked.
    tree: bool = True
    #: Added to the environment.
    env: dict[str, str] = Field(default_factory=dict)
    #: Added to the environment: the secret that each reference names. What the command prints of it is hidden.
    secret_env: dict[str, SecretRef] = Field(default_factory=dict, exclude_if=is_empty)

    @model_validator(mode="before")
    @classmethod
    def _keep_scripts(cls, data: object) -> object:
        return keep_scripts(data, *_COMMANDS)

    @model_validator(mode="after")
    def _commands(self) -> ExecConfig:
        check_commands((self.apply, self.observe, self.revert), shell=self.shell)
        if twice := sorted(self.env.keys() & self.secret_env.keys()):
            raise ValueError(f"{twice[0]!r} is in `env` and in `secret_env`")
        return self

    @field_validator("env", "secret_env")
    @classmethod
    def _variables(cls, value: dict[str, str]) -> dict[str, str]:
        for name, text in value.items():
            if not name or "=" in name or "\0" in name + text:
                raise ValueError(f"{name!r} cannot be a variable of the environment")
        return value


class Exec:
    """Runs commands. Only their author knows what can be undone, so the catalog may state class and undo."""

    name: ClassVar[str] = "exec"
    Config: ClassVar[type[BaseModel]] = ExecConfig
    saga_class: ClassVar[SagaClass] = SagaClass.COMPENSATABLE
    undo: ClassVar[Undo] = Undo.FULL
    queue: ClassVar[Queue] = Queue.PUBLISH
    declarable: ClassVar[bool] = True
    effect: ClassVar[bool] = True

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._markers = Markers(tools.cache)

    @classmethod
    def objection(cls, declaration: StepDeclaration, config: BaseModel) -> str:
        """Refuse a declaration that promises an undo and has no command for it."""
        undo = declaration.undo or cls.undo
        if isinstance(config, ExecConfig) and config.revert is None and undo is not Undo.NONE:
            return "without a `revert` command nothing can be undone: add one, or say `undo: none`"
        return ""

    async def observe(self, call: Call[ExecConfig]) -> Observation:
        """Run the observing command, or look for the marker."""
        if call.config.observe is None:
            return self._remembered(call)
        async with self._folder(call, rebuild=True) as folder:
            return await self._look(call, call.config.observe, folder)

    async def apply(self, call: Call[ExecConfig]) -> dict[str, str]:
        """Run the command, between two markers where nothing else can tell.

        Raises `StepError` where the remote holds no release of this train, neither staged nor published.
        """
        if call.config.observe is None and self._remembered(call).presence is Presence.CONFLICT:
            raise StepConflict(self._remembered(call).detail, component=call.release.component)
        async with self._folder(call, rebuild=False) as folder:
            ended = await self._begin(call, folder)
        if ended.status != 0:
            raise StepError(f"the command {ended.ending}", component=call.release.component)
        if call.config.observe is None:
            self._markers.write(call.effect_key, MarkerState.APPLIED, _artefact(call))
        return {}

    async def revert(self, call: Call[ExecConfig], _receipt: Receipt | None) -> str:
        """Run the reverting command unless the effect is known to be gone or to be another's."""
        if call.config.revert is None:
            return f"the effect of {call.step.id} stays: its declaration has no revert command"
        if call.config.observe is None and self._is_reverted(call):
            return ""
        async with self._folder(call, rebuild=True) as folder:
            if call.config.observe is not None:
                seen = await self._look(call, call.config.observe, folder)
                if seen.presence is Presence.ABSENT:
                    return ""
                if seen.presence is Presence.CONFLICT:
                    return f"{call.step.id} found something that it did not make: {seen.detail}"
            ended = await self._run(call, call.config.revert, folder)
        if ended.status != 0:
            raise StepError(f"the revert command {ended.ending}", component=call.release.component)
        if call.config.observe is None:
            self._markers.write(call.effect_key, MarkerState.REVERTED, _artefact(call))
        return ""

    async def _begin(self, call: Call[ExecConfig], folder: Path) -> Finished:
        """Run the applying command. Where nothing else can tell, remember first that it may have its effect."""
        if call.config.observe is not None:
            return await self._run(call, call.config.apply, folder)
        before = self._markers.read(call.effect_key)
        self._markers.write(call.effect_key, MarkerState.STARTED, _artefact(call))
        try:
            return await self._run(call, call.config.apply, folder)
        except (StepRefused, SecretUnreachable):
            # There was no such command, folder or secret, so nothing ran.
            self._markers.restore(call.effect_key, before)
            raise

    async def _look(self, call: Call[ExecConfig], command: tuple[str, ...], folder: Path) -> Observation:
        """Run the observing command and read its exit status."""
        ended = await self._run(call, command, folder)
        found = ended.tail[-200:]
        if ended.status == 0:
            return Observation(presence=Presence.PRESENT, found=found or call.release.to_version)
        if ended.status == _ABSENT:
            return Observation(presence=Presence.ABSENT)
        if ended.status == _CONFLICT:
            detail = ended.tail or f"the observe command {ended.ending}"
            return Observation(presence=Presence.CONFLICT, found=found, detail=detail)
        raise StepError(
            f"the observe command {ended.ending}",
            hint="it must end with 0 (present), 1 (absent) or 3 (something else is there)",
            component=call.release.component,
        )

    def _remembered(self, call: Call[ExecConfig]) -> Observation:
        """Read the marker as an observation."""
        marker = self._markers.read(call.effect_key)
        if marker is None or marker.state is MarkerState.REVERTED:
            return Observation(presence=Presence.ABSENT)
        if marker.state is MarkerState.STARTED:
            return Observation(presence=Presence.ABSENT, detail=_BEGUN, uncertain=True)
        if marker.artefact != _artefact(call):
            detail = f"{call.effect_key} was applied as {marker.artefact}"
            return Observation(presence=Presence.CONFLICT, found=marker.artefact, detail=detail)
        return Observation(presence=Presence.PRESENT, found=marker.artefact)

    def _is_reverted(self, call: Call[ExecConfig]) -> bool:
        marker = self._markers.read(call.effect_key)
        return marker is not None and marker.state is MarkerState.REVERTED

    @asynccontextmanager
    async def _folder(self, call: Call[ExecConfig], *, rebuild: bool) -> AsyncIterator[Path]:
        """Give a temporary folder, with the files of the release commit in it if the catalog wants them."""
        if call.config.tree:
            async with release_tree(self._tools, call, rebuild=rebuild) as tree:
                yield tree.root
        else:
            with temporary_folder() as folder:
                yield folder

    async def _run(self, call: Call[ExecConfig], command: tuple[str, ...], folder: Path) -> Finished:
        config, facts = call.config, facts_of(call)
        words = command if config.shell else [fill(word, facts) for word in command]
        secret = {name: await call.secrets.read(reference) for name, reference in config.secret_env.items()}
        env = {**config.env, **secret, **environment_of(call)}
        return await run_command(
            words,
            shell=config.shell,
            env={**env, "RELEASEPILOT_TREE": str(folder)} if config.tree else env,
            cwd=folder / call.release.path if config.tree else folder,
            limit=limit_of(call.step.timeout),
            secrets=call.secrets,
        )


def _artefact(call: Call[ExecConfig]) -> str:
    """Name what the command makes: the version, and a digest of how."""
    how = hashlib.sha256(f"{call.release.head}\n{call.config.model_dump_json()}".encode()).hexdigest()
    return f"{call.release.to_version} {how[:12]}"
