"""Dependencies that no manifest declares: between ecosystems, and in files that no ecosystem knows."""

from __future__ import annotations

import re
from enum import StrEnum

from pydantic import Field, field_validator, model_validator

from releasepilot.model.names import Name, RepoFile
from releasepilot.model.value import Value


class DependencyKind(StrEnum):
    """What a dependency is for, and so when its dependent follows it."""

    #: Needed to run.
    RUNTIME = "runtime"
    #: Used where it is there.
    OPTIONAL = "optional"
    #: Brought by whoever uses the dependent.
    PEER = "peer"
    #: Needed to build.
    BUILD = "build"
    #: Needed to develop; its dependent never follows.
    DEV = "dev"


class ConstraintKind(StrEnum):
    """Which new versions of a declared need leave its range."""

    #: None.
    ANY = "any"
    #: Those that are not compatible with the last released one: its `^` range.
    COMPATIBLE = "compatible"
    #: Those with another minor version than the last released one: its `~` range.
    MINOR = "minor"
    #: Every one.
    EXACT = "exact"


class Need(Value):
    """An edge beside those that the manifests declare. The catalog may write the component's name alone."""

    component: Name
    kind: DependencyKind = DependencyKind.RUNTIME
    #: Measured from the version that the component was last released as.
    constraint: ConstraintKind = ConstraintKind.ANY

    @model_validator(mode="before")
    @classmethod
    def _name_alone(cls, data: object) -> object:
        return {"component": data} if isinstance(data, str) else data


class Place(Value):
    """A version in a file that no ecosystem knows, found by a regular expression."""

    #: The file, relative to the component's folder.
    path: RepoFile
    #: Matched in the whole text; its group `version` is what is read and replaced, at every match.
    pattern: str = Field(max_length=1000)
    #: The component whose version it is; the component's own where absent.
    of: Name | None = None

    @field_validator("pattern")
    @classmethod
    def _readable(cls, value: str) -> str:
        try:
            groups = re.compile(value, re.MULTILINE).groupindex
        except re.error as error:
            raise ValueError(f"this is not a regular expression: {error}") from None
        if "version" not in groups:
            raise ValueError("the expression needs a group (?P<version>...)")
        return value
