"""What a manifest says, and what every ecosystem offers: text in, facts or splices out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from releasepilot.model.catalog import Ecosystem
from releasepilot.model.plan import Splice

#: (normalised package, constraint as it stands) to the new constraint.
Moves = Mapping[tuple[str, str], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Dependency:
    """One declared dependency."""

    #: The name as it is published: a renamed dependency has its original name.
    package: str
    #: As written; empty where every version will do.
    constraint: str
    #: runtime, dev, peer, optional or build.
    kind: str
    #: The file, relative to the component's folder.
    path: str
    #: The extra, dependency group or target that it belongs to; `indirect` in go.mod; else empty.
    group: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """What the manifests of one component say."""

    name: str | None = None
    #: None where the manifests carry none, because a build tool takes it from the tags.
    version: str | None = None
    dependencies: tuple[Dependency, ...] = ()


class Manifests(Protocol):
    """The manifests of one ecosystem. File names are relative to the component's folder."""

    @property
    def ecosystem(self) -> Ecosystem:
        """Whose manifests these are."""

    @property
    def files(self) -> tuple[str, ...]:
        """Candidate file names, the one that decides first."""

    def normalise(self, name: str) -> str:
        """Return the form in which two names of one package are equal."""

    def read(self, files: Mapping[str, str]) -> Package:
        """Read the files that exist, given as name to text.

        ManifestError, naming file, line and cause, where one does not parse.
        """

    def edit(self, files: Mapping[str, str], version: str, moves: Moves) -> Mapping[str, tuple[Splice, ...]]:
        """Return what to change so that the manifests carry the version and the moved constraints.

        Only the characters that differ are replaced. Files without a change are left out. ManifestError as `read`.
        """


def spliced(text: str, splices: list[Splice]) -> tuple[Splice, ...]:
    """Put splices in order, each once, and drop those that change nothing."""
    unique = {(splice.start, splice.end): splice for splice in splices}
    ordered = (unique[key] for key in sorted(unique))
    return tuple(splice for splice in ordered if text[splice.start : splice.end] != splice.text)
