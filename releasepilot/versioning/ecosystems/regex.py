"""No manifests at all: what a component has are the places that the catalog names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from releasepilot.model.catalog import Ecosystem
from releasepilot.versioning.ecosystems.manifest import Content, Manifests


@dataclass(frozen=True, slots=True, kw_only=True)
class RegexManifests(Manifests):
    """Nothing to read."""

    ecosystem: Ecosystem = Ecosystem.REGEX
    files: tuple[str, ...] = ()

    def normalise(self, name: str) -> str:
        """Return the name as it is."""
        return name

    def contents(self, files: Mapping[str, str]) -> Mapping[str, Content]:
        """Return nothing."""
        del files
        return {}
