"""What a catalog says of versions: policies, branches, groups, and when dependents follow."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Self

from pydantic import Field, field_validator, model_validator

from releasepilot.model.names import Name, Ref
from releasepilot.model.value import Value
from releasepilot.model.version import Bump

#: A maintenance range as semantic-release writes it: `1.x`, `1.x.x` or `1.2.x`.
MAINTENANCE = re.compile(r"(0|[1-9][0-9]*)\.(?:(0|[1-9][0-9]*)\.)?x(?:\.x)?")


class Propagation(StrEnum):
    """When a dependent is released because something that it needs was."""

    #: By a patch, when the new version leaves the range that the dependent declares.
    OUT_OF_RANGE = "out-of-range"
    #: By a patch, with every release of it.
    ALWAYS = "always"
    #: With every release of it, by as much as it is raised itself.
    FOLLOW = "follow"
    #: For its own commits alone.
    NEVER = "never"


class PolicyEntry(Value):
    """A policy that the catalog spells out: a named one, and what differs from it."""

    #: The named policy that everything else is taken from.
    extends: str = "semantic-release"
    #: How messages are read: as the policy of this name does; as `extends` where absent.
    reads: str | None = None
    #: Type to bump, beside those of `extends`; `none` takes a type away.
    types: dict[str, Bump] = Field(default_factory=dict)
    #: The bump of a revert whose original is not among the commits.
    revert: Bump | None = None
    #: What a bump raises while the major version is 0, such as `{major: minor, minor: patch}`.
    zero: dict[Bump, Bump] | None = None
    #: The same while the minor version is 0 too; as `zero` where absent.
    zero_zero: dict[Bump, Bump] | None = Field(default=None, alias="zero-zero")
    #: release-please's setting: below 1.0.0 a breaking change raises the minor version.
    bump_minor_pre_major: bool = Field(default=False, alias="bump-minor-pre-major")
    #: release-please's setting: below 1.0.0 a feature raises the patch version.
    bump_patch_for_minor_pre_major: bool = Field(default=False, alias="bump-patch-for-minor-pre-major")
    #: Read the further commits that stand in the body of a squashed one, beside those that the policy reads anyway.
    squash: bool | None = None
    #: The parts of a calendar version, such as `YYYY.0M.MICRO` (calver.org).
    calver: str | None = None

    @field_validator("zero", "zero_zero")
    @classmethod
    def _raises(cls, value: dict[Bump, Bump] | None) -> dict[Bump, Bump] | None:
        if value is not None and Bump.NONE in {*value, *value.values()}:
            raise ValueError("below 1.0.0 each bump raises something: major, minor or patch")
        return value


class Versioning(Value):
    """How versions are computed."""

    #: A named policy, or one spelled out; `releasepilot.versioning.POLICIES` holds those with a name.
    policy: str | PolicyEntry = "semantic-release"
    #: The version of a first release; the policy's own where absent.
    initial: str | None = None
    #: When dependents follow.
    propagate: Propagation = Propagation.OUT_OF_RANGE


class BranchEntry(Value):
    """A branch that releases are made from, as semantic-release knows them.

    The catalog may write the name alone. A branch is a prerelease branch, a maintenance branch, or a release branch.
    """

    name: Ref
    #: The identifier of its prereleases, such as `beta`; it must be unique.
    prerelease: str | None = Field(default=None, pattern=r"^[A-Za-z][A-Za-z0-9-]*$")
    #: The versions of a maintenance branch, such as `1.x` or `1.2.x`; a branch of such a name needs none.
    range: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _name_alone(cls, data: object) -> object:
        return {"name": data} if isinstance(data, str) else data

    @field_validator("range")
    @classmethod
    def _readable(cls, value: str | None) -> str | None:
        if value is not None and not MAINTENANCE.fullmatch(value):
            raise ValueError("a maintenance range is written as 1.x or 1.2.x")
        return value

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        if self.prerelease and self.range:
            raise ValueError("a branch has either `prerelease` or `range`")
        return self

    @property
    def maintained(self) -> str:
        """The maintenance range; empty where it is no maintenance branch."""
        if self.range or self.prerelease:
            return self.range or ""
        return self.name if MAINTENANCE.fullmatch(self.name) else ""


class Group(Value):
    """Components whose versions belong together, as changesets knows them."""

    #: Released together, by the highest bump, over the highest current version.
    fixed: tuple[Name, ...] = ()
    #: Those that are released get one version: the highest bump over the highest current version.
    linked: tuple[Name, ...] = ()

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        if bool(self.fixed) == bool(self.linked):
            raise ValueError("a group has either `fixed` or `linked`, with its components")
        if len(set(self.members)) < len(self.members):
            raise ValueError("a group names each of its components once")
        return self

    @property
    def members(self) -> tuple[str, ...]:
        """Its components."""
        return self.fixed or self.linked
