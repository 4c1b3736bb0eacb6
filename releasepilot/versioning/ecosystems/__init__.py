"""The manifests of each ecosystem: which files they are, what they say, and how to change them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from fnmatch import fnmatchcase
from types import MappingProxyType

from releasepilot.model.catalog import Ecosystem
from releasepilot.versioning.ecosystems.cargo import CargoManifests
from releasepilot.versioning.ecosystems.generic import GenericManifests
from releasepilot.versioning.ecosystems.go import GoManifests
from releasepilot.versioning.ecosystems.helm import HelmManifests
from releasepilot.versioning.ecosystems.manifest import Dependency, Manifests, Moves, Package
from releasepilot.versioning.ecosystems.maven import MavenManifests
from releasepilot.versioning.ecosystems.npm import NpmManifests
from releasepilot.versioning.ecosystems.python import PythonManifests
from releasepilot.versioning.ecosystems.regex import RegexManifests
from releasepilot.versioning.ecosystems.ruby import RubyManifests

_ALL: tuple[Manifests, ...] = (
    PythonManifests(),
    NpmManifests(),
    CargoManifests(),
    GoManifests(),
    MavenManifests(),
    RubyManifests(),
    HelmManifests(),
    RegexManifests(),
    GenericManifests(),
)

#: What tells an ecosystem, the first that is there: manifests that name a package, then those that may not.
_SIGNS = (
    ("pyproject.toml", Ecosystem.PYTHON),
    ("package.json", Ecosystem.NPM),
    ("Cargo.toml", Ecosystem.CARGO),
    ("go.mod", Ecosystem.GO),
    ("pom.xml", Ecosystem.MAVEN),
    ("*.gemspec", Ecosystem.RUBY),
    ("Chart.yaml", Ecosystem.HELM),
    ("setup.cfg", Ecosystem.PYTHON),
    ("setup.py", Ecosystem.PYTHON),
    ("requirements.txt", Ecosystem.PYTHON),
    ("Gemfile", Ecosystem.RUBY),
)

#: The manifests of each ecosystem.
MANIFESTS: Mapping[Ecosystem, Manifests] = MappingProxyType({each.ecosystem: each for each in _ALL})

#: Every fixed file name, for reading a folder in one go.
ALL_FILES: tuple[str, ...] = tuple(dict.fromkeys(name for each in _ALL for name in each.files))

#: Every folder that is listed beside a component's own.
ALL_FOLDERS: tuple[str, ...] = tuple(dict.fromkeys(name for each in _ALL for name in each.folders))

#: Every file name that is looked for in the folders above too.
ALL_ABOVE: tuple[str, ...] = tuple(dict.fromkeys(name for each in _ALL for name in each.above))


def detect(names: Collection[str]) -> Ecosystem:
    """Return the ecosystem of a folder that holds these file names.

    Where several fit, the first of pyproject.toml, package.json, Cargo.toml, go.mod, pom.xml, a gemspec, Chart.yaml,
    setup.cfg, setup.py, requirements.txt and Gemfile decides; where none does it is generic.
    """
    for sign, ecosystem in _SIGNS:
        if any(fnmatchcase(name, sign) for name in names if "/" not in name):
            return ecosystem
    return Ecosystem.GENERIC


__all__ = [
    "ALL_ABOVE",
    "ALL_FILES",
    "ALL_FOLDERS",
    "MANIFESTS",
    "Dependency",
    "Manifests",
    "Moves",
    "Package",
    "detect",
]
