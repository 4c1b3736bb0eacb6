"""Read the catalog that a command was given, and check what only plugins and policies can."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from releasepilot.cli.invocation import Invocation
from releasepilot.errors import CatalogError
from releasepilot.model.catalog import Catalog
from releasepilot.model.reading import Located, absolute, read_catalog
from releasepilot.model.reading import Path as Keys
from releasepilot.model.versioning import PolicyEntry, Versioning
from releasepilot.plugins.registry import Registry
from releasepilot.plugins.spec import Tools
from releasepilot.settings import Settings
from releasepilot.versioning import POLICIES


def load(invocation: Invocation, settings: Settings) -> tuple[Catalog, Registry]:
    """Return the catalog with repositories as absolute addresses, and the actuators that it may use.

    Raises CatalogError with every mistake: of the text, of an actuator's configuration, of a policy's name.
    """
    located = read_catalog(_text(invocation.catalog), str(invocation.catalog))
    registry = Registry.load(Tools(cache=settings.cache_dir, git_timeout=settings.git_timeout))
    findings = [*registry.check(located.catalog), *_policies(located)]
    if findings:
        raise located.error(findings)
    folder = invocation.catalog.absolute().parent
    return absolute(located.catalog, folder.as_posix()), registry


def _text(path: Path) -> str:
    """Read the file; it must be UTF-8."""
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise CatalogError(
            f"there is no catalog {path}", hint="name one with `releasepilot -C FILE`, or try `releasepilot demo`"
        ) from error
    except UnicodeDecodeError as error:
        raise CatalogError(f"{path}: byte {error.start} is not UTF-8", hint="save the catalog as UTF-8") from error
    except OSError as error:
        raise CatalogError(f"{path} cannot be read: {error.strerror}", hint="check the path and its rights") from error


def _policies(located: Located) -> Iterator[tuple[Keys, str]]:
    """Find versioning policies that nobody knows."""
    catalog = located.catalog
    given: list[tuple[Keys, Versioning]] = [(("defaults", "versioning", "policy"), catalog.defaults.versioning)]
    for index, entry in enumerate(catalog.components):
        if entry.versioning:
            given.append((("components", index, "versioning", "policy"), entry.versioning))
    for path, versioning in given:
        for place, name in _names(versioning.policy):
            if name not in POLICIES:
                yield (*path, *place), f"{name!r} is not a versioning policy; known are {', '.join(POLICIES)}"


def _names(policy: str | PolicyEntry) -> Iterator[tuple[Keys, str]]:
    """Give the policies that are named, each with its place below `policy`."""
    if isinstance(policy, str):
        yield (), policy
        return
    yield ("extends",), policy.extends
    if policy.reads is not None:
        yield ("reads",), policy.reads
