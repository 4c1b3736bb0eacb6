"""Decide the next version from commit messages, by the rules of a named release tool."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from types import MappingProxyType

from releasepilot.errors import PlanError
from releasepilot.model.version import Bump
from releasepilot.model.versioning import PolicyEntry
from releasepilot.versioning.dialect import (
    Change,
    Dialect,
    angular,
    conventional_preset,
    nested,
    specification,
    squashed,
)
from releasepilot.versioning.ordering import Version, parse


class ZeroRule(StrEnum):
    """What a bump means while the major version is 0."""

    #: Nothing special: a breaking change leads to 1.0.0.
    PLAIN = "plain"
    #: Any bump leads to 1.0.0.
    LEAVE = "leave"
    #: A breaking change raises the minor version; the rest is plain.
    MINOR = "minor"
    #: A breaking change raises the minor version, everything else the patch version.
    SHIFT = "shift"
    #: As the one before, and each 0.0.z stands for itself: Cargo's notion of compatibility.
    CARGO = "cargo"


@dataclass(frozen=True, slots=True, kw_only=True)
class BumpPolicy:
    """The rules of one release tool, as a value."""

    name: str
    #: How it reads a message.
    dialect: Dialect
    #: Type to bump, for the types that release; as written.
    types: Mapping[str, Bump]
    #: Types in lower case that call for a patch at least, however they are written.
    listed: frozenset[str] = frozenset()
    #: The bump of a revert whose original is not in the range.
    revert: Bump = Bump.NONE
    #: A revert and its original, both in the range, count for nothing.
    drops_reverted: bool = False
    #: `Release-As` footers decide over everything else; the newest wins.
    honours_release_as: bool = False
    zero: ZeroRule = ZeroRule.PLAIN
    #: The version of a first release.
    initial: str = "1.0.0"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """A change that calls for a release."""

    #: The first line of its message; untrusted text.
    subject: str
    bump: Bump


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What a range of commits calls for."""

    bump: Bump
    #: None where nothing is to be released.
    version: str | None
    #: What calls for it, newest first.
    reasons: tuple[Reason, ...] = ()


_ANGULAR_TYPES: Mapping[str, Bump] = MappingProxyType({"feat": Bump.MINOR, "fix": Bump.PATCH, "perf": Bump.PATCH})
#: release-please releases when its changelog has an entry. What it lists depends on the language; this is the widest
#: of its defaults (Python, Java). The lookup ignores case, but only `feat` as written raises the minor version.
_LISTED = frozenset({"feat", "feature", "fix", "perf", "revert", "deps", "docs"})
_FEATURES: Mapping[str, Bump] = MappingProxyType({"feat": Bump.MINOR, "feature": Bump.MINOR})
_BASIC: Mapping[str, Bump] = MappingProxyType({"feat": Bump.MINOR, "fix": Bump.PATCH})


def _named(*policies: BumpPolicy) -> Mapping[str, BumpPolicy]:
    return MappingProxyType({policy.name: policy for policy in policies})


#: Policies by the name that a catalog uses.
POLICIES: Mapping[str, BumpPolicy] = _named(
    BumpPolicy(name="semantic-release", dialect=angular, types=_ANGULAR_TYPES, revert=Bump.PATCH, drops_reverted=True),
    BumpPolicy(
        name="conventionalcommits",
        dialect=conventional_preset,
        types=_ANGULAR_TYPES,
        revert=Bump.PATCH,
        drops_reverted=True,
    ),
    BumpPolicy(name="release-please", dialect=nested, types=_FEATURES, listed=_LISTED, honours_release_as=True),
    BumpPolicy(name="python-semantic-release", dialect=squashed, types=_ANGULAR_TYPES, zero=ZeroRule.LEAVE),
    BumpPolicy(name="cocogitto", dialect=specification, types=_BASIC, zero=ZeroRule.MINOR, initial="0.1.0"),
    BumpPolicy(name="knope", dialect=specification, types=_BASIC, zero=ZeroRule.SHIFT, initial="0.1.0"),
    BumpPolicy(name="cargo-zero", dialect=specification, types=_ANGULAR_TYPES, zero=ZeroRule.CARGO, initial="0.1.0"),
)


def policy_named(name: str) -> BumpPolicy:
    """Return a policy by name; PlanError where there is none."""
    try:
        return POLICIES[name]
    except KeyError:
        known = ", ".join(sorted(POLICIES))
        raise PlanError(f"there is no versioning policy {name!r}", hint=f"Use one of: {known}.") from None


