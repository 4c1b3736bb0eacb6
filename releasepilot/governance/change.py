"""Decisions about a change record: its path, what the board reads, and where it stands.

Pure: the moment is given, no clock is read. Whatever a plan says is data: each piece of it becomes one line without
control characters, so that it can neither begin a line of its own nor turn the direction of one.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from fnmatch import fnmatchcase

from releasepilot.model.change import (
    MAX_CORRELATION,
    ChangeModel,
    ChangePath,
    ChangeRecord,
    ChangeState,
    Drift,
    Sighting,
)
from releasepilot.model.emergency import Emergency
from releasepilot.model.plan import Plan, Release
from releasepilot.model.step import PHASES, Step

#: The longest plan text, in characters: what ServiceNow's fields hold.
MAX_TEXT = 4000
#: The longest line that is made of somebody's text.
_MAX_LINE = 300
#: Control characters, lone surrogates, and what turns the direction of a line or takes no room in it.
_UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]+")

#: What may be implemented.
_IN_FORCE = (ChangeState.IMPLEMENT, ChangeState.REVIEW)


def correlation_of(train: str, component: str) -> str:
    """Return the correlation id of a component's change in a train, short enough for every system."""
    name = f"{train}/{component}"
    if len(name) <= MAX_CORRELATION:
        return name
    tail = hashlib.sha256(name.encode()).hexdigest()[:16]
    return f"{name[: MAX_CORRELATION - len(tail) - 1]}-{tail}"


def path_of(plan: Plan, models: Iterable[ChangeModel], *, emergency: bool) -> tuple[ChangePath, ChangeModel | None]:
    """Return how a plan is authorised: by the first model that covers all of it, at once where asked, else normally.

    A model wins over an emergency, because what is authorised already need not be asked at all.
    """
    for model in models:
        if plan.releases and all(covers(model, release) for release in plan.releases):
            return ChangePath.STANDARD, model
    return (ChangePath.EMERGENCY if emergency else ChangePath.NORMAL), None


def covers(model: ChangeModel, release: Release) -> bool:
    """Whether a model authorises one release: its component and its bump."""
    named = not model.components or any(fnmatchcase(release.component, one) for one in model.components)
    return named and release.bump in model.bumps


def summary_of(plan: Plan) -> str:
    """Say in one line what is asked."""
    names = ", ".join(f"{one.component} {one.to_version}" for one in plan.releases)
    return one_line(f"Release train {plan.train}: {names}", 160)


def justification_of(plan: Plan, emergency: Emergency | None = None, *, train: str = "") -> str:
    """Say why each component is released, and in an emergency of a train by whose word it does not wait."""
    lines = [*(_emergency(emergency, train) if emergency else ()), f"Plan {plan.digest}"]
    for release in plan.releases:
        lines += [f"- {one_line(release.component)}: {one_line(reason)}" for reason in release.reasons]
    return bounded(lines)


def _emergency(emergency: Emergency, train: str) -> list[str]:
    """Say which emergency it is, and where the override is kept."""
    names, by = ", ".join(map(one_line, emergency.waives)), " and ".join(map(one_line, emergency.by))
    return [
        f"Emergency: {one_line(emergency.reason)}, incident {one_line(emergency.incident)}.",
        f"Overridden by {by} at {emergency.at:%Y-%m-%d %H:%M} UTC: {names}.",
        f"The override is kept with the release train {one_line(train)}: `releasepilot events {one_line(train)}`.",
        "",
    ]


def implementation_of(plan: Plan) -> str:
    """Say what is released, in which order, and where it can no longer be taken back."""
    lines = [f"Plan {plan.digest} of the release train {one_line(plan.train)}.", "", "Releases, in this order:"]
    lines += [f"{number}. {_released(release)}" for number, release in enumerate(plan.releases, 1)]
    for phase in PHASES:
        steps = [step for step in plan.steps if step.phase is phase]
        lines += ["", f"Phase {phase.value}:", *(f"- {_step(step)}" for step in steps)] if steps else []
    if plan.point_of_no_return:
        lines += ["", f"Point of no return: {one_line(plan.point_of_no_return)}."]
    return bounded(lines)


def checks_of(plan: Plan) -> str:
    """Say what is checked on the way, and that each step is looked at after it was done."""
    checks = [step for step in plan.steps if not step.effect]
    lines = ["Each step is observed before and after it is applied; it is done when the far side shows its effect."]
    lines += ["", "Checks:", *(f"- {_step(step)}" for step in checks)] if checks else ["", "There are no checks."]
    return bounded(lines)


