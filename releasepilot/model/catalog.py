"""The catalog: what a team writes in `releasepilot.yaml`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import StrEnum
from itertools import dropwhile, pairwise
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, JsonValue, field_validator, model_validator

from releasepilot.model.gate import ApprovalGate
from releasepilot.model.step import SagaClass, Undo
from releasepilot.model.value import Argv, Seconds, Value

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")


def _name(value: str) -> str:
    """Names become parts of git refs, workflow ids and file names."""
    if not _NAME.fullmatch(value) or ".." in value or value.endswith((".", ".lock")):
        raise ValueError(
            "a name begins with a letter or digit, has at most 63 letters, digits, dots, dashes and underscores, "
            "no '..', and does not end in '.' or '.lock'"
        )
    return value


#: The name of a component, train, step or role.
Name = Annotated[str, AfterValidator(_name)]

_CONTROL = re.compile(r"[\x00-\x1f]")
_SCHEMES = ("file://", "ssh://", "https://", "http://", "git://", "git+ssh://")


def _repo(value: str) -> str:
    """Accept a path, an scp-like address or a URL with a plain scheme; refuse what git could read as more than that."""
    if value.startswith("-"):
        raise ValueError("a repository may not begin with '-': git would read it as an option")
    if "::" in value.split("/", 1)[0]:
        raise ValueError("remote helpers such as ext:: are not allowed: write a path, an ssh or an https address")
    if _CONTROL.search(value):
        raise ValueError("a repository address has no control characters")
    if "://" in value and not value.startswith(_SCHEMES):
        raise ValueError(f"the scheme is not one of {', '.join(_SCHEMES)}")
    if re.match(r"https?://[^/]*@|[a-z+]+://[^/@]*:[^/@]*@", value):
        raise ValueError("credentials do not belong into a catalog: use a credential helper, or ssh with a key")
    if not value:
        raise ValueError("a repository address is not empty")
    return value


def _ref(value: str) -> str:
    """Accept what git accepts as a branch name (git-check-ref-format, the rules that can be checked in one pass)."""
    if (
        not value
        or value.startswith(("-", "/", "."))
        or value.endswith(("/", ".", ".lock"))
        or any(bad in value for bad in ("..", "//", "@{", "/."))
        or re.search(r"[\x00-\x20\x7f~^:?*\[\\]", value)
    ):
        raise ValueError("this is not a name that git accepts for a branch or tag")
    return value


def _path(value: str) -> str:
    """Accept a folder inside the repository, in POSIX form."""
    parts = value.split("/")
    if value.startswith(("/", "-", ":")) or ".." in parts or "\\" in value or _CONTROL.search(value):
        raise ValueError("a path is relative to the repository, uses '/', and has no '..'")
    cleaned = "/".join(part for part in parts if part not in ("", "."))
    return cleaned or "."


def _tag(value: str) -> str:
    """Accept a template that holds `{version}` once and may hold `{name}`."""
    if value.count("{version}") != 1 or re.search(r"[{}]", value.replace("{version}", "").replace("{name}", "")):
        raise ValueError("a tag template holds {version} exactly once, may hold {name}, and no other braces")
    _ref(value.replace("{version}", "1.0.0").replace("{name}", "n"))
    return value


class Ecosystem(StrEnum):
    """Whose manifests a component has."""

    PYTHON = "python"
    NPM = "npm"
    CARGO = "cargo"
    GO = "go"
    HELM = "helm"
    GENERIC = "generic"


class OnFailure(StrEnum):
    """What a failed step does to its train."""

    #: Undo everything that may have had an effect.
    ROLLBACK_ALL = "rollback_all"
    #: Undo the failed component and those that depend on it; the others go on.
    ROLLBACK_DEPENDENTS = "rollback_dependents"
    #: Start nothing more and leave what is there.
    STOP = "stop"


class Propagation(StrEnum):
    """When a dependent is released because something that it needs was."""

    #: When the new version leaves the range that the dependent declares.
    OUT_OF_RANGE = "out-of-range"
    #: With every release of it.
    ALWAYS = "always"
    #: For its own commits alone.
    NEVER = "never"


class Versioning(Value):
    """How versions are computed."""

    #: A named policy; `releasepilot.versioning.POLICIES` holds them.
    policy: str = "semantic-release"
    #: The version of a first release; the policy's own where absent.
    initial: str | None = None
    #: When dependents follow.
    propagate: Propagation = Propagation.OUT_OF_RANGE


class Author(Value):
    """Who signs the release commits."""

    name: str = Field(default="ReleasePilot", pattern=r"^[^<>\x00-\x1f]+$", max_length=200)
    email: str = Field(default="releasepilot@localhost", pattern=r"^[^<>\s\x00-\x1f]+$", max_length=200)


class Defaults(Value):
    """What components take where they do not say."""

    #: The branch to release from.
    branch: Annotated[str, AfterValidator(_ref)] = "main"
    #: The name of release tags: holds `{version}` once, may hold `{name}`.
    tag: Annotated[str, AfterValidator(_tag)] = "v{version}"
    versioning: Versioning = Versioning()
    author: Author = Author()


class StepDeclaration(Value):
    """A publish step or a health check: an actuator and its configuration.

    In the catalog the configuration stands beside `uses`; here it is gathered in `config`.
    """

    #: The actuator's name.
    uses: str = Field(pattern=r"^[a-z][a-z0-9_.-]{0,62}$")
    #: The step's name; the actuator's where absent.
    name: Name | None = None
    #: The actuator's own where absent.
    saga_class: SagaClass | None = Field(default=None, alias="class")
    #: The actuator's own where absent.
    undo: Undo | None = None
    #: How long one attempt may take, a week at most.
    timeout: Seconds = Field(default=600, ge=1, le=7 * 86400)
    #: How often it is tried in all.
    #: How often it may be tried in all; where absent 5, and without end for a retriable step that has an effect.
    attempts: int | None = Field(default=None, ge=1, le=100)
    config: dict[str, JsonValue] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _gather(cls, data: object) -> object:
        """Move what is not ours into `config`."""
        if not isinstance(data, dict) or "config" in data:
            return data
        own = {"uses", "name", "class", "saga_class", "undo", "timeout", "attempts"}
        return {
            **{key: value for key, value in data.items() if key in own},
            "config": {key: value for key, value in data.items() if key not in own},
        }


class Hooks(Value):
    """Validation hooks: commands run at the release commit, in its tree."""

    #: The command; the train goes on where it ends with 0. Nothing is public before.
    verify: Argv | None = None
    #: Run `verify` by `/bin/sh -c`. It must then be one text.
    shell: bool = False
    #: How long it may take, a day at most.
    timeout: Seconds = Field(default=1800, ge=1, le=86400)

    @model_validator(mode="before")
    @classmethod
    def _keep_script(cls, data: object) -> object:
        """Leave a script for a shell in one piece: splitting would lose its quotes."""
        if isinstance(data, dict) and data.get("shell") is True and isinstance(data.get("verify"), str):
            return {**data, "verify": [data["verify"]]}
        return data

    @model_validator(mode="after")
    def _one_script(self) -> Self:
        """Refuse several words where a shell takes one script."""
        if self.shell and self.verify is not None and len(self.verify) != 1:
            raise ValueError("with `shell: true` the command `verify` is one text")
        return self


class ComponentEntry(Value):
    """One component as the catalog describes it."""

    #: Unique in the catalog, whatever the case.
    name: Name
    #: A path, an ssh or an https address.
    repo: Annotated[str, AfterValidator(_repo)]
    #: The component's folder inside the repository.
    path: Annotated[str, AfterValidator(_path)] = "."
    #: Detected from the manifests where absent.
    ecosystem: Ecosystem | None = None
    #: As in `defaults` where absent; so are `tag` and `versioning`.
    branch: Annotated[str, AfterValidator(_ref)] | None = None
    #: Components of one repository need templates that differ, such as `{name}-v{version}`.
    tag: Annotated[str, AfterValidator(_tag)] | None = None
    #: Replaces that of `defaults` as a whole.
    versioning: Versioning | None = None
    #: Edges beside those that the manifests declare.
    needs: tuple[Name, ...] = ()
    hooks: Hooks = Hooks()
    #: Steps after branch and tag were pushed, in the order of their classes, then in this order.
    publish: tuple[StepDeclaration, ...] = ()
    #: Checks after the steps of `publish`, before what depends on the component goes on.
    health: tuple[StepDeclaration, ...] = ()


class Catalog(Value):
    """A train's components and policies."""

    #: Of the catalog's format.
    version: Literal[1]
    #: The train's name.
    train: Name
    #: How many steps run side by side, and how many repositories are read side by side.
    concurrency: int = Field(default=8, ge=1, le=256)
    on_failure: OnFailure = OnFailure.ROLLBACK_ALL
    #: Accept two steps that cannot be undone and are not ordered.
    allow_unordered_pivots: bool = False
    defaults: Defaults = Defaults()
    components: tuple[ComponentEntry, ...] = Field(min_length=1)
    #: All must pass. Without any the requester's own confirmation is asked for.
    gates: tuple[ApprovalGate, ...] = ()
    #: Role to its members, by account name.
    roles: dict[Name, tuple[str, ...]] = Field(default_factory=dict)

    @field_validator("components")
    @classmethod
    def _unique(cls, components: tuple[ComponentEntry, ...]) -> tuple[ComponentEntry, ...]:
        """Refuse two components of one name, also where only the case differs: refs live in case-blind file systems."""
        seen: set[str] = set()
        for component in components:
            folded = component.name.casefold()
            if folded in seen:
                raise ValueError(
                    f"two components are named {component.name!r}: names must be unique, whatever their case"
                )
            seen.add(folded)
        return components

    @model_validator(mode="after")
    def _known_needs(self) -> Self:
        """Refuse needs that name nothing, or the component itself."""
        known = {component.name for component in self.components}
        for component in self.components:
            for need in component.needs:
                if need == component.name:
                    raise ValueError(f"component {component.name!r} needs itself")
                if need not in known:
                    raise ValueError(f"component {component.name!r} needs {need!r}, which is not in the catalog")
        return self

    def contradictions(self) -> Iterator[tuple[tuple[str | int, ...], str]]:
        """Yield what cannot hold together, each with the path of the later of the two places.

        Components of one repository and branch must differ in path and in tags, and declared needs form no circle.
        """
        folders: dict[tuple[str, str, str], str] = {}
        tags: dict[tuple[str, str, str], str] = {}
        for index, one in enumerate(self.components):
            place = ("components", index)
            home = (one.repo, self.branch_of(one))
            other = folders.setdefault((*home, one.path), one.name)
            if other != one.name:
                yield (*place, "path"), f"{other!r} lives in the same folder of the same repository already"
                continue
            other = tags.setdefault((*home, self.tag_of(one)), one.name)
            if other != one.name:
                what = f"{other!r} has the same tags in the same repository, so neither could tell its releases apart"
                yield (*place, "tag"), what + ": put {name} into the tag template"
        circle = self._circle()
        if circle:
            index = next(index for index, one in enumerate(self.components) if one.name == circle[0])
            said = ", ".join(f"{one} needs {need}" for one, need in pairwise(circle))
            yield ("components", index, "needs"), f"components need each other in a circle: {said}"

    def _circle(self) -> list[str]:
        """Return a circle of declared needs, its first component again at the end; empty where there is none."""
        needs = {one.name: one.needs for one in self.components}
        cleared: set[str] = set()
        for start, needed in needs.items():
            # Names of the way down from `start`, each with the needs that are still to be followed.
            way = {start: iter(needed)} if start not in cleared else {}
            while way:
                name = next(reversed(way))
                need = next((one for one in way[name] if one not in cleared), None)
                if need is None:
                    cleared.add(name)
                    del way[name]
                elif need in way:
                    return [*dropwhile(need.__ne__, way), need]
                else:
                    way[need] = iter(needs[need])
        return []

    def branch_of(self, component: ComponentEntry) -> str:
        """Return the branch that a component is released from."""
        return component.branch or self.defaults.branch

    def tag_of(self, component: ComponentEntry) -> str:
        """Return the tag template of a component, its `{name}` filled in."""
        return (component.tag or self.defaults.tag).replace("{name}", component.name)

    def versioning_of(self, component: ComponentEntry) -> Versioning:
        """Return the versioning of a component."""
        return component.versioning or self.defaults.versioning