def policy_of(entry: str | PolicyEntry | BumpPolicy) -> BumpPolicy:
    """Return the policy that a catalog names or spells out; PlanError where a name in it is unknown."""
    if isinstance(entry, BumpPolicy):
        return entry
    if isinstance(entry, str):
        return policy_named(entry)
    base = policy_named(entry.extends)
    return replace(
        base, dialect=policy_named(entry.reads or entry.extends).dialect, types={**base.types, **entry.types}
    )


def decide(
    current: str | None,
    messages: Iterable[str],
    policy: str | PolicyEntry | BumpPolicy = "semantic-release",
    *,
    initial: str | None = None,
) -> Decision:
    """Decide what the messages since the last release, newest first, call for.

    `current` is the last released version, None before the first release; then `initial` (or the policy's) is the
    version of any release. PlanError where `current` is not a version or the policy is unknown.
    """
    rules = policy_of(policy)
    changes = [change for message in messages for change in rules.dialect(message)]
    if rules.drops_reverted:
        changes = list(_without_reverted(changes))
    forced = next((change for change in changes if change.release_as), None) if rules.honours_release_as else None
    reasons = tuple(_reasons(changes, rules))
    bump = max((reason.bump for reason in reasons), key=_RANK.__getitem__, default=Bump.NONE)
    if forced is not None:
        return _forced(current, forced, reasons)
    if bump is Bump.NONE:
        return Decision(bump=bump, version=None)
    version = (initial or rules.initial) if current is None else bump_version(current, bump, rules)
    return Decision(bump=bump, version=version, reasons=reasons)


_RANK = {bump: bump.rank for bump in Bump}


def _reasons(changes: Iterable[Change], rules: BumpPolicy) -> Iterator[Reason]:
    """Rate each change; those that release nothing are left out."""
    for change in changes:
        if change.breaking:
            yield Reason(subject=change.subject, bump=Bump.MAJOR)
            continue
        bump = rules.types.get(change.type, Bump.NONE)
        if bump is Bump.NONE and change.type.lower() in rules.listed:
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


def _forced(current: str | None, change: Change, reasons: tuple[Reason, ...]) -> Decision:
    """Obey a `Release-As` footer, whatever the other changes say."""
    wanted = _version(change.release_as)
    before = _version(current).triple if current is not None else (0, 0, 0)
    bump = Bump.PATCH
    if wanted.triple[0] != before[0]:
        bump = Bump.MAJOR
    elif wanted.triple[1] != before[1]:
        bump = Bump.MINOR
    asked = Reason(subject=change.subject, bump=bump)
    return Decision(bump=bump, version=change.release_as, reasons=(asked, *reasons))


def bump_version(current: str, bump: Bump, policy: str | PolicyEntry | BumpPolicy) -> str:
    """Raise a version; a prerelease becomes its release where that is enough (node-semver's `inc`).

    PlanError where `current` is not a version. The result has three numbers, and keeps a PEP 440 epoch.
    """
    rules = policy_of(policy)
    version = _version(current)
    if bump is Bump.NONE:
        return current
    major, minor, patch = _raised(version, _effective(version, bump, rules.zero))
    epoch = f"{version.epoch}!" if version.epoch else ""
    return f"{epoch}{major}.{minor}.{patch}"


def _effective(version: Version, bump: Bump, zero: ZeroRule) -> Bump:
    """Translate a bump to the part of the version that it raises."""
    major, minor, _ = version.triple
    if major or zero is ZeroRule.PLAIN:
        return bump
    if zero is ZeroRule.LEAVE:
        return Bump.MAJOR
    if zero is ZeroRule.CARGO and minor == 0:
        return Bump.PATCH
    if bump is Bump.MAJOR:
        return Bump.MINOR
    return bump if zero is ZeroRule.MINOR else Bump.PATCH


def _raised(version: Version, part: Bump) -> tuple[int, int, int]:
    """Raise one part and reset those below it."""
    major, minor, patch = version.triple
    if part is Bump.MAJOR:
        return (major, 0, 0) if version.prerelease and minor == patch == 0 else (major + 1, 0, 0)
    if part is Bump.MINOR:
        return (major, minor, 0) if version.prerelease and patch == 0 else (major, minor + 1, 0)
    return (major, minor, patch) if version.prerelease else (major, minor, patch + 1)


def _version(text: str) -> Version:
    """Read a version; PlanError where it is not one."""
    version = parse(text)
    if version is None:
        raise PlanError(f"{text[:100]!r} is not a version", hint="Write it as 1.2.3, or as PEP 440 says.")
    return version
