"""Anything else: a file that holds the version and nothing more, if there is one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from releasepilot.model.catalog import Ecosystem
from releasepilot.model.plan import Splice
from releasepilot.versioning.ecosystems.manifest import Content, Manifests

_VERSION = re.compile(r"\ufeff?\s*v?([0-9][0-9A-Za-z.+!-]*)\s*\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class GenericManifests(Manifests):
    """A VERSION file."""

    ecosystem: Ecosystem = Ecosystem.GENERIC
    files: tuple[str, ...] = ("VERSION", "version.txt")

    def normalise(self, name: str) -> str:
        """Return the name as it is."""
        return name

    def contents(self, files: Mapping[str, str]) -> Mapping[str, Content]:
        """Read the version of each such file; one with anything else in it is left alone."""
        return {name: _content(found) for name in self.files if (found := _VERSION.match(files.get(name, "")))}


def _content(found: re.Match[str]) -> Content:
    return Content(
        version=found[1],
        write_version=lambda version: (Splice(start=found.start(1), end=found.end(1), text=version),),
    )
