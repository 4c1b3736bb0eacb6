"""What an entry of a changelog is about, and how each release tool sorts its commits.

The tables are those of the tools as released in 2025: the presets of conventional-changelog, the default sections of
release-please, the templates of python-semantic-release, cocogitto's default types, and knope's.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from types import MappingProxyType

from releasepilot.model.catalog import Ecosystem
from releasepilot.model.version import Bump
from releasepilot.model.versioning import PolicyEntry
from releasepilot.versioning.dialect import Change


class Kind(StrEnum):
    """The sections that a changelog can have, in their order, whatever a style calls them."""

    BREAKING = "breaking"
    FEATURES = "features"
    FIXES = "fixes"
    PERFORMANCE = "performance"
    SECURITY = "security"
    DEPRECATIONS = "deprecations"
    REMOVALS = "removals"
    REVERTS = "reverts"
    DEPENDENCIES = "dependencies"
    DOCUMENTATION = "documentation"
    REFACTORING = "refactoring"
    STYLE = "style"
    TESTS = "tests"
    BUILD = "build"
    CI = "ci"
    CHORES = "chores"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which changes are told, and where."""

    #: Type in lower case to section.
    kinds: Mapping[str, Kind]
    #: Types that are told where they break something or force a version, and otherwise not.
    hidden: frozenset[str] = frozenset()
    #: Types count as they are written alone: `Feat` is no feature.
    exact: bool = False
    #: Breaking changes of types that are in no table are told in a section of their own, beside what breaks.
    others: bool = True
    #: Commits with several parents are told too, where their message says something.
    merges: bool = True
    #: Type and scope of the commits that the tool itself makes for a release.
    bookkeeping: tuple[str, str] = ("", "")
    #: Type in lower case to a title of the catalog's; an empty one leaves the type out.
    titles: Mapping[str, str] = field(default_factory=dict)

    def section_of(self, change: Change) -> Kind | str:
        """Return the section of a change, or the catalog's own title; empty where it is not told."""
        kind = change.type if self.exact else change.type.lower()
        if not kind or (kind, change.scope) == self.bookkeeping:
            return ""
        title = self.titles.get(kind)
        if title is not None:
            return title
        section = self.kinds.get(kind)
        if section is not None and kind not in self.hidden:
            return section
        if not change.breaking and not change.release_as:
            return ""
        return section or (Kind.OTHER if self.others else "")

    def showing(self, types: Collection[str]) -> Selection:
        """Return a selection that tells these types too: a type that releases is worth an entry."""
        extra = {kind: Kind.OTHER for kind in types if kind not in self.kinds}
        return replace(self, kinds={**self.kinds, **extra}, hidden=self.hidden - set(types))


_FIRST = {"feat": Kind.FEATURES, "fix": Kind.FIXES, "perf": Kind.PERFORMANCE, "revert": Kind.REVERTS}
_HIDDEN = {
    "docs": Kind.DOCUMENTATION,
    "style": Kind.STYLE,
    "chore": Kind.CHORES,
    "refactor": Kind.REFACTORING,
    "test": Kind.TESTS,
    "build": Kind.BUILD,
    "ci": Kind.CI,
}
_KNOWN = {**_FIRST, **_HIDDEN}
_DEPS = {"deps": Kind.DEPENDENCIES}

_ANGULAR = Selection(kinds=_KNOWN, hidden=frozenset(_HIDDEN), exact=True)
_CONVENTIONAL = Selection(kinds={**_KNOWN, "feature": Kind.FEATURES}, hidden=frozenset(_HIDDEN))
#: release-please shows documentation and dependencies in some languages by default.
_WITH_DOCS = Selection(kinds={**_KNOWN, **_DEPS, "feature": Kind.FEATURES}, hidden=frozenset(_HIDDEN) - {"docs"})
_ALL = Selection(kinds=_KNOWN, others=False)
_KNOPE = Selection(kinds={"feat": Kind.FEATURES, "fix": Kind.FIXES}, others=False)
#: What is told by the policies that are no other tool's.
_OWN = Selection(
    kinds={
        **_KNOWN,
        **_DEPS,
        "feature": Kind.FEATURES,
        "security": Kind.SECURITY,
        "deprecate": Kind.DEPRECATIONS,
        "remove": Kind.REMOVALS,
    },
    hidden=frozenset(_HIDDEN),
)

_SELECTIONS: Mapping[str, Selection] = MappingProxyType(
    {
        "semantic-release": _ANGULAR,
        "conventionalcommits": _CONVENTIONAL,
        "release-please": _CONVENTIONAL,
        "python-semantic-release": replace(_ALL, merges=False),
        "cocogitto": replace(_ALL, bookkeeping=("chore", "version")),
        "knope": _KNOPE,
    }
)
_BY_ECOSYSTEM: Mapping[tuple[str, Ecosystem], Selection] = MappingProxyType(
    {("release-please", Ecosystem.PYTHON): _WITH_DOCS, ("release-please", Ecosystem.MAVEN): _WITH_DOCS}
)


def selection_of(policy: str | PolicyEntry, ecosystem: Ecosystem, headings: Mapping[str, str]) -> Selection:
    """Return how the changes of a component are sorted: by its policy, then by the headings of the catalog.

    Where the catalog spells a policy out, the types that it lets release are told too.
    """
    name = policy if isinstance(policy, str) else policy.extends
    selection = _BY_ECOSYSTEM.get((name, ecosystem)) or _SELECTIONS.get(name, _OWN)
    if isinstance(policy, PolicyEntry):
        selection = selection.showing([kind for kind, bump in policy.types.items() if bump is not Bump.NONE])
    if not headings:
        return selection
    return replace(selection, titles={kind: title.strip() for kind, title in headings.items()})
