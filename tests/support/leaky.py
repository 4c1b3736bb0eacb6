"""An actuator that does with its secret all that none should do, as an installed package of its own.

A worker and the commands that run with `PYTHONPATH` on the folder of `installed` find it through its entry point.
"""

from __future__ import annotations

import asyncio
import base64
import logging
from pathlib import Path
from typing import ClassVar, Literal
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict
from temporalio import activity

from releasepilot.errors import StepRefused
from releasepilot.model.receipt import Observation, Presence, Receipt
from releasepilot.model.step import Queue, SagaClass, Undo
from releasepilot.plugins.secrets.reference import SecretRef
from releasepilot.plugins.spec import Call, Tools


class LeakyConfig(BaseModel):
    """What it gives away, and how."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    token: SecretRef
    way: Literal["return", "raise", "refuse", "exit", "beat"]
    #: It beats until this file is there.
    until: str = ""


class Leaky:
    """Gives its secret away."""

    name: ClassVar[str] = "leaky"
    Config: ClassVar[type[BaseModel]] = LeakyConfig
    saga_class: ClassVar[SagaClass] = SagaClass.COMPENSATABLE
    undo: ClassVar[Undo] = Undo.FULL
    queue: ClassVar[Queue] = Queue.DEPLOY
    declarable: ClassVar[bool] = True
    effect: ClassVar[bool] = True

    def __init__(self, tools: Tools) -> None:
        self._folder = tools.cache / "leaky"

    async def observe(self, call: Call[LeakyConfig]) -> Observation:
        """Say what is there, with the secret in it."""
        secret = await call.secrets.read(call.config.token)
        there = self._file(call).exists()
        return Observation(presence=Presence.PRESENT if there else Presence.ABSENT, found=f"made with {secret}")

    async def apply(self, call: Call[LeakyConfig]) -> dict[str, str]:
        """Write the secret to every place."""
        secret = await call.secrets.read(call.config.token)
        logging.getLogger("releasepilot.leaky").warning("it is %s", secret, extra={"train": call.train})
        activity.logger.warning("it is %r", secret)
        way = call.config.way
        if way == "raise":
            self._raise(secret)
        if way == "refuse":
            raise StepRefused(f"no: {secret}", hint=f"use {secret}", component=call.release.component)
        if way == "exit":
            raise SystemExit(f"it was {secret}")
        if way == "beat":
            while not await asyncio.to_thread(Path(call.config.until).exists):
                activity.heartbeat(secret, {"basic": base64.b64encode(f"bot:{secret}".encode()).decode()})
                await asyncio.sleep(0.1)
        self._file(call).parent.mkdir(parents=True, exist_ok=True)
        self._file(call).touch()
        return {"token": secret, secret: "token"}

    async def revert(self, call: Call[LeakyConfig], receipt: Receipt | None) -> str:
        """Say what stays, with the secret in it."""
        secret = await call.secrets.read(call.config.token)
        self._file(call).unlink(missing_ok=True)
        return f"the token {secret} stays"

    def _raise(self, secret: str) -> None:
        try:
            cause = ValueError(secret)
            cause.add_note(f"noted {secret}")
            raise cause
        except ValueError as error:
            url = f"https://bot:{quote(secret)}@example.org"
            raise RuntimeError(f"{url} {base64.b64encode(secret.encode()).decode()}") from error

    def _file(self, call: Call[LeakyConfig]) -> Path:
        return self._folder / call.effect_key.replace("/", "+")


def installed(folder: Path) -> Path:
    """Write what makes it an installed package, and return the folder that belongs on the path."""
    about = folder / "leaky_actuator-1.0.dist-info"
    about.mkdir(parents=True)
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: leaky-actuator\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text("[releasepilot.actuators]\nleaky = support.leaky:Leaky\n")
    return folder
