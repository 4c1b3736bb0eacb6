"""`exec` keeps the contract, with real commands: in the files of the release and without them, by words, in a shell."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

from pydantic import JsonValue
from support.calls import a_call, a_new_file, a_release
from support.remotes import make_remote

from releasepilot.plugins.builtin.exec import Exec
from releasepilot.plugins.builtin.git import GitStage
from releasepilot.plugins.contract import ActuatorContract, Scene, perform
from releasepilot.plugins.spec import Tools

#: One line for each time that the effect was brought about.
_APPLY = 'echo "$RELEASEPILOT_VERSION" >> "$SHELF/api"'
_OBSERVE = 'test -e "$SHELF/api" || exit 1; test "$(cat "$SHELF/api")" = "$RELEASEPILOT_VERSION" || exit 3; echo there'
_REVERT = 'rm -f "$SHELF/api"'


def _scene(folder: Path, config: dict[str, JsonValue], *, clash: bool) -> Scene:
    shelf = folder / "shelf"
    shelf.mkdir()
    tools = Tools(cache=folder / "cache")
    release = a_release(make_remote(folder / "api.git"), edits=(a_new_file("VERSION", "1.1.0\n"),))
    if config.get("tree", True):
        asyncio.run(GitStage(tools).apply(a_call(GitStage, release)))
    item = shelf / "api"
    other = (lambda: item.write_text("0.9.0\n")) if clash else None
    return Scene(
        actuator=Exec(tools),
        call=a_call(Exec, release, {**config, "env": {"SHELF": str(shelf)}}),
        effects=lambda: len(item.read_text().splitlines()) if item.exists() else 0,
        clash=other,
    )


class TestExecInAShell(ActuatorContract):
    """Scripts for /bin/sh."""

    def scene(self, folder: Path) -> Scene:
        """Put a line on a shelf."""
        return _scene(folder, {"shell": True, "apply": _APPLY, "observe": _OBSERVE, "revert": _REVERT}, clash=True)


class TestExecWithItsFiles(ActuatorContract):
    """Scripts that take everything from the files of the release."""

    def scene(self, folder: Path) -> Scene:
        """Put the version file on a shelf."""
        script = {
            "apply": 'cat VERSION >> "$SHELF/api"',
            "observe": 'test -e "$SHELF/api" || exit 1; cmp -s VERSION "$SHELF/api" || exit 3; cat VERSION',
            "revert": 'test -e VERSION && rm -f "$SHELF/api"',
        }
        return _scene(folder, {"shell": True, **script}, clash=True)


class TestExecWithoutFiles(ActuatorContract):
    """Scripts that need no files of a release that was never staged."""

    def scene(self, folder: Path) -> Scene:
        """Put a line on a shelf."""
        config: dict[str, JsonValue] = {"shell": True, "apply": _APPLY, "observe": _OBSERVE, "revert": _REVERT}
        return _scene(folder, {**config, "tree": False}, clash=True)


class TestExecByWords(ActuatorContract):
    """Commands as lists of words, their placeholders filled in."""

    def scene(self, folder: Path) -> Scene:
        """Let the words of the command name a script."""
        script = folder / "shelve"
        script.write_text(f'#!/bin/sh\ncase "$1" in\nput) {_APPLY} ;;\nlook) {_OBSERVE} ;;\ntake) {_REVERT} ;;\nesac\n')
        script.chmod(0o755)
        config: dict[str, JsonValue] = {
            verb: [str(script), word, "{version}"]
            for verb, word in (("apply", "put"), ("observe", "look"), ("revert", "take"))
        }
        return _scene(folder, config, clash=True)


class TestExecWithAMarker(ActuatorContract):
    """Without an observing command the marker in the cache folder remembers."""

    def scene(self, folder: Path) -> Scene:
        """Put a line on a shelf that nobody can look at, and let another version be the clash."""
        config: dict[str, JsonValue] = {"shell": True, "apply": _APPLY, "revert": _REVERT, "tree": False}
        scene = _scene(folder, config, clash=False)
        other = scene.call.release.model_copy(update={"to_version": "0.9.0"})
        earlier = replace(scene, call=a_call(Exec, other, scene.call.step.config))
        return replace(scene, clash=lambda: asyncio.run(perform(earlier)))
