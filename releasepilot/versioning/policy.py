"""Decide the next version from commit messages, by the rules of a named release tool."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from releasepilot.errors import PlanError
from releasepilot.model.version import Bump
from releasepilot.model.versioning import PolicyEntry
from releasepilot.versioning import calver, raising
from releasepilot.versioning.bodies import nested, paragraphs, unsquashed
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
from releasepilot.versioning.ordering import Scheme, parse

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
        if set(self.zero.values()) == {Bump.MAJOR}:
            return "Any release from 0.y.z is 1.0.0."
        told = _told(self.zero)
        if self.zero_zero is None:
            return f"While the major version is 0, {told}." if told else "A breaking change leads from 0.y.z to 1.0.0."
        return f"While the major version is 0, {told}; at 0.0.z, {_told(self.zero_zero)}."


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """A change that calls for a release."""

    #: The first line of its message; untrusted text.
    subject: str
    bump: Bump


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What a range of commits calls for."""

    #: How much changed. Below 1.0.0 the version may be raised by less, or more, by the policy's rule.
    bump: Bump
    #: None where nothing is to be released.
    version: str | None
    #: What calls for it, newest first.
    reasons: tuple[Reason, ...] = ()


_ANGULAR_TYPES: Mapping[str, Bump] = MappingProxyType({"feat": Bump.MINOR, "fix": Bump.PATCH, "perf": Bump.PATCH})
#: semantic-release's default rules know JSHint's spelling too.
_PRESET_TYPES: Mapping[str, Bump] = MappingProxyType({**_ANGULAR_TYPES, "FEAT": Bump.MINOR, "FIX": Bump.PATCH})
#: release-please releases when its changelog has an entry. What it lists depends on the language; this is the widest
#: of its defaults (Python, Java). The lookup ignores case, but only `feat` as written raises the minor version.
_LISTED = frozenset({"feat", "feature", "fix", "perf", "revert", "deps", "docs"})
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
        zero_zero=base.zero_zero if entry.zero is None and entry.zero_zero is None else entry.zero_zero,
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


def _zero(base: BumpPolicy, entry: PolicyEntry) -> Mapping[Bump, Bump]:
    """Return what bumps raise below 1.0.0, by the entry's mapping and release-please's two settings."""
    zero = dict(base.zero if entry.zero is None else entry.zero)
    if entry.bump_minor_pre_major:
        zero[Bump.MAJOR] = Bump.MINOR
    if entry.bump_patch_for_minor_pre_major:
        zero[Bump.MINOR] = Bump.PATCH
    return MappingProxyType(zero)


def decide(
    current: str | None,
    messages: Iterable[str],
    policy: str | PolicyEntry | BumpPolicy = "semantic-release",
    *,
    initial: str | None = None,
    date: str | None = None,
) -> Decision:
    """Decide what the messages since the last release, newest first, call for.

    `current` is the last released version, None before the first release; then `initial` (or the policy's) is the
    version of any release. `date`, in ISO 8601, is what calendar versions take their period from. PlanError where
    `current` is not a version, the policy is unknown, or a calendar version has neither a date nor a period.
    """
    rules = policy_of(policy)
    changes = [change for message in messages for change in rules.read(message)]
    return decide_changes(current, changes, rules, initial=initial, date=date)


def decide_changes(
    current: str | None,
    changes: Iterable[Change],
    policy: str | PolicyEntry | BumpPolicy = "semantic-release",
    *,
    initial: str | None = None,
    date: str | None = None,
) -> Decision:
    """Decide as `decide` does, by changes that `BumpPolicy.read` gave: newest message first, each read once."""
    rules = policy_of(policy)
    counted = list(_without_reverted(changes)) if rules.drops_reverted else list(changes)
    reasons = tuple(_reasons(counted, rules, below_one=_below_one(current, rules, initial)))
    forced = next(filter(_demands, counted), None) if rules.honours_release_as else None
    if forced is not None:
        return _forced(current, forced, reasons)
    bump = max((reason.bump for reason in reasons), key=_RANK.__getitem__, default=Bump.NONE)
    if bump is Bump.NONE:
        return Decision(bump=bump, version=None)
    version = first_version(rules, initial=initial, date=date) if current is None else ""
    return Decision(bump=bump, version=version or bump_version(current or "", bump, rules, date=date), reasons=reasons)


