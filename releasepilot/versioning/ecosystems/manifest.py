"""What a manifest says, and what every ecosystem offers: text in, facts or splices out."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from releasepilot.errors import ManifestError
from releasepilot.model.catalog import Ecosystem
from releasepilot.model.plan import Splice

#: (normalised package, constraint as it stands) to the new constraint.
Moves = Mapping[tuple[str, str], str]

#: Takes the new text of a value and returns what to replace.
Write = Callable[[str], tuple[Splice, ...]]


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
    #: It says of itself that it is never published.
    private: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """A dependency and how its constraint is written anew; None where it has none that can be."""

    dependency: Dependency
    write: Write | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What one file says, and how to change it."""

    name: str | None = None
    version: str | None = None
    private: bool = False
    #: None where the version stands elsewhere, or is computed.
    write_version: Write | None = None
    declared: tuple[Declared, ...] = ()


class Manifests(Protocol):
    """The manifests of one ecosystem. File names are relative to the component's folder."""

    @property
    def ecosystem(self) -> Ecosystem:
        """Whose manifests these are."""

    @property
    def files(self) -> tuple[str, ...]:
        """Candidate file names, the one that decides first."""

    @property
    def folders(self) -> tuple[str, ...]:
        """Folders that have to be listed, beside the component's own, to find further files."""
        return ()

    @property
    def above(self) -> tuple[str, ...]:
        """Names that are read in all folders above too, as `../<name>`, `../../<name>` and so on."""
        return ()

    def further(self, listed: Collection[str]) -> tuple[str, ...]:
        """Return the files to read beside `files`, given what the folders hold; some may turn out not to exist.

        A folder that was listed has a `/` at its end.
        """
        del listed
        return ()

    def normalise(self, name: str) -> str:
        """Return the form in which two names of one package are equal."""

    def contents(self, files: Mapping[str, str]) -> Mapping[str, Content]:
        """Read the files that exist, given as name to text; those that say nothing may be left out.

        ManifestError, naming file, line and cause, where one does not parse.
        """

    def read(self, files: Mapping[str, str]) -> Package:
        """Put together what the files say: of a name and a version, the first. ManifestError as `contents`."""
        contents = tuple(self.contents(files).values())
        return Package(
            name=_first(content.name for content in contents),
            version=_first(content.version for content in contents),
            dependencies=tuple(each.dependency for content in contents for each in content.declared),
            private=any(content.private for content in contents),
        )

    def edit(self, files: Mapping[str, str], version: str, moves: Moves) -> Mapping[str, tuple[Splice, ...]]:
        """Return what to change so that the manifests carry the version and the moved constraints.

        Only the characters that differ are replaced. Files without a change are left out. ManifestError as `contents`,
        and where one text would have to become two.
        """
        edits: dict[str, tuple[Splice, ...]] = {}
        for name, content in self.contents(files).items():
            splices = list(content.write_version(version)) if content.write_version else []
            for each in content.declared:
                new = moves.get((self.normalise(each.dependency.package), each.dependency.constraint))
                if new is not None and each.write is not None:
                    splices += each.write(new)
            changed = spliced(name, files[name], splices)
            edits |= {name: changed} if changed else {}
        return edits

    def refuse(self, files: Mapping[str, str], before: str | None, version: str) -> None:
        """Raise ManifestError where an edit cannot make what lies here a release as this version.

        `before` is the last release, None where there is none.
        """
        del files, before, version


def _first(values: Iterable[str | None]) -> str | None:
    return next((value for value in values if value), None)


def spliced(name: str, text: str, splices: Iterable[Splice]) -> tuple[Splice, ...]:
    """Put the splices of a file in order, each once, and drop those that change nothing.

    ManifestError where two of them would write different texts over the same characters.
    """
    unique = {(splice.start, splice.end, splice.text): splice for splice in splices}
    found: list[Splice] = []
    for _, splice in sorted(unique.items()):
        if text[splice.start : splice.end] == splice.text:
            continue
        if found and (splice.start < found[-1].end or splice.start == found[-1].start):
            line = text.count("\n", 0, splice.start) + 1
            raise ManifestError(
                f"{name}:{line}: one text would have to become both {found[-1].text[:100]!r} and {splice.text[:100]!r}",
                hint="Write a version of its own for each of the two.",
            )
        found.append(splice)
    return tuple(found)
