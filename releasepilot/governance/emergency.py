"""What overrides let a train past: a function of the policy, the overrides and the time."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from fnmatch import fnmatchcase

from releasepilot.model.emergency import Emergency, OpenEmergency, Override, Waiver


def objection(emergency: OpenEmergency | None, override: Override, known: Collection[str]) -> str:
    """Say why an override does not count; empty where it does. `known` are the train's gates and windows."""
    if emergency is None:
        return "the catalog has no `emergency`, so nothing can be overridden"
    person = _person(emergency, override)
    if person is None:
        able = ", ".join(voter.person for voter in emergency.people) or "nobody"
        return f"{override.actor} may not override; these may: {able}"
    if override.reason not in emergency.reasons:
        return f"{override.reason!r} is no reason of this catalog; there are {', '.join(emergency.reasons)}"
    if emergency.outside:
        return f"{', '.join(emergency.outside)} may not be released in an emergency: leave them out"
    unknown = [name for name in override.waives if name not in known]
    if unknown:
        return f"there is no gate or window {unknown[0]!r}; there are {', '.join(known)}"
    return ""


def waivers(emergency: OpenEmergency | None, overrides: Sequence[Override], now: datetime) -> dict[str, Waiver]:
    """Return what is waived at a moment: what so many different people override for one incident."""
    found: dict[str, Waiver] = {}
    if emergency is None:
        return found
    for name in dict.fromkeys(name for override in overrides for name in override.waives):
        for incident in dict.fromkeys(override.incident for override in overrides):
            agreeing = _agreeing(emergency, overrides, name, incident, now)
            if len(agreeing) >= emergency.needed:
                found.setdefault(name, _waiver(emergency, name, agreeing, now))
    return found


def declared(emergency: OpenEmergency | None, overrides: Sequence[Override]) -> Emergency | None:
    """Return the emergency that the first waiver for this plan was given in; None before there is one.

    It lasts when the waiver has expired: what was asked because of it is not asked again in another way.
    """
    for number, override in enumerate(overrides, 1):
        found = tuple(waivers(emergency, overrides[:number], override.at).values()) if override.at else ()
        if found and override.at:
            first = found[0]
            names = tuple(waiver.name for waiver in found if waiver.incident == first.incident)
            return Emergency(incident=first.incident, reason=first.reason, by=first.by, waives=names, at=override.at)
    return None


def incidents(emergency: OpenEmergency | None, overrides: Sequence[Override], now: datetime) -> tuple[str, ...]:
    """Return the incidents that anything is waived for, in the order in which they were named."""
    if emergency is None:
        return ()
    return tuple(
        incident
        for incident in dict.fromkeys(override.incident for override in overrides)
        if waivers(emergency, [one for one in overrides if one.incident == incident], now)
    )


def components_outside(patterns: Sequence[str], components: Iterable[str]) -> tuple[str, ...]:
    """Return the components that no pattern names; none where there are no patterns."""
    if not patterns:
        return ()
    return tuple(name for name in components if not any(fnmatchcase(name, pattern) for pattern in patterns))


def _agreeing(
    emergency: OpenEmergency, overrides: Sequence[Override], name: str, incident: str, now: datetime
) -> dict[str, Override]:
    """Return the last word of each person on one gate or window, in one incident, that still holds."""
    agreeing: dict[str, Override] = {}
    for override in overrides:
        person = _person(emergency, override)
        about = name in override.waives and override.incident == incident
        if person is not None and about and holds(emergency, override, now):
            agreeing[person] = override
    return agreeing


def holds(emergency: OpenEmergency, override: Override, now: datetime) -> bool:
    """Whether what somebody said is of this plan and has not expired."""
    ends = override.at + timedelta(seconds=emergency.expires_after) if override.at else now
    return now < ends and override.plan_digest == emergency.plan_digest


def _waiver(emergency: OpenEmergency, name: str, agreeing: dict[str, Override], now: datetime) -> Waiver:
    first = next(iter(agreeing.values()))
    # It ends when there are too few left.
    ends = sorted((override.at or now) + timedelta(seconds=emergency.expires_after) for override in agreeing.values())
    until = ends[len(ends) - emergency.needed]
    return Waiver(name=name, by=tuple(agreeing), incident=first.incident, reason=first.reason, until=until)


def _person(emergency: OpenEmergency, override: Override) -> str | None:
    account = override.actor.account
    return next((voter.person for voter in emergency.people if account in voter.accounts), None)