_RANK = {bump: bump.rank for bump in Bump}


def _below_one(current: str | None, rules: BumpPolicy, initial: str | None) -> bool:
    """Tell whether the major version is 0, before the first release by the version that it will have."""
    text = current or initial or rules.initial
    return not rules.calver and bool(text) and raising.version_of(text).release[0] == 0


def _reasons(changes: Iterable[Change], rules: BumpPolicy, *, below_one: bool) -> Iterator[Reason]:
    """Rate each change; those that release nothing are left out."""
    breaks = rules.breaks_below_one or not below_one
    types, listed = rules.types, rules.listed
    for change in changes:
        if change.breaking and breaks:
            yield Reason(subject=change.subject, bump=Bump.MAJOR)
            continue
        bump = types.get(change.type, Bump.NONE)
        if bump is Bump.NONE and listed and change.type.lower() in listed:
            bump = Bump.PATCH
        if change.reverts is not None and _RANK[rules.revert] > _RANK[bump]:
            bump = rules.revert
        if bump is not Bump.NONE:
            yield Reason(subject=change.subject, bump=bump)


def _without_reverted(changes: Iterable[Change]) -> Iterator[Change]:
    """Leave out each revert together with the newest older change of the header that it names."""
    waiting: dict[str, list[int]] = {}
    kept: list[Change | None] = []
    for change in changes:
        pending = waiting.get(change.subject)
        if pending:
            kept[pending.pop()] = None
            continue
        if change.reverts is not None:
            waiting.setdefault(change.reverts.header, []).append(len(kept))
        kept.append(change)
    return (change for change in kept if change is not None)


def _demands(change: Change) -> bool:
    """Tell whether a change demands a version; anybody can write something else into a message."""
    return bool(change.release_as) and parse(change.release_as) is not None


def _forced(current: str | None, change: Change, reasons: tuple[Reason, ...]) -> Decision:
    """Obey a `Release-As` footer, whatever the other changes say."""
    wanted = raising.version_of(change.release_as)
    before = raising.version_of(current).triple if current is not None else (0, 0, 0)
    bump = Bump.PATCH
    if wanted.triple[0] != before[0]:
        bump = Bump.MAJOR
    elif wanted.triple[1] != before[1]:
        bump = Bump.MINOR
    asked = Reason(subject=change.subject, bump=bump)
    return Decision(bump=bump, version=change.release_as, reasons=(asked, *reasons))


def first_version(
    policy: str | PolicyEntry | BumpPolicy, *, initial: str | None = None, date: str | None = None
) -> str:
    """Return the version of a first release: the caller's, else the policy's, else the one that the date gives."""
    rules = policy_of(policy)
    return initial or rules.initial or calver.raised(None, Bump.PATCH, rules.calver, date)


def bump_version(current: str, bump: Bump, policy: str | PolicyEntry | BumpPolicy, *, date: str | None = None) -> str:
    """Raise a version; a prerelease becomes its release where that is enough (node-semver's `inc`).

    PlanError where `current` is not a version. The result has three numbers and keeps a PEP 440 epoch; it has as many
    numbers as before by a PEP 440 policy, and is of the policy's format by a calendar one.
    """
    rules = policy_of(policy)
    if bump is Bump.NONE:
        return current
    if rules.calver:
        return calver.raised(current, bump, rules.calver, date)
    version = raising.version_of(current, Scheme.PEP440 if rules.scheme is Scheme.PEP440 else None)
    return raising.raised(version, _effective(version.triple, bump, rules), rules.scheme)


def _effective(numbers: tuple[int, int, int], bump: Bump, rules: BumpPolicy) -> Bump:
    """Translate a bump to the part of the version that it raises, below 1.0.0."""
    major, minor, _ = numbers
    if major:
        return bump
    zero = rules.zero_zero if minor == 0 and rules.zero_zero is not None else rules.zero
    return zero.get(bump, bump)
