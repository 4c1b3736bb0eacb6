"""Read the catalog that a command was given, and check what only plugins and policies can."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from releasepilot.cli.invocation import Invocation
from releasepilot.errors import CatalogError, PlanError
from releasepilot.governance.rules import objections, policy_engine
from releasepilot.model.catalog import Catalog, Defaults
from releasepilot.model.notes import ChangelogEntry
from releasepilot.model.reading import Located, absolute, read_catalog
from releasepilot.model.reading import Path as Keys
from releasepilot.model.versioning import PolicyEntry, Versioning
from releasepilot.plugins.registry import Registry
from releasepilot.plugins.spec import Tools
from releasepilot.settings import Settings
from releasepilot.versioning import POLICIES
from releasepilot.versioning.branches import check as check_branches
from releasepilot.versioning.changelog import check_template
from releasepilot.versioning.ordering import parse
from releasepilot.versioning.policy import policy_of

T = TypeVar("T")


def load(invocation: Invocation, settings: Settings, branch: str = "") -> tuple[Catalog, Registry]:
    """Return the catalog with repositories as absolute addresses, and the actuators that it may use.

    With `branch` every component is released from there. Raises CatalogError with every mistake: of the text, of an
    actuator's configuration, of a policy, a template, a window
    or a rule.
    """
    located = read(invocation)
    registry = Registry.load(Tools(cache=settings.cache_dir, git_timeout=settings.git_timeout))
    catalog = located.catalog
    findings = [
        *registry.check(catalog),
        *_policies(catalog),
        *_branches(catalog),
        *_templates(catalog),
        *_windows(catalog),
        *_rules(catalog),
    ]
    if findings:
        raise located.error(findings)
    folder = invocation.catalog.absolute().parent
    catalog = absolute(catalog, folder.as_posix())
    return (_on(catalog, branch) if branch else catalog), registry


def read(invocation: Invocation) -> Located:
    """Return the catalog as its text alone says. Raises CatalogError with every mistake of the text."""
    return read_catalog(_text(invocation.catalog), str(invocation.catalog))


def _on(catalog: Catalog, branch: str) -> Catalog:
    """Return the catalog with every component on one branch."""
    try:
        defaults = Defaults.model_validate({**catalog.defaults.model_dump(by_alias=True), "branch": branch})
    except ValidationError:
        raise CatalogError(f"{branch!r} is not a name that git accepts for a branch") from None
    components = tuple(entry.model_copy(update={"branch": None}) for entry in catalog.components)
    return catalog.model_copy(update={"defaults": defaults, "components": components})


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


def _policies(catalog: Catalog) -> Iterator[tuple[Keys, str]]:
    """Find versioning policies that nobody knows, or that say what cannot be."""
    given: list[tuple[Keys, Versioning]] = [(("defaults", "versioning", "policy"), catalog.defaults.versioning)]
    for index, entry in enumerate(catalog.components):
        if entry.versioning:
            given.append((("components", index, "versioning", "policy"), entry.versioning))
    for path, versioning in given:
        unknown = [(place, name) for place, name in _names(versioning.policy) if name not in POLICIES]
        for place, name in unknown:
            yield (*path, *place), f"{name!r} is not a versioning policy; known are {', '.join(POLICIES)}"
        if not unknown:
            yield from _objections(path, policy_of, versioning.policy)
        if versioning.initial is not None and parse(versioning.initial) is None:
            yield (*path[:-1], "initial"), f"{versioning.initial!r} is not a version: write it as 1.2.3, or as 1.2"


def _branches(catalog: Catalog) -> Iterator[tuple[Keys, str]]:
    """Find branches that could not be told apart, each time where they are listed."""
    for index, entry in enumerate(catalog.components):
        listed = ("defaults", "branches") if entry.branches is None else ("components", index, "branches")
        branches, own = catalog.branches_of(entry), catalog.branch_of(entry)
        yield from _objections(listed, partial(check_branches, branches), own)


def _templates(catalog: Catalog) -> Iterator[tuple[Keys, str]]:
    """Find changelog templates that cannot be read."""
    given: list[tuple[Keys, ChangelogEntry]] = [(("defaults", "changelog", "template"), catalog.defaults.changelog)]
    for index, entry in enumerate(catalog.components):
        if entry.changelog:
            given.append((("components", index, "changelog", "template"), entry.changelog))
    for path, changelog in given:
        if changelog.template is not None:
            yield from _objections(path, check_template, changelog.template)


def _windows(catalog: Catalog) -> Iterator[tuple[Keys, str]]:
    """Find zones and holidays that nobody knows."""
    if catalog.windows:
        # Looked up late, because only windows need dateutil.
        found = import_module("releasepilot.governance.windows").objections(catalog.windows)
        yield from ((("windows", *path), what) for path, what in found)


def _rules(catalog: Catalog) -> Iterator[tuple[Keys, str]]:
    """Find rules that do not compile, or that fail their own tests."""
    if catalog.rules:
        found = objections(catalog.rules, catalog.env, policy_engine())
        yield from ((("rules", *path), what) for path, what in found)


def _objections(path: Keys, check: Callable[[T], object], value: T) -> Iterator[tuple[Keys, str]]:
    """Tell what a check that raises PlanError has against a value."""
    try:
        check(value)
    except PlanError as error:
        remedy = f": {error.hint[0].lower()}{error.hint[1:].rstrip('.')}" if error.hint else ""
        yield path, error.message + remedy


def _names(policy: str | PolicyEntry) -> Iterator[tuple[Keys, str]]:
    """Give the policies that are named, each with its place below `policy`."""
    if isinstance(policy, str):
        yield (), policy
        return
    yield ("extends",), policy.extends
    if policy.reads is not None:
        yield ("reads",), policy.reads
