"""The snapshot: one read of every repository, pinned to commits. Nothing later reads "latest"."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, SkipValidation

from releasepilot.model.catalog import Ecosystem
from releasepilot.model.commit import Commit
from releasepilot.model.value import Value


class SourceFile(Value):
    """A text file of the pinned commit, such as a manifest or the changelog."""

    #: Path from the root of the repository.
    path: str
    #: Git's blob id.
    blob: str
    #: The text with its line endings as they are.
    text: str


class BranchSource(Value):
    """A branch that releases are made from, beside a component's own."""

    name: str
    #: The versions of the release tags that its head contains, prereleases among them, newest first.
    versions: tuple[str, ...] = ()


class ComponentSource(Value):
    """What a repository says of one component."""

    name: str
    #: The commit that everything here was read at.
    head: str
    ecosystem: Ecosystem
    #: The release tag that `head` contains and versions count from; None before the first release.
    last_tag: str | None = None
    last_version: str | None = None
    #: The component's branches that exist, where it has several or its own is no plain release branch.
    branches: tuple[BranchSource, ...] = ()
    #: Commits after that tag that touch the component's path, newest first.
    #: They are taken as they are: they come from one place, and there may be a hundred thousand.
    #: No part of how a snapshot is shown: asyncio shows a task's result whenever it sets a signal's handler back.
    commits: Annotated[tuple[Commit, ...], SkipValidation, Field(repr=False)] = ()
    #: Who owns what these commits change, by the repository's CODEOWNERS; asked for where a gate wants to know.
    owners: tuple[str, ...] = ()
    #: How many of the authors of these commits had made none before; None where nobody asked, and at a first release.
    newcomers: int | None = None
    #: The manifests and the changelog, by path.
    files: tuple[SourceFile, ...] = Field(default=(), repr=False)


class Snapshot(Value):
    """All components at one moment, ordered by name."""

    components: tuple[ComponentSource, ...]
