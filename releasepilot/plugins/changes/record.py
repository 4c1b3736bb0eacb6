"""What a board is asked about a plan, made of a call alone: the same call asks the same."""

from __future__ import annotations

from datetime import timedelta
from importlib import import_module
from typing import Any

from releasepilot.errors import StepRefused
from releasepilot.governance.change import (
    backout_of,
    checks_of,
    correlation_of,
    implementation_of,
    justification_of,
    path_of,
    summary_of,
)
from releasepilot.model.change import ChangePath, ChangeRecord
from releasepilot.model.plan import Plan
from releasepilot.plugins.spec import Call


def record_of(call: Call[Any]) -> ChangeRecord:
    """Return what is asked; in an emergency of the train the emergency board, where no model covers the plan."""
    plan, config = plan_of(call), call.config
    path, model = path_of(plan, config.models, emergency=config.emergency or call.emergency is not None)
    begin = None
    if path is ChangePath.NORMAL and config.board:
        # Only who has a board loads what expands its rule.
        meetings = import_module("releasepilot.governance.board")
        begin = meetings.earliest_authorisation(config.board, call.scheduled_at)
    return ChangeRecord(
        id=correlation_of(call.train, call.release.component),
        path=path,
        plan_digest=plan.digest,
        model_id=model.id if model else "",
        summary=summary_of(plan),
        justification=justification_of(plan, call.emergency, train=call.train),
        begin=begin,
        end=begin + timedelta(seconds=config.duration) if begin else None,
        implementation=implementation_of(plan),
        test=checks_of(plan),
        backout=backout_of(plan),
    )


def plan_text(record: ChangeRecord) -> str:
    """Return the plan as a file beside the change."""
    parts = (record.summary, record.implementation, record.test, record.backout)
    return "\n\n".join(parts) + "\n"


def plan_of(call: Call[Any]) -> Plan:
    """Return the plan that is asked about."""
    if call.plan is None:
        raise StepRefused("the call has no plan to ask about", component=call.release.component)
    return call.plan


def notes_of(call: Call[Any], record: ChangeRecord) -> dict[str, str]:
    """Return what a reader of the receipt wants to know: which change it was, on which path, and when."""
    known = record.external.model_dump(include={"system", "number", "url"}) if record.external else {}
    times = {"begin": record.begin, "end": record.end}
    incident = {"incident": call.emergency.incident} if call.emergency else {}
    return {
        **known,
        "path": record.path.value,
        "state": record.state.value,
        **incident,
        **{name: at.isoformat() for name, at in times.items() if at},
    }
