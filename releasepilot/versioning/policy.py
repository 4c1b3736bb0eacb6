"""Policies: the rules of release tools as values, by name or as a catalog spells them out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from releasepilot.errors import PlanError
from releasepilot.model.version import Bump
from releasepilot.model.versioning import PolicyEntry
from releasepilot.versioning import calver
from releasepilot.versioning.bodies import RELEASE_PULL_REQUEST, nested, paragraphs, unsquashed
from releasepilot.versioning.dialect import (
    KNOWN,
    Change,
    Dialect,
    angular,
    conventional_preset,
    known_types,
    lines,
    specification,
)
from releasepilot.versioning.ordering import Scheme

_NOTHING: Mapping[Bump, Bump] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class BumpPolicy:
    """The rules of one release tool, as a value."""

    name: str
    #: How it reads a message.
    dialect: Dialect
    #: Type to bump, for the types that release; as written.
    types: Mapping[str, Bump]
    #: The types that its dialect knows; empty where it takes any.
    closed: frozenset[str] = frozenset()
    #: Types in lower case that call for a patch at least, however they are written.
    listed: frozenset[str] = frozenset()
    #: The bump of a revert whose original is not in the range.
    revert: Bump = Bump.NONE
    #: A revert and its original, both in the range, count for nothing.
    drops_reverted: bool = False
    #: `Release-As` footers decide over everything else; the newest wins.
    honours_release_as: bool = False
    #: Read the further commits in the body of a squashed one, beside what the dialect reads.
    squash: bool = False
    #: What a bump raises while the major version is 0; a bump that is not named is itself.
    zero: Mapping[Bump, Bump] = field(default_factory=lambda: _NOTHING)
    #: The same while the minor version is 0 too; as `zero` where None.
    zero_zero: Mapping[Bump, Bump] | None = None
    #: A breaking change counts as one while the major version is 0; otherwise its type alone decides.
    breaks_below_one: bool = True
    #: The format of its calendar versions; empty where versions are numbered.
    calver: str = ""
    #: The rules that its versions are written by.
    scheme: Scheme = Scheme.SEMVER
    #: The version of a first release; empty where the date gives it.
    initial: str = "1.0.0"

    def read(self, message: str) -> tuple[Change, ...]:
        """Return the changes that it sees in a message, in order. Each message needs to be read once only."""
        changes = self.dialect(message)
        if not self.squash or "\n" not in message:
            return changes
        seen = {change.subject for change in changes}
        inner = (change for part in unsquashed(message) for change in self.dialect(part))
        return (*changes, *dict.fromkeys(change for change in inner if change.subject not in seen))

    @property
    def below_one(self) -> str:
        """How it treats versions below 1.0.0, as one sentence."""
        if self.calver:
            return f"The date gives the version, as {self.calver}: nothing is special below 1.0.0."
        if not self.breaks_below_one:
            return (
                "While the major version is 0, a breaking change counts as its type says, so 1.0.0 is never automatic."
            )
        if self.zero_zero is None and self.zero.get(Bump.PATCH) is self.zero.get(Bump.MINOR) is Bump.MAJOR:
            return "Any release from 0.y.z is 1.0.0."
        told = _told(self.zero)
        whole = f"While the major version is 0, {told}" if told else "A breaking change leads from 0.y.z to 1.0.0"
        first = _told(self.zero_zero) if self.zero_zero is not None else ""
        return f"{whole}; at 0.0.z, {first}." if first else f"{whole}."


def _told(zero: Mapping[Bump, Bump]) -> str:
    """Say in words what bumps raise, those that raise something else."""
    words = {Bump.MAJOR: "a breaking change", Bump.MINOR: "a feature", Bump.PATCH: "a fix"}
    targets: dict[Bump, list[str]] = {}
    for bump, word in words.items():
        if zero.get(bump, bump) is not bump:
            targets.setdefault(zero[bump], []).append(word)
    verb = "raises" if all(len(group) == 1 for group in targets.values()) else "raise"
    told = [f"{' and '.join(group)} {verb} the {target} version" for target, group in targets.items()]
    return " and ".join([*told[:1], *(one.replace(f" {verb} ", " ") for one in told[1:])])


_ANGULAR_TYPES: Mapping[str, Bump] = MappingProxyType({"feat": Bump.MINOR, "fix": Bump.PATCH, "perf": Bump.PATCH})
#: semantic-release's default rules know JSHint's spelling too.
_PRESET_TYPES: Mapping[str, Bump] = MappingProxyType({**_ANGULAR_TYPES, "FEAT": Bump.MINOR, "FIX": Bump.PATCH})
#: release-please releases when its changelog has an entry. What it lists depends on the language; this is the widest
#: of its defaults (Python, Java). The lookup ignores case, but only `feat` as written raises the minor version. What a
#: release pull request was merged for is released even where no message says why: people rename changes on the forge.
_LISTED = frozenset({"feat", "feature", "fix", "perf", "revert", "deps", "docs", RELEASE_PULL_REQUEST})
_FEATURES: Mapping[str, Bump] = MappingProxyType({"feat": Bump.MINOR, "feature": Bump.MINOR})
_BASIC: Mapping[str, Bump] = MappingProxyType({"feat": Bump.MINOR, "fix": Bump.PATCH})
_COMMITIZEN: Mapping[str, Bump] = MappingProxyType({**_ANGULAR_TYPES, "refactor": Bump.PATCH})
_SHIFT: Mapping[Bump, Bump] = MappingProxyType({Bump.MAJOR: Bump.MINOR, Bump.MINOR: Bump.PATCH})
_LEAVE: Mapping[Bump, Bump] = MappingProxyType(dict.fromkeys((Bump.MAJOR, Bump.MINOR, Bump.PATCH), Bump.MAJOR))
_SEPARATE: Mapping[Bump, Bump] = MappingProxyType({Bump.MAJOR: Bump.PATCH, Bump.MINOR: Bump.PATCH})


def _named(*policies: BumpPolicy) -> Mapping[str, BumpPolicy]:
    return MappingProxyType({policy.name: policy for policy in policies})


#: Policies by the name that a catalog uses.
POLICIES: Mapping[str, BumpPolicy] = _named(
    BumpPolicy(name="semantic-release", dialect=angular, types=_PRESET_TYPES, revert=Bump.PATCH, drops_reverted=True),
    BumpPolicy(
        name="conventionalcommits",
        dialect=conventional_preset,
        types=_PRESET_TYPES,
        revert=Bump.PATCH,
        drops_reverted=True,
    ),
    BumpPolicy(name="release-please", dialect=nested, types=_FEATURES, listed=_LISTED, honours_release_as=True),
    BumpPolicy(
        name="python-semantic-release",
        dialect=paragraphs,
        types=_ANGULAR_TYPES,
        closed=frozenset(KNOWN) - {"revert"},
        zero=_LEAVE,
    ),
    BumpPolicy(
        name="cocogitto",
        dialect=known_types,
        types=_BASIC,
        closed=frozenset(KNOWN),
        breaks_below_one=False,
        initial="0.1.0",
    ),
    BumpPolicy(name="commitizen", dialect=lines, types=_COMMITIZEN, closed=frozenset(_COMMITIZEN), initial="0.1.0"),
    BumpPolicy(name="knope", dialect=specification, types=_BASIC, zero=_SHIFT, initial="0.1.0"),
    BumpPolicy(
        name="cargo-zero",
        dialect=specification,
        types=_ANGULAR_TYPES,
        zero=_SHIFT,
        zero_zero=_SEPARATE,
        initial="0.1.0",
    ),
    BumpPolicy(name="calver", dialect=specification, types=_ANGULAR_TYPES, calver=calver.DEFAULT, initial=""),
    BumpPolicy(name="pep440", dialect=specification, types=_ANGULAR_TYPES, scheme=Scheme.PEP440, initial="0.1.0"),
)


def policy_named(name: str) -> BumpPolicy:
    """Return a policy by name; PlanError where there is none."""
    try:
        return POLICIES[name]
    except KeyError:
        known = ", ".join(sorted(POLICIES))
        raise PlanError(f"there is no versioning policy {name!r}", hint=f"Use one of: {known}.") from None


def policy_of(entry: str | PolicyEntry | BumpPolicy) -> BumpPolicy:
    """Return the policy that a catalog names or spells out.

    PlanError where a name in it is unknown, where its calendar format is none, and where it gives a bump to a type
    that its dialect never sees.
    """
    if isinstance(entry, BumpPolicy):
        return entry
    if isinstance(entry, str):
        return policy_named(entry)
    base = policy_named(entry.extends)
    reader = policy_named(entry.reads or entry.extends)
    return replace(
        base,
        dialect=reader.dialect,
        closed=reader.closed,
        types=_types(base, reader, entry),
        listed=base.listed - {kind.lower() for kind, bump in entry.types.items() if bump is Bump.NONE},
        revert=base.revert if entry.revert is None else entry.revert,
        squash=base.squash or bool(entry.squash),
        zero=_zero(base, entry),
        zero_zero=entry.zero_zero if _says_zero(entry) else base.zero_zero,
        breaks_below_one=base.breaks_below_one or Bump.MAJOR in (entry.zero or ()),
        calver=base.calver if entry.calver is None else calver.format_of(entry.calver).text,
        initial=base.initial if entry.calver is None else "",
    )


def _types(base: BumpPolicy, reader: BumpPolicy, entry: PolicyEntry) -> Mapping[str, Bump]:
    """Lay the entry's types over those of the policy."""
    unseen = [kind for kind in entry.types if reader.closed and kind not in reader.closed]
    if unseen:
        raise PlanError(
            f"the policy {reader.name} does not read commits of the type {unseen[0]!r}",
            hint="Add `reads: conventionalcommits`, or another policy that takes any type.",
        )
    types = {**base.types, **entry.types}
    return MappingProxyType({kind: bump for kind, bump in types.items() if bump is not Bump.NONE})


def _says_zero(entry: PolicyEntry) -> bool:
    """Whether an entry has rules of its own below 1.0.0, however it spells them; they are then those at 0.0.z too."""
    spelled = entry.zero is not None or entry.zero_zero is not None
    return spelled or entry.bump_minor_pre_major or entry.bump_patch_for_minor_pre_major


def _zero(base: BumpPolicy, entry: PolicyEntry) -> Mapping[Bump, Bump]:
    """Return what bumps raise below 1.0.0, by the entry's mapping and release-please's two settings."""
    zero = dict(base.zero if entry.zero is None else entry.zero)
    if entry.bump_minor_pre_major:
        zero[Bump.MAJOR] = Bump.MINOR
    if entry.bump_patch_for_minor_pre_major:
        zero[Bump.MINOR] = Bump.PATCH
    return MappingProxyType(zero)
