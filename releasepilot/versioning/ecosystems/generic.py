"""Anything else: a file that holds the version and nothing more, if there is one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from releasepilot.model.catalog import Ecosystem
from releasepilot.model.plan import Splice
from releasepilot.versioning.ecosystems.manifest import Moves, Package, spliced

_VERSION = re.compile(r"\s*v?([0-9][0-9A-Za-z.+!-]*)\s*\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class GenericManifests:
    """A VERSION file."""

    ecosystem: Ecosystem = Ecosystem.GENERIC
    files: tuple[str, ...] = ("VERSION", "version.txt")

    def normalise(self, name: str) -> str:
        """Return the name as it is."""
        return name

    def read(self, files: Mapping[str, str]) -> Package:
        """Read the version; a file with anything else in it is left alone."""
        for name in self.files:
            found = _VERSION.match(files.get(name, ""))
            if found is not None:
                return Package(version=found[1])
        return Package()

    def edit(self, files: Mapping[str, str], version: str, moves: Moves) -> Mapping[str, tuple[Splice, ...]]:
        """Set the version in each such file; there are no dependencies to move."""
        del moves
        edits: dict[str, tuple[Splice, ...]] = {}
        for name in self.files:
            text = files.get(name, "")
            found = _VERSION.match(text)
            if found is not None:
                changed = spliced(text, [Splice(start=found.start(1), end=found.end(1), text=version)])
                edits |= {name: changed} if changed else {}
        return edits
