"""`http`, `wait` and `verify` keep the contract of a check: they change nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import JsonValue
from support.answers import Answers, running_answers
from support.calls import STARTED, TRAIN, a_call, a_release, an_edit
from support.remotes import make_remote

from releasepilot.plugins.builtin.git import GitStage
from releasepilot.plugins.builtin.http import Http
from releasepilot.plugins.builtin.verify import Verify
from releasepilot.plugins.builtin.wait import Wait
from releasepilot.plugins.contract import ActuatorContract, Scene, perform
from releasepilot.plugins.spec import Tools


class TestHttp(ActuatorContract):
    """A service that answers."""

    _answers: Answers

    @pytest.fixture(autouse=True)
    def _serve(self) -> Iterator[None]:
        with running_answers() as self._answers:
            yield

    def scene(self, folder: Path) -> Scene:
        """Ask a real server that answers as expected."""
        release = a_release(make_remote(folder / "api.git"))
        config: dict[str, JsonValue] = {"url": f"{self._answers.url}/{{version}}", "contains": "v{version}"}
        self._answers.say(200, "running v1.1.0")
        return Scene(
            actuator=Http(Tools(cache=folder / "cache")), call=a_call(Http, release, config), effects=lambda: 0
        )


class TestHttpThatHolds(TestHttp):
    """A service that must answer for a time."""

    def scene(self, folder: Path) -> Scene:
        """Ask for one second."""
        scene = super().scene(folder)
        call = a_call(Http, scene.call.release, {"url": self._answers.url, "for": "1s"})
        return Scene(actuator=scene.actuator, call=call, effects=scene.effects)


class TestWait(ActuatorContract):
    """A wait whose time has passed."""

    def scene(self, folder: Path) -> Scene:
        """Have been scheduled a minute ago."""
        release = a_release(make_remote(folder / "api.git"))
        call = a_call(Wait, release, {"for": "30s"}, scheduled_at=datetime.now(UTC) - timedelta(minutes=1))
        return Scene(actuator=Wait(Tools(cache=folder / "cache")), call=call, effects=lambda: 0)


class TestVerify(ActuatorContract):
    """A command in the tree of the staged commit."""

    @pytest.fixture(autouse=True)
    async def _stage(self, tmp_path: Path) -> None:
        remote = make_remote(tmp_path / "staged" / "api.git", files={"VERSION": "1.0.0\n"})
        self._release = a_release(remote, edits=(an_edit(remote, "VERSION", "1.0.0", "1.1.0"),))
        self._tools = Tools(cache=tmp_path / "staged" / "cache")
        call = a_call(GitStage, self._release, train=TRAIN, scheduled_at=STARTED)
        await perform(Scene(actuator=GitStage(self._tools), call=call, effects=lambda: 0))

    def scene(self, folder: Path) -> Scene:
        """Look into the version file of the release."""
        call = a_call(Verify, self._release, {"command": "grep -q {version} VERSION"})
        return Scene(actuator=Verify(self._tools), call=call, effects=lambda: 0)
