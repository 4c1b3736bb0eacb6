"""Maven: pom.xml, with the properties of the same file."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from releasepilot.errors import ManifestError
from releasepilot.model.catalog import Ecosystem
from releasepilot.versioning.ecosystems import xml_spans
from releasepilot.versioning.ecosystems.manifest import Content, Declared, Dependency, Manifests, Write
from releasepilot.versioning.ecosystems.xml_spans import Element

_FILE = "pom.xml"
_PROPERTY = re.compile(r"\$\{([^${}]+)\}")
#: What a dependency's version is where it is the project's own: it moves with that.
_OWN = re.compile(r"\$\{(?:(?:project|pom)\.)?(?:parent\.)?version\}")
_PLUGINS = "org.apache.maven.plugins"
#: Properties may name each other; a value that grows beyond this, or a chain beyond it, is left as it is written.
_DEPTH = 10
_LENGTH = 1000


class _Found(NamedTuple):
    """An element that names an artefact, and what it is for."""

    element: Element
    kind: str
    group: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MavenManifests(Manifests):
    """Maven's manifest."""

    ecosystem: Ecosystem = Ecosystem.MAVEN
    files: tuple[str, ...] = (_FILE,)

    def normalise(self, name: str) -> str:
        """Return `groupId:artifactId` as it is."""
        return name

    def contents(self, files: Mapping[str, str]) -> Mapping[str, Content]:
        """Read pom.xml. A version that a property of the file holds is moved in the property."""
        return {_FILE: _Pom(xml_spans.parse(_FILE, files[_FILE])).content()} if _FILE in files else {}


class _Pom:
    """One project object model."""

    def __init__(self, project: Element) -> None:
        if project.name != "project":
            raise ManifestError(
                f"{_FILE}: its root is {project.name!r}, not 'project'", hint="Check that this is the right file."
            )
        self._project = project
        self._properties = {each.name: each for each in project.all("properties") for each in each.children}
        version = project.find("version")
        #: The element that holds the project's own version; None where it is the parent's.
        self._version = self._holder(version) if version else None

    def content(self) -> Content:
        """Say what the file says. The version of a project that inherits it stands elsewhere."""
        project, version = self._project, self._version
        artifact = self._resolved(project.text("artifactId"))
        group = self._resolved(project.text("groupId") or project.text("parent", "groupId"))
        skip = self._properties.get("maven.deploy.skip")
        return Content(
            name=f"{group}:{artifact}" if group and artifact else None,
            version=self._resolved(project.text("version")) or None,
            private=skip is not None and skip.text() == "true",
            write_version=version.writer() if version else None,
            declared=tuple(self._declared()),
        )

    def _declared(self) -> Iterator[Declared]:
        for found in _artefacts(self._project):
            element = found.element
            default = _PLUGINS if element.name == "plugin" else ""
            group = self._resolved(element.text("groupId")) or default
            artifact = self._resolved(element.text("artifactId"))
            if not group or not artifact:
                continue
            constraint, write = self._constraint(element.find("version"))
            dependency = Dependency(
                package=f"{group}:{artifact}", constraint=constraint, kind=found.kind, path=_FILE, group=found.group
            )
            yield Declared(dependency=dependency, write=write)

    def _constraint(self, version: Element | None) -> tuple[str, Write | None]:
        """Return a dependency's constraint, and how it is written where its text stands in this file.

        It is empty where the version is managed elsewhere or is the project's own.
        """
        if version is None or _OWN.fullmatch(version.text()):
            return "", None
        holder = self._holder(version)
        if holder is None or holder is self._version:
            return "", None
        return holder.text(), holder.writer()

    def _holder(self, version: Element) -> Element | None:
        """Return the element where a version is written out: itself, or the property that it names, and so on."""
        for _ in range(_DEPTH):
            found = _PROPERTY.fullmatch(version.text())
            if found is None:
                return None if "${" in version.text() else version
            named = self._properties.get(found[1])
            if named is None:
                return None
            version = named
        return None

    def _resolved(self, text: str) -> str:
        """Put in the properties of the file; what is defined elsewhere, or grows, stays as it is written."""
        after = text
        for _ in range(_DEPTH):
            if len(after) > _LENGTH:
                return text
            after = _PROPERTY.sub(self._value, after)
        return after

    def _value(self, found: re.Match[str]) -> str:
        """Return the value of a property, or the expression where it has none of a reasonable length."""
        value = self._looked_up(found[1])
        return value if value and len(value) <= _LENGTH else found[0]

    def _looked_up(self, name: str) -> str:
        key = name.removeprefix("project.").removeprefix("pom.")
        if name in self._properties:
            return self._properties[name].text()
        if key in {"groupId", "version"}:
            return self._project.text(key) or self._project.text("parent", key)
        if key in {"artifactId", "parent.groupId", "parent.version"}:
            return self._project.text(*key.split("."))
        return ""


def _artefacts(project: Element) -> Iterator[_Found]:
    """Walk the parent, the dependencies, the managed ones and the plugins, then those of each profile."""
    yield from (_Found(parent, "runtime", "parent") for parent in project.all("parent"))
    yield from _section(project, "")
    for profile in project.all("profiles", "profile"):
        yield from _section(profile, profile.text("id"))


def _section(section: Element, group: str) -> Iterator[_Found]:
    """Walk what a project and a profile can have."""
    for element in section.all("dependencies", "dependency"):
        yield _Found(element, _kind(element), group)
    for element in section.all("dependencyManagement", "dependencies", "dependency"):
        yield _Found(element, "runtime", "managed")
    for path in (("plugins", "plugin"), ("pluginManagement", "plugins", "plugin"), ("extensions", "extension")):
        for element in section.all("build", *path):
            yield _Found(element, "build", group)
            yield from (_Found(each, "build", group) for each in element.all("dependencies", "dependency"))


def _kind(element: Element) -> str:
    """Return what the scope says; what is provided is needed to run all the same."""
    if element.text("scope") == "test":
        return "dev"
    return "optional" if element.text("optional") == "true" else "runtime"
