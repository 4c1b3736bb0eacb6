"""The catalog: what a team writes in `releasepilot.yaml`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import StrEnum
from fnmatch import fnmatchcase
from itertools import dropwhile, pairwise
from typing import Annotated, Literal, Self

from pydantic import Field, JsonValue, field_validator, model_validator

from releasepilot.model.agreements import objections
from releasepilot.model.command import check_commands, keep_scripts
from releasepilot.model.dependency import Need, Place
from releasepilot.model.emergency import EmergencyPolicy
from releasepilot.model.gate import ApprovalGate
from releasepilot.model.names import FileAbove, LabelValue, Name, Ref, Repo, RepoPath, TagTemplate, Watched
from releasepilot.model.notes import ChangelogEntry
from releasepilot.model.people import Delegation, Person
from releasepilot.model.risk import RiskPolicy
from releasepilot.model.rule import Rule
from releasepilot.model.step import SagaClass, Undo
from releasepilot.model.value import Argv, Seconds, Value
from releasepilot.model.versioning import BranchEntry, Group, Versioning
from releasepilot.model.window import Window


class Ecosystem(StrEnum):
    """Whose manifests a component has."""

    PYTHON = "python"
    NPM = "npm"
    CARGO = "cargo"
    GO = "go"
    MAVEN = "maven"
    RUBY = "ruby"
    HELM = "helm"
    #: Whatever the component's `places` say.
    REGEX = "regex"
    GENERIC = "generic"


class OnFailure(StrEnum):
    """What a failed step does to its train."""

    #: Undo everything that may have had an effect.
    ROLLBACK_ALL = "rollback_all"
    #: Undo the failed component and those that depend on it; the others go on.
    ROLLBACK_DEPENDENTS = "rollback_dependents"
    #: Start nothing more and leave what is there.
    STOP = "stop"


class Author(Value):
    """Who signs the release commits."""

    name: str = Field(default="ReleasePilot", pattern=r"^[^<>\x00-\x1f]+$", max_length=200)
    email: str = Field(default="releasepilot@localhost", pattern=r"^[^<>\s\x00-\x1f]+$", max_length=200)


class Defaults(Value):
    """What components take where they do not say."""

    #: The branch to release from.
    branch: Ref = "main"
    #: The name of release tags: holds `{version}` once, may hold `{name}`.
    tag: TagTemplate = "v{version}"
    versioning: Versioning = Versioning()
    #: All branches that releases are made from, in rising order of their versions. Those that `branch` names need not
    #: be listed, but only listed ones are kept apart from each other.
    branches: tuple[BranchEntry, ...] = ()
    changelog: ChangelogEntry = ChangelogEntry()
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
    #: How often it may be tried in all; where absent 5, and without end for a retriable step that has an effect and for
    #: one that waits for people.
    attempts: int | None = Field(default=None, ge=1, le=100)
    #: How long it takes with all of its attempts, until the ledger knows better; a minute where nobody says.
    estimate: Seconds | None = Field(default=None, ge=1, le=30 * 86400)
    config: dict[str, JsonValue] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _gather(cls, data: object) -> object:
        """Move what is not ours into `config`."""
        if not isinstance(data, dict) or "config" in data:
            return data
        own = {"uses", "name", "class", "saga_class", "undo", "timeout", "attempts", "estimate"}
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
    #: How long it takes, until the ledger knows better; a minute where nobody says.
    estimate: Seconds | None = Field(default=None, ge=1, le=86400)

    @model_validator(mode="before")
    @classmethod
    def _keep_script(cls, data: object) -> object:
        return keep_scripts(data, "verify")

    @model_validator(mode="after")
    def _command(self) -> Self:
        check_commands((self.verify,), shell=self.shell)
        return self


class Lock(Value):
    """How lock files are refreshed: a command, run in the files of the release commit before anything is public."""

    #: What it changes in the files below becomes part of the release commit; other changes do not.
    command: Argv
    #: The lock files, relative to the component's folder; that of a workspace may lie above it: `../Cargo.lock`.
    files: tuple[FileAbove, ...] = Field(min_length=1)
    #: Run the command by `/bin/sh -c`. It must then be one text.
    shell: bool = False
    #: How long it may take, a day at most.
    timeout: Seconds = Field(default=600, ge=1, le=86400)

    @model_validator(mode="before")
    @classmethod
    def _keep_script(cls, data: object) -> object:
        return keep_scripts(data, "command")

    @model_validator(mode="after")
    def _command(self) -> Self:
        check_commands((self.command,), shell=self.shell)
        return self


class ComponentEntry(Value):
    """One component as the catalog describes it."""

    #: Unique in the catalog, whatever the case.
    name: Name
    #: What windows may ask for: `{environment: production, region: eu}`. `team` says who shares workers with others.
    labels: dict[Name, LabelValue] = Field(default_factory=dict, max_length=50)
    #: A path, an ssh or an https address.
    repo: Repo
    #: The component's folder inside the repository.
    path: RepoPath = "."
    #: Detected from the manifests where absent.
    ecosystem: Ecosystem | None = None
    #: As in `defaults` where absent; so are `tag` and `versioning`.
    branch: Ref | None = None
    #: Components of one repository need templates that differ, such as `{name}-v{version}`.
    tag: TagTemplate | None = None
    #: Replaces that of `defaults` as a whole.
    versioning: Versioning | None = None
    #: Replaces that of `defaults` as a whole; so does `changelog`.
    branches: tuple[BranchEntry, ...] | None = None
    changelog: ChangelogEntry | None = None
    #: Further folders and files whose commits count for the component, with `*` and `**`; behind `!` those that do not.
    watch: tuple[Watched, ...] = ()
    #: Commits with one of these scopes, which may hold `*`, count wherever they are; those with another one do not.
    scopes: tuple[str, ...] = ()
    #: Edges beside those that the manifests declare.
    needs: tuple[Need, ...] = ()
    #: Versions in files that no ecosystem knows.
    places: tuple[Place, ...] = ()
    #: Never released, and its files are left alone.
    ignore: bool = False
    #: Without it lock files are left alone.
    lock: Lock | None = None
    hooks: Hooks = Hooks()
    #: Steps after branch and tag were pushed, in the order of their classes, then in this order. Those that ask for
    #: leave, such as `servicenow.change`, come before the push.
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
    #: Components whose versions belong together.
    groups: tuple[Group, ...] = ()
    #: All must pass. Without any the requester's own confirmation is asked for.
    gates: tuple[ApprovalGate, ...] = ()
    #: Role to its members, by account name.
    roles: dict[Name, tuple[str, ...]] = Field(default_factory=dict)
    #: Account to whose it is: what else is theirs, so that nobody votes on their own work under another name.
    people: dict[str, Person] = Field(default_factory=dict)
    #: Who votes in whose place, and until when.
    delegations: tuple[Delegation, ...] = ()
    #: Who may let a train past gates and windows. Without it nobody may.
    emergency: EmergencyPolicy | None = None
    #: When components may be released, and when not. Without any they may at all times.
    windows: tuple[Window, ...] = ()
    #: Conditions on every plan. Each must agree with its own tests.
    rules: tuple[Rule, ...] = Field(default=(), max_length=500)
    #: What rules read as `env`.
    env: dict[Name, Annotated[str, Field(max_length=1000)]] = Field(default_factory=dict, max_length=100)
    risk: RiskPolicy = RiskPolicy()

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
                if need.component == component.name:
                    raise ValueError(f"component {component.name!r} needs itself")
                if need.component not in known:
                    raise ValueError(
                        f"component {component.name!r} needs {need.component!r}, which is not in the catalog"
                    )
        return self

    @model_validator(mode="after")
    def _locks_inside(self) -> Self:
        """Refuse lock files above the repository."""
        for component in self.components:
            depth = 0 if component.path == "." else component.path.count("/") + 1
            for name in component.lock.files if component.lock else ():
                if name.count("../") > depth:
                    raise ValueError(f"the lock file {name!r} of component {component.name!r} is above its repository")
        return self

    @model_validator(mode="after")
    def _known_members(self) -> Self:
        """Refuse groups and places that name nothing, and components in two groups."""
        known = {component.name for component in self.components}
        grouped: set[str] = set()
        for group in self.groups:
            for name in group.members:
                if name not in known:
                    raise ValueError(f"a group names {name!r}, which is not in the catalog")
                if name in grouped:
                    raise ValueError(f"component {name!r} is in two groups")
                grouped.add(name)
        for component in self.components:
            for place in component.places:
                if place.of is not None and place.of not in known:
                    raise ValueError(
                        f"a place of component {component.name!r} is of {place.of!r}, which is not in the catalog"
                    )
        return self

    def contradictions(self) -> Iterator[tuple[tuple[str | int, ...], str]]:
        """Yield what cannot hold together, each with the path of the later of the two places.

        Components of one repository and branch must differ in path and in tags, declared needs form no circle, rules
        differ in id, and windows differ in name and concern something; nothing of people, gates and delegations belongs
        to two.
        """
        yield from self._windows()
        yield from self._rules()
        names = [component.name for component in self.components]
        windows = [window.name for window in self.windows]
        yield from objections(self.gates, self.people, self.delegations, components=names, windows=windows)
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

    def _windows(self) -> Iterator[tuple[tuple[str | int, ...], str]]:
        """Yield windows of one name, and what they concern that is not there: a blackout that is misspelt is none."""
        seen: set[str] = set()
        for index, window in enumerate(self.windows):
            if window.name.casefold() in seen:
                yield ("windows", index, "name"), f"another window is named {window.name!r}, whatever the case"
            seen.add(window.name.casefold())
            for place, pattern in enumerate(window.components):
                if not any(fnmatchcase(component.name, pattern) for component in self.components):
                    yield ("windows", index, "components", place), f"no component of the catalog is named {pattern!r}"
            for label, pattern in window.labels.items():
                if not any(fnmatchcase(component.labels.get(label, ""), pattern) for component in self.components):
                    what = f"no component of the catalog has a label {label!r} that is {pattern!r}"
                    yield ("windows", index, "labels", label), what

    def _rules(self) -> Iterator[tuple[tuple[str | int, ...], str]]:
        """Yield rules of one id: a verdict names its rule by it."""
        seen: set[str] = set()
        for index, rule in enumerate(self.rules):
            if rule.id.casefold() in seen:
                yield ("rules", index, "id"), f"another rule has the id {rule.id!r}, whatever the case"
            seen.add(rule.id.casefold())

    def _circle(self) -> list[str]:
        """Return a circle of declared needs, its first component again at the end; empty where there is none."""
        needs = {one.name: tuple(need.component for need in one.needs) for one in self.components}
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

    def labelled(self, names: Iterable[str]) -> dict[str, dict[str, str]]:
        """Return components with their labels, in the order of the names; those that are not here have none."""
        known = {component.name: component.labels for component in self.components}
        return {name: known.get(name, {}) for name in names}

    @property
    def weighs_risk(self) -> bool:
        """Whether the risk of a plan decides anything: rules may ask for it, and gates may be for a risk."""
        return bool(self.rules) or any(gate.risk for gate in self.gates)

    def branch_of(self, component: ComponentEntry) -> str:
        """Return the branch that a component is released from."""
        return component.branch or self.defaults.branch

    def tag_of(self, component: ComponentEntry) -> str:
        """Return the tag template of a component, its `{name}` filled in."""
        return (component.tag or self.defaults.tag).replace("{name}", component.name)

    def versioning_of(self, component: ComponentEntry) -> Versioning:
        """Return the versioning of a component."""
        return component.versioning or self.defaults.versioning

    def branches_of(self, component: ComponentEntry) -> tuple[BranchEntry, ...]:
        """Return the branches that a component is released from, its own among them."""
        listed = self.defaults.branches if component.branches is None else component.branches
        own = self.branch_of(component)
        return listed if any(branch.name == own for branch in listed) else (*listed, BranchEntry(name=own))

    def parted(self, component: ComponentEntry) -> bool:
        """Whether a component's branch is kept apart from others, or is no plain release branch."""
        branches = self.branches_of(component)
        return len(branches) > 1 or any(branch.prerelease or branch.maintained for branch in branches)

    def changelog_of(self, component: ComponentEntry) -> ChangelogEntry:
        """Return how the changelog of a component is written."""
        return component.changelog or self.defaults.changelog
