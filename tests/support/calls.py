"""Releases and calls of actuators for tests, made of what a real remote holds."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from pydantic import JsonValue
from support.remotes import Remote

from releasepilot.model.catalog import Author, Ecosystem
from releasepilot.model.plan import FileEdit, Plan, Release, Splice
from releasepilot.model.step import Phase, Step
from releasepilot.model.version import Bump
from releasepilot.plugins.spec import Actuator, Call

TRAIN = "june-1a2b3c4d5e"
STARTED = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)


def an_edit(remote: Remote, path: str, old: str, new: str, rev: str = "main") -> FileEdit:
    """Replace the first `old` of a file by `new`."""
    start = remote.show(path, rev).index(old)
    splice = Splice(start=start, end=start + len(old), text=new)
    return FileEdit(path=path, before=remote.blob(path, rev), splices=(splice,))


def a_new_file(path: str, text: str) -> FileEdit:
    """Make a file that is not there."""
    return FileEdit(path=path, before=None, splices=(Splice(start=0, end=0, text=text),))


def a_release(
    remote: Remote,
    *,
    component: str = "api",
    version: str = "1.1.0",
    tag: str = "",
    branch: str = "main",
    edits: tuple[FileEdit, ...] = (),
    changelog: str = "## 1.1.0\n\n### Features\n\n- b\n",
) -> Release:
    """Release what the remote's branch holds now."""
    return Release(
        component=component,
        repo=remote.url,
        path=".",
        branch=branch,
        head=remote.head(branch),
        ecosystem=Ecosystem.GENERIC,
        package=component,
        from_version="1.0.0",
        to_version=version,
        bump=Bump.MINOR,
        from_tag="v1.0.0",
        tag=tag or f"v{version}",
        author=Author(name="Release Bot", email="bot@example.org"),
        reasons=("feat: b",),
        edits=edits,
        changelog=changelog,
    )


def a_call(
    kind: type[Actuator[Any]],
    release: Release,
    config: dict[str, JsonValue] | None = None,
    *,
    train: str = TRAIN,
    scheduled_at: datetime = STARTED,
    timeout: int = 60,
    plan: Plan | None = None,
) -> Call[Any]:
    """Call an actuator for a release, with a configuration as a catalog would state it."""
    step = Step(
        id=f"{release.component}/{kind.name}",
        component=release.component,
        name=kind.name,
        uses=kind.name,
        config=config or {},
        saga_class=kind.saga_class,
        undo=kind.undo,
        phase=Phase.COMMIT,
        queue=kind.queue,
        timeout=timeout,
    )
    return Call(
        train=train,
        step=step,
        release=release,
        config=kind.Config.model_validate(step.config),
        scheduled_at=scheduled_at,
        train_started_at=STARTED,
        plan=plan,
    )
