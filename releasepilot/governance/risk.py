"""The risk of a plan: what is counted, what each count means from 1 to 5, and what all of it comes to. Pure.

The score is the weighted mean of the factors that are known, from 0 to 100. A factor that is not known is left out
instead of guessed, so that two plans compare where the same is known of both.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta

from releasepilot.model.plan import Plan
from releasepilot.model.risk import Risk, RiskFactor, RiskLevel, RiskPolicy
from releasepilot.model.snapshot import Snapshot
from releasepilot.model.version import Bump

#: Trains of the past that are looked at.
TRAINS = 10


@dataclass(frozen=True, kw_only=True)
class Counted:
    """What was counted of a plan; None where it is not known."""

    commits: int
    breaking: int
    #: Of the component that most others depend on, of those that are released.
    dependents: int
    #: Since the oldest commit that is not released yet.
    waiting: timedelta | None = None
    #: Authors who had made no commit before.
    newcomers: int | None = None
    #: Trains of the past, and in how many of them a component that is released now has failed.
    trains: int | None = None
    failures: int = 0
    #: Until the windows close; None where they are closed, or are not known to close.
    left: timedelta | None = None


@dataclass(frozen=True, kw_only=True)
class _Scale:
    """What a count means: from which values on the score is 2, 3, 4 and 5."""

    weight: int
    steps: tuple[int, int, int, int]

    def factor(self, name: str, count: int, explanation: str) -> RiskFactor:
        """Score a count."""
        return RiskFactor(
            name=name, score=1 + bisect_right(self.steps, count), weight=self.weight, explanation=explanation
        )


_SIZE = _Scale(weight=2, steps=(6, 21, 51, 151))
_BREAKING = _Scale(weight=3, steps=(1, 1, 2, 4))
_DEPENDENTS = _Scale(weight=2, steps=(1, 4, 10, 30))
#: In days.
_WAITING = _Scale(weight=1, steps=(7, 30, 90, 180))
_NEWCOMERS = _Scale(weight=1, steps=(1, 1, 2, 4))
_FAILURES = _Scale(weight=2, steps=(1, 1, 2, 4))
#: In minutes of the week before the windows close that are gone.
_WEEK = 7 * 24 * 60
_WINDOW = _Scale(weight=1, steps=(_WEEK - 24 * 60, _WEEK - 4 * 60, _WEEK - 60, _WEEK - 15))


def counted(plan: Plan, snapshot: Snapshot, dependents: Mapping[str, int], *, now: float) -> Counted:
    """Count what a plan and its snapshot say; `now` in seconds since the epoch."""
    released = {release.component for release in plan.releases}
    commits = [one for source in snapshot.components if source.name in released for one in source.commits]
    oldest = min((one.committed_at for one in commits if one.committed_at > 0), default=None)
    return Counted(
        commits=len(commits),
        breaking=sum(1 for release in plan.releases if release.bump is Bump.MAJOR),
        dependents=max((dependents.get(name, 0) for name in released), default=0),
        # A clock that is wrong may have written a commit of tomorrow.
        waiting=None if oldest is None else timedelta(seconds=max(0, now - oldest)),
        newcomers=sum(known) if (known := _newcomers(snapshot, released)) else None,
    )


def _newcomers(snapshot: Snapshot, released: Collection[str]) -> list[int]:
    return [
        source.newcomers for source in snapshot.components if source.name in released and source.newcomers is not None
    ]


def risk_of(found: Counted, policy: RiskPolicy) -> Risk:
    """Score the factors and say what they come to."""
    factors = tuple(_factors(found))
    weight = sum(factor.weight for factor in factors)
    score = round(100 * sum(factor.weight * (factor.score - 1) for factor in factors) / (4 * weight))
    return Risk(level=level_of(score, policy), score=score, factors=factors)


def level_of(score: int, policy: RiskPolicy) -> RiskLevel:
    """Put a score into words."""
    if score >= policy.high:
        return RiskLevel.HIGH
    return RiskLevel.MEDIUM if score >= policy.medium else RiskLevel.LOW


def _factors(found: Counted) -> list[RiskFactor]:
    factors = [
        _SIZE.factor("size", found.commits, _many(found.commits, "commit")),
        _BREAKING.factor("breaking", found.breaking, _many(found.breaking, "major version")),
        _DEPENDENTS.factor(
            "dependents", found.dependents, f"{_many(found.dependents, 'component')} may follow one that is released"
        ),
    ]
    if found.waiting is not None:
        days = found.waiting.days
        factors.append(_WAITING.factor("waiting", days, f"the oldest commit waits for {_many(days, 'day')}"))
    if found.newcomers is not None:
        told = f"{_many(found.newcomers, 'author')} made no commit before"
        factors.append(_NEWCOMERS.factor("newcomers", found.newcomers, told))
    if found.trains is not None:
        told = f"{found.failures} of the last {_many(found.trains, 'train')} failed in a component that is released"
        factors.append(_FAILURES.factor("failures", found.failures, told))
    if found.left is not None:
        minutes = max(0, int(found.left.total_seconds()) // 60)
        told = f"the windows close in {_length(minutes)}" if minutes else "the windows are about to close"
        factors.append(_WINDOW.factor("window", max(0, _WEEK - minutes), told))
    return factors


def _many(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


def _length(minutes: int) -> str:
    """Say how long in the largest unit that fits."""
    for size, what in ((24 * 60, "day"), (60, "hour")):
        if minutes >= size:
            return _many(minutes // size, what)
    return _many(minutes, "minute")
