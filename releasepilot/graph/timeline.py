"""A plan laid out in time, as the engine would run it: needs, phases and the cap, inside of openings.

Pure: openings and estimates are given. A step starts only where it ends before its opening does.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from releasepilot.model.estimate import Estimate
from releasepilot.model.forecast import Forecast, Slot, StepForecast
from releasepilot.model.plan import Plan
from releasepilot.model.step import PHASES, Phase, Step
from releasepilot.model.window import Opening

_SECOND = timedelta(seconds=1)


def forecast(
    plan: Plan, estimates: Mapping[str, Estimate], openings: Sequence[Opening], at: datetime, *, ledger: bool
) -> Forecast | None:
    """Lay out a plan that has steps, from a moment on; None where it fits into no known openings.

    `openings` are sorted and apart; `estimates` has each step.
    """
    takes = {step: timedelta(seconds=one.seconds) for step, one in estimates.items()}
    begun = _laid_out(plan, takes, openings, at)
    if begun is None:
        return None
    slot, ends = _slot(begun, takes), {step: start + takes[step] for step, start in begun.items()}
    latest = _latest_starts(plan, takes, openings, slot.ends)
    start_by = _start_by(plan, takes, openings, slot)
    coming = next((one.begin for one in openings if start_by and one.begin > start_by), None)
    later = _laid_out(plan, takes, openings, coming) if coming else None
    return Forecast(
        train=plan.train,
        plan_digest=plan.digest,
        starts=slot.starts,
        ends=slot.ends,
        start_by=start_by,
        next_slot=_slot(later, takes) if later else None,
        critical_path=_critical_path(plan, ends),
        steps=tuple(
            StepForecast(
                step=step.id,
                starts=begun[step.id],
                ends=ends[step.id],
                estimate=estimates[step.id].seconds,
                source=estimates[step.id].source,
                slack=int((latest[step.id] - begun[step.id]).total_seconds()),
            )
            for step in plan.steps
        ),
        ledger=ledger,
    )


def _slot(begun: Mapping[str, datetime], takes: Mapping[str, timedelta]) -> Slot:
    return Slot(starts=min(begun.values()), ends=max(start + takes[step] for step, start in begun.items()))


def _laid_out(
    plan: Plan, takes: Mapping[str, timedelta], openings: Sequence[Opening], at: datetime
) -> dict[str, datetime] | None:
    """Return when each step starts, as the engine starts them; None where one fits into no opening."""
    line = _Line(plan, takes, openings)
    now: datetime | None = at
    while now is not None and line.begun.keys() != line.steps.keys():
        line.start(now)
        now = line.next_moment(now)
    return line.begun if line.begun.keys() == line.steps.keys() else None


@dataclass
class _Line:
    """Where a simulated train stands."""

    plan: Plan
    takes: Mapping[str, timedelta]
    openings: Sequence[Opening]
    begun: dict[str, datetime] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.steps = {step.id: step for step in self.plan.steps}
        self._running: list[tuple[datetime, str]] = []
        #: Index of the first opening that has not ended.
        self._opening = 0
        self._open = {phase: sum(step.phase is phase for step in self.plan.steps) for phase in PHASES}
        self._missing = {step.id: len(set(step.needs) | set(step.after)) for step in self.plan.steps}
        self._followers: dict[str, list[str]] = {step.id: [] for step in self.plan.steps}
        for step in self.plan.steps:
            for before in dict.fromkeys((*step.needs, *step.after)):
                self._followers[before].append(step.id)
        self._ready: dict[Phase, dict[str, None]] = {phase: {} for phase in PHASES}
        for step in self.plan.steps:
            if not self._missing[step.id]:
                self._ready[step.phase][step.id] = None

    def start(self, now: datetime) -> None:
        """Start what may start at a moment."""
        close = self._close(now)
        if close is None:
            return
        for phase in PHASES:
            for step in tuple(self._ready[phase]):
                if len(self._running) >= self.plan.concurrency:
                    return
                if now + self.takes[step] <= close:
                    del self._ready[phase][step]
                    self.begun[step] = now
                    heapq.heappush(self._running, (now + self.takes[step], step))
            if self._open[phase]:
                return

    def _close(self, now: datetime) -> datetime | None:
        """Return when the opening ends that holds a moment; None outside of all."""
        while self._opening < len(self.openings) and _end(self.openings[self._opening]) <= now:
            self._opening += 1
        if self._opening == len(self.openings) or self.openings[self._opening].begin > now:
            return None
        return _end(self.openings[self._opening])

    def next_moment(self, now: datetime) -> datetime | None:
        """Go on to where something ends or opens, and settle what has ended; None where nothing more happens."""
        coming = [opening.begin for opening in self.openings[self._opening : self._opening + 2] if opening.begin > now]
        moments = [*coming[:1], *(end for end, _ in self._running[:1])]
        if not moments:
            return None
        moment = min(moments)
        while self._running and self._running[0][0] <= moment:
            self._settle(heapq.heappop(self._running)[1])
        return moment

    def _settle(self, step: str) -> None:
        self._open[self.steps[step].phase] -= 1
        for follower in self._followers[step]:
            self._missing[follower] -= 1
            if not self._missing[follower]:
                self._ready[self.steps[follower].phase][follower] = None


def _end(opening: Opening) -> datetime:
    """Return the end of an opening, that of time itself where it does not close."""
    return opening.end or datetime.max.replace(tzinfo=opening.begin.tzinfo)


def _latest_starts(
    plan: Plan, takes: Mapping[str, timedelta], openings: Sequence[Opening], end: datetime
) -> dict[str, datetime]:
    """Return when each step must start at the latest for the train to end as it does, whatever the cap."""
    latest: dict[str, datetime] = {}
    before: dict[str, datetime] = {}
    #: The latest that all of a phase must be settled, for the phases after it.
    barrier, phase = end, plan.steps[-1].phase
    for step in reversed(plan.steps):
        if step.phase is not phase:
            barrier = min(latest[one] for one in latest)
            phase = step.phase
        latest[step.id] = _latest(openings, takes[step.id], min(before.get(step.id, barrier), barrier))
        for need in (*step.needs, *step.after):
            before[need] = min(before.get(need, end), latest[step.id])
    return latest


def _latest(openings: Sequence[Opening], need: timedelta, end: datetime) -> datetime:
    """Return the latest start of work that is done by a moment, and that is known to fit before it."""
    for opening in reversed(openings):
        start = min(_end(opening), end) - need
        if start >= opening.begin:
            return start
    raise ValueError(f"nothing of {need} fits before {end}")


def _start_by(plan: Plan, takes: Mapping[str, timedelta], openings: Sequence[Opening], slot: Slot) -> datetime | None:
    """Return the latest start, to the second, with which a plan ends in the opening in which it ends anyway."""
    close = next(one.end for one in openings if one.begin < slot.ends <= _end(one))
    if close is None:
        return None
    # So many seconds later it still does, and so many later it does not.
    well, ill = 0, math.ceil((close - slot.starts) / _SECOND)
    while ill - well > 1:
        middle = (well + ill) // 2
        begun = _laid_out(plan, takes, openings, slot.starts + middle * _SECOND)
        if begun is not None and _slot(begun, takes).ends <= close:
            well = middle
        else:
            ill = middle
    return slot.starts + well * _SECOND


def _critical_path(plan: Plan, ends: Mapping[str, datetime]) -> tuple[str, ...]:
    """Return the chain of steps that ends last, each behind what it waited for last: a need, or an earlier phase."""
    rank = {phase: number for number, phase in enumerate(PHASES)}
    steps = {step.id: step for step in plan.steps}
    path = [max(steps.values(), key=lambda step: ends[step.id])]
    while earlier := _waited_for(path[-1], plan.steps, rank):
        path.append(steps[max(earlier, key=ends.__getitem__)])
    return tuple(step.id for step in reversed(path))


def _waited_for(step: Step, steps: Sequence[Step], rank: Mapping[Phase, int]) -> list[str]:
    """Return what had to be over before a step could start, in plan order."""
    own = {*step.needs, *step.after}
    return [one.id for one in steps if one.id in own or rank[one.phase] < rank[step.phase]]
