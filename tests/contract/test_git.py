"""`git.stage` and `git.publish` keep the contract, against real bare repositories."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from support.calls import TRAIN, a_call, a_new_file, a_release, an_edit
from support.remotes import Remote, make_remote

from releasepilot.model.plan import Release
from releasepilot.plugins.builtin.git import GitPublish, GitStage
from releasepilot.plugins.contract import ActuatorContract, Scene
from releasepilot.plugins.spec import Tools

STAGING = f"refs/releasepilot/{TRAIN}/api"


def _remote(folder: Path) -> Remote:
    return make_remote(folder / "api.git", ["feat: a", "feat: b"], tags={"v1.0.0": 0}, files={"VERSION": "1.0.0\n"})


def _release(remote: Remote) -> Release:
    edits = (an_edit(remote, "VERSION", "1.0.0", "1.1.0"), a_new_file("CHANGELOG.md", "# Changelog\n"))
    return a_release(remote, edits=edits)


class TestGitStage(ActuatorContract):
    """The staging ref is the effect."""

    def scene(self, folder: Path) -> Scene:
        """Stage into a fresh remote; a tag of the same name by somebody else is the clash."""
        remote = _remote(folder)
        return Scene(
            actuator=GitStage(Tools(cache=folder / "cache")),
            call=a_call(GitStage, _release(remote)),
            effects=lambda: sum(ref.startswith("refs/releasepilot/") for ref in remote.refs()),
            clash=lambda: remote.git("tag", "v1.1.0", "main"),
        )


class TestGitStageOverAnotherStaging(TestGitStage):
    """Something else at the staging ref is a conflict too."""

    def scene(self, folder: Path) -> Scene:
        """Put a foreign commit at the staging ref."""
        scene = super().scene(folder)
        remote = Remote(folder=folder / "api.git")
        return Scene(
            actuator=scene.actuator,
            call=scene.call,
            effects=scene.effects,
            clash=lambda: remote.git("update-ref", STAGING, "main"),
        )


class TestGitPublish(ActuatorContract):
    """The tag is the effect; a release commit and its revert stay."""

    leaves_nothing: ClassVar[bool] = True

    def scene(self, folder: Path) -> Scene:
        """Publish into a fresh remote; an annotated tag by somebody else is the clash."""
        remote = _remote(folder)
        return Scene(
            actuator=GitPublish(Tools(cache=folder / "cache")),
            call=a_call(GitPublish, _release(remote)),
            effects=lambda: int("refs/tags/v1.1.0" in remote.refs()),
            clash=lambda: remote.git(*_IDENTITY, "tag", "-a", "-m", "by hand", "v1.1.0", "main"),
        )


_IDENTITY = ("-c", "user.name=Sam", "-c", "user.email=sam@example.org")