def backout_of(plan: Plan) -> str:
    """Say what a failure does, what is undone in which order, and what would stay."""
    undone = [step for step in reversed(plan.steps) if step.effect]
    lines = [f"On failure: {plan.on_failure.value.replace('_', ' ')}.", "", "Undone in this order:"]
    lines += [f"- {_step(step)}: undo {step.undo.value}" for step in undone]
    if plan.worst_residue:
        lines += ["", "If all of it were done and then undone, this would stay:"]
        lines += [
            f"- {one_line(one.component)}/{one_line(one.step)}: {one_line(one.what)}" for one in plan.worst_residue
        ]
    else:
        lines += ["", "If all of it were done and then undone, nothing would stay."]
    return bounded(lines)


def evidence_of(plan: Plan) -> str:
    """Say what was released, with the commits that it was made of."""
    lines = [f"Plan {plan.digest} of the release train {one_line(plan.train)} was released."]
    lines += [f"- {_released(release)}, tag {one_line(release.tag)}, from {release.head}" for release in plan.releases]
    return bounded(lines)


def _released(release: Release) -> str:
    before = f" {one_line(release.from_version)} to" if release.from_version else " first release,"
    return f"{one_line(release.component)}{before} {one_line(release.to_version)} ({release.bump.value})"


def _step(step: Step) -> str:
    return f"{one_line(step.id)} by {one_line(step.uses)}"


def one_line(text: str, longest: int = _MAX_LINE) -> str:
    """Return untrusted text as one line that shows what it holds, cut where it is too long."""
    plain = " ".join(_UNSEEN.sub(" ", text).split())
    return plain if len(plain) <= longest else plain[: longest - 1] + "…"


def bounded(lines: Sequence[str], longest: int = MAX_TEXT) -> str:
    """Join lines to a text that fits, and say how many do not."""
    kept: list[str] = []
    room = longest - len("… and 10000000 more lines")
    for at, one in enumerate(lines):
        room -= len(one) + 1
        if room < 0:
            return "\n".join([*kept, f"… and {len(lines) - at} more lines"])
        kept.append(one)
    return "\n".join(kept)


def seen_state(state: ChangeState | None, approval: str) -> ChangeState | None:
    """Return where a change stands by its state and its approval: a rejected one is shown as a draft again.

    Both systems put a change back to the beginning when the board says no; only the approval tells it apart from one
    that was never asked.
    """
    waiting = (ChangeState.DRAFT, ChangeState.ASSESS, ChangeState.AUTHORIZE, ChangeState.SCHEDULED)
    return ChangeState.REJECTED if approval == "rejected" and state in waiting else state


def folded(record: ChangeRecord, sighting: Sighting) -> ChangeRecord:
    """Return the record as the other system shows it. A state that we do not know leaves ours as it was.

    People move changes as their own system lets them, so what is seen is taken as it is and not held against `MOVES`.
    """
    return record.model_copy(
        update={
            "state": sighting.state or record.state,
            "external": sighting.external,
            "begin": sighting.begin or record.begin,
            "end": sighting.end or record.end,
        }
    )


def gives_way(sighting: Sighting, record: ChangeRecord, now: datetime) -> bool:
    """Whether a normal change makes room for the emergency one of a record.

    One that is in force or may be implemented now is all the leave that is needed, so it stays. A rejection stays one.
    """
    if record.path is not ChangePath.EMERGENCY or sighting.path is not ChangePath.NORMAL:
        return False
    if sighting.state is ChangeState.SCHEDULED:
        due = (sighting.begin is None or sighting.begin <= now) and (sighting.end is None or now < sighting.end)
        return sighting.on_hold or not due
    return sighting.state in (ChangeState.DRAFT, ChangeState.ASSESS, ChangeState.AUTHORIZE, ChangeState.CANCELLED)


def drift_of(sighting: Sighting, now: datetime) -> Drift | None:
    """Return what keeps an authorised change from being in force at a moment; None where nothing does.

    A change that is in force without a schedule of its own is in force at any time.
    """
    ended = {ChangeState.CANCELLED: Drift.CANCELLED, ChangeState.REJECTED: Drift.REJECTED}
    if sighting.state in ended:
        return ended[sighting.state]
    if sighting.on_hold:
        return Drift.ON_HOLD
    if sighting.state not in _IN_FORCE:
        return Drift.WITHDRAWN
    if (sighting.begin and now < sighting.begin) or (sighting.end and now >= sighting.end):
        return Drift.RESCHEDULED
    return None
