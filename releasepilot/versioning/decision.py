"""Decide the next version from commit messages, by the rules of a policy."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from releasepilot.errors import PlanError
from releasepilot.model.version import Bump
from releasepilot.model.versioning import PolicyEntry
from releasepilot.versioning import calver, raising
from releasepilot.versioning.dialect import Change
from releasepilot.versioning.ordering import Scheme, parse
from releasepilot.versioning.policy import BumpPolicy, policy_of


class Reason(NamedTuple):
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
    #: Somebody demanded this very version, by a `Release-As` footer.
    demanded: bool = False


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
    return Decision(bump=bump, version=change.release_as, reasons=(asked, *reasons), demanded=True)


def first_version(
    policy: str | PolicyEntry | BumpPolicy, *, initial: str | None = None, date: str | None = None
) -> str:
    """Return the version of a first release: the caller's, else the policy's, else the one that the date gives.

    PlanError where the caller's is none that a later release could count from.
    """
    rules = policy_of(policy)
    if initial and parse(initial) is None:
        raise PlanError(f"the initial version {initial[:100]!r} is not a version", hint="Write it as 1.2.3, or as 1.2.")
    return initial or rules.initial or calver.raised(None, Bump.PATCH, rules.calver, date)


def bump_version(current: str, bump: Bump, policy: str | PolicyEntry | BumpPolicy, *, date: str | None = None) -> str:
    """Raise a version; a prerelease becomes its release where that is enough (node-semver's `inc`).

    PlanError where `current` is not a version. The result has three numbers and keeps a PEP 440 epoch; by a PEP 440
    policy it has at least as many as before, and by a calendar one it is of the policy's format.
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
