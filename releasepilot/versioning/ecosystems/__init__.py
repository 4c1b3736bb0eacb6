"""The manifests of each ecosystem: which files they are, what they say, and how to change them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from types import MappingProxyType

from releasepilot.model.catalog import Ecosystem
from releasepilot.versioning.ecosystems.cargo import CargoManifests
from releasepilot.versioning.ecosystems.generic import GenericManifests
from releasepilot.versioning.ecosystems.go import GoManifests
from releasepilot.versioning.ecosystems.helm import HelmManifests
from releasepilot.versioning.ecosystems.manifest import Dependency, Manifests, Moves, Package
from releasepilot.versioning.ecosystems.npm import NpmManifests
from releasepilot.versioning.ecosystems.python import PythonManifests

_IN_ORDER: tuple[Manifests, ...] = (
    PythonManifests(),
    NpmManifests(),
    CargoManifests(),
    GoManifests(),
    HelmManifests(),
    GenericManifests(),
)

#: The manifests of each ecosystem.
MANIFESTS: Mapping[Ecosystem, Manifests] = MappingProxyType({each.ecosystem: each for each in _IN_ORDER})

#: Every candidate file name, for reading a folder in one go.
ALL_FILES: tuple[str, ...] = tuple(name for each in _IN_ORDER for name in each.files)


def detect(names: Collection[str]) -> Ecosystem:
    """Return the ecosystem of a folder that holds these file names.

    Where several fit the first of pyproject.toml, package.json, Cargo.toml, go.mod, Chart.yaml decides; where none
    does it is generic.
    """
    present = set(names)
    return next((each.ecosystem for each in _IN_ORDER if each.files[0] in present), Ecosystem.GENERIC)


__all__ = ["ALL_FILES", "MANIFESTS", "Dependency", "Manifests", "Moves", "Package", "detect"]
