"""Ruby: gem specifications and Gemfile. They are programs, of which the literals are read; nothing is executed."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from releasepilot.model.catalog import Ecosystem
from releasepilot.versioning.ecosystems import gemfile, gemspec
from releasepilot.versioning.ecosystems.manifest import Content, Manifests

_GEMSPEC = ".gemspec"


@dataclass(frozen=True, slots=True, kw_only=True)
class RubyManifests(Manifests):
    """Ruby's manifests."""

    ecosystem: Ecosystem = Ecosystem.RUBY
    files: tuple[str, ...] = (gemfile.FILE,)
    folders: tuple[str, ...] = ("lib",)

    def further(self, listed: Collection[str]) -> tuple[str, ...]:
        """Return the specifications, and where their version constants are by convention."""
        specifications = _specifications(listed)
        if not specifications:
            return ()
        gems = (name.removesuffix(_GEMSPEC) for name in specifications)
        return (*specifications, *dict.fromkeys(gemspec.version_files(iter(sorted(listed)), gems)))

    def normalise(self, name: str) -> str:
        """Return the gem's name as it is."""
        return name

    def contents(self, files: Mapping[str, str]) -> Mapping[str, Content]:
        """Read the specifications, their version constants, and Gemfile.

        Gems of a Gemfile beside a specification are there to develop the gem: what uses it does not get them.
        """
        contents: dict[str, Content] = {}
        specifications = _specifications(files)
        for name in specifications:
            contents[name], constant = gemspec.read(name, files[name])
            place = gemspec.version_file(constant, files) if constant is not None else None
            if place is not None:
                contents[place] = gemspec.version_content(files[place])
        if gemfile.FILE in files:
            contents[gemfile.FILE] = gemfile.content(files[gemfile.FILE], "dev" if specifications else "runtime")
        return contents


def _specifications(names: Collection[str]) -> list[str]:
    return sorted(name for name in names if name.endswith(_GEMSPEC) and "/" not in name)
