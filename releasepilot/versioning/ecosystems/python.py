"""Python: pyproject.toml, setup.cfg, setup.py and requirements files."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

from packaging.utils import canonicalize_name

from releasepilot.model.catalog import Ecosystem
from releasepilot.versioning.ecosystems import pyproject, requirements_txt, setup_cfg, setup_py
from releasepilot.versioning.ecosystems.manifest import Content, Manifests

_PROJECT = {pyproject.FILE: pyproject.content, setup_cfg.FILE: setup_cfg.content, setup_py.FILE: setup_py.content}
_REQUIREMENTS = ("requirements*.txt", "requirements/*.txt")


@dataclass(frozen=True, slots=True, kw_only=True)
class PythonManifests(Manifests):
    """Python's manifests."""

    ecosystem: Ecosystem = Ecosystem.PYTHON
    files: tuple[str, ...] = (*_PROJECT, "requirements.txt")
    folders: tuple[str, ...] = ("requirements",)

    def further(self, listed: Collection[str]) -> tuple[str, ...]:
        """Return the requirements files."""
        return tuple(name for name in listed if _is_requirements(name))

    def normalise(self, name: str) -> str:
        """Return the name as PEP 503 normalises it."""
        return str(canonicalize_name(name))

    def contents(self, files: Mapping[str, str]) -> Mapping[str, Content]:
        """Read what the project declares, then its requirements files.

        Those are runtime dependencies where the project declares none itself; otherwise they are an environment to
        develop or deploy in, which does not make its dependents follow.
        """
        contents = {name: read(files[name]) for name, read in _PROJECT.items() if name in files}
        declares = any(each.dependency.kind == "runtime" for content in contents.values() for each in content.declared)
        kind = "dev" if declares else "runtime"
        for name in sorted(files):
            if _is_requirements(name):
                contents[name] = requirements_txt.content(name, files[name], kind)
        return contents


def _is_requirements(name: str) -> bool:
    """Tell whether pip would be given this file; `*` does not stand for a folder."""
    return any(fnmatchcase(name, pattern) and name.count("/") == pattern.count("/") for pattern in _REQUIREMENTS)
