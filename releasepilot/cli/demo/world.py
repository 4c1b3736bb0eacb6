"""Everything that the demonstration releases into: remotes, a registry, and the catalog that describes them."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from releasepilot.cli.demo.remotes import make_remote
from releasepilot.cli.demo.shop import SHOP, Component
from releasepilot.repositories.command import Git


class Breakable(StrEnum):
    """The steps that can be made to fail."""

    VERIFY = "verify"
    PUSH = "push"
    REGISTRY = "registry"
    HEALTH = "health"


@dataclass(frozen=True, kw_only=True)
class Break:
    """What is made to fail, for real; empty names break nothing."""

    component: str = ""
    step: Breakable = Breakable.HEALTH

    def hits(self, component: str, step: Breakable) -> bool:
        """Whether this step of this component is meant."""
        return (component, step) == (self.component, self.step)


#: What is told of a break before the release begins.
BREAKS: dict[Breakable, str] = {
    Breakable.VERIFY: "the newest commit of {name} brings a test that fails",
    Breakable.PUSH: "the remote of {name} refuses pushes to its branch",
    Breakable.REGISTRY: "the registry has no place for {name}",
    Breakable.HEALTH: "the service {name} answers 500",
}


@dataclass(frozen=True, kw_only=True)
class World:
    """The folders of the demonstration."""

    folder: Path
    remotes: Mapping[str, Git]

    @property
    def catalog(self) -> Path:
        """The catalog."""
        return self.folder / "releasepilot.yaml"

    @property
    def registry(self) -> Path:
        """One folder a component, holding an archive for each published version."""
        return self.folder / "registry"

    def published(self, name: str) -> list[str]:
        """Return the archives of a component."""
        return sorted(path.name for path in (self.registry / name).glob("*.tar"))


def services() -> tuple[str, ...]:
    """Return the components that run."""
    return tuple(component.name for component in SHOP if component.service)


def make_world(folder: Path, broken: Break) -> World:
    """Make remotes and registry, with the last releases in place."""
    (folder / "remotes").mkdir(parents=True)
    remotes = {component.name: _remote(folder / "remotes", component, broken) for component in SHOP}
    world = World(folder=folder, remotes=remotes)
    for component in SHOP:
        shelf = world.registry / component.name
        if broken.hits(component.name, Breakable.REGISTRY):
            continue
        shelf.mkdir(parents=True)
        archive = shelf / f"{component.name}-{component.version}.tar"
        remotes[component.name].run("archive", "--format=tar", f"--output={archive}", f"v{component.version}")
    return world


def _remote(folder: Path, component: Component, broken: Break) -> Git:
    return make_remote(
        folder,
        component,
        failing_check=broken.hits(component.name, Breakable.VERIFY),
        frozen=broken.hits(component.name, Breakable.PUSH),
    )


def write_catalog(world: World, addresses: Mapping[str, str]) -> None:
    """Write the catalog; `addresses` are those of the health checks."""
    entries = [_entry(world, component, addresses) for component in SHOP]
    document = {"version": 1, "train": "shop", "on_failure": "rollback_all", "components": entries}
    # JSON is YAML too.
    world.catalog.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")


def _entry(world: World, component: Component, addresses: Mapping[str, str]) -> dict[str, object]:
    entry: dict[str, object] = {
        "name": component.name,
        "repo": f"remotes/{component.name}.git",
        "needs": list(component.needs),
        "hooks": {"verify": [sys.executable, "check.py"], "timeout": "30s"},
        "publish": [_registry_step(world, component)],
    }
    if component.name in addresses:
        check = {"url": addresses[component.name], "contains": '"{version}"', "within": "2s"}
        entry["health"] = [{"uses": "http", "name": Breakable.HEALTH, "attempts": 1, **check}]
    return entry


def _registry_step(world: World, component: Component) -> dict[str, object]:
    """Publish an archive of the tag: by git, test and rm, so it can be looked at and taken back."""
    archive = f"{world.registry / component.name}/{{name}}-{{version}}.tar"
    remote = world.remotes[component.name].folder
    return {
        "uses": "exec",
        "name": Breakable.REGISTRY,
        # What is published comes from the tag.
        "tree": False,
        "attempts": 1,
        "apply": ["git", f"--git-dir={remote}", "archive", "--format=tar", f"--output={archive}", "{tag}"],
        "observe": ["test", "-e", archive],
        "revert": ["rm", "-f", archive],
    }
