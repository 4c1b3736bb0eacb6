"""A request, a plan of any size and the events of its train, for tests of the store."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from releasepilot.model.catalog import Author, Catalog, ComponentEntry, Ecosystem, OnFailure
from releasepilot.model.event import Event, EventType
from releasepilot.model.gate import Actor
from releasepilot.model.plan import Plan, Release
from releasepilot.model.receipt import Receipt
from releasepilot.model.step import Phase, Queue, SagaClass, Step, Undo
from releasepilot.model.train import Outcome, Record, Request
from releasepilot.model.version import Bump

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def a_request(name: str = "core", attempt: int = 1) -> Request:
    """Ask for a train of one component."""
    entry = ComponentEntry(name="api", repo="https://git.example.org/api.git")
    catalog = Catalog(version=1, train=name, components=(entry,))
    return Request(catalog=catalog, date="2026-03-01", attempt=attempt, requested_by=Actor(account="ada"))


def a_plan(steps: int = 2, *, changelog: str = "## 1.1.0\n") -> Plan:
    """Plan so many steps of so many components."""
    return Plan(
        train="core",
        date="2026-03-01",
        on_failure=OnFailure.ROLLBACK_ALL,
        concurrency=8,
        releases=tuple(_release(f"c{number}", changelog) for number in range(steps)),
        steps=tuple(_step(f"c{number}") for number in range(steps)),
    )


def _release(component: str, changelog: str) -> Release:
    return Release(
        component=component,
        repo=f"https://git.example.org/{component}.git",
        path=".",
        branch="main",
        head="a" * 40,
        ecosystem=Ecosystem.PYTHON,
        package=component,
        from_version="1.0.0",
        to_version="1.1.0",
        bump=Bump.MINOR,
        from_tag="v1.0.0",
        tag="v1.1.0",
        author=Author(),
        reasons=("feat: ünïcode",),
        changelog=changelog,
    )


def _step(component: str) -> Step:
    return Step(
        id=f"{component}/stage",
        component=component,
        name="stage",
        uses="git.stage",
        saga_class=SagaClass.COMPENSATABLE,
        undo=Undo.FULL,
        phase=Phase.STAGE,
        queue=Queue.GIT,
    )


def a_receipt(step: str) -> Receipt:
    """Hand back what a step of the train does."""
    return Receipt(step=step, effect_key=f"core/{step}", found="b" * 40, notes={"ref": "refs/tags/v1.1.0"}, took_ms=12)


def event(seq: int, kind: EventType, step: str = "", **data: object) -> Event:
    """Make an event, `seq` seconds after the train's start."""
    return Event.model_validate(
        {"seq": seq, "at": NOW + timedelta(seconds=seq), "type": kind, "step": step, "data": data}
    )


def happy_history(request: Request, plan: Plan) -> list[Event]:
    """Tell a train that releases everything: start, plan, each step, end."""
    events = [
        event(1, EventType.TRAIN_STARTED, request=request.model_dump(mode="json", by_alias=True)),
        event(2, EventType.TRAIN_PLANNED, digest=plan.digest),
        event(3, EventType.TRAIN_PHASE, phase="running", waiting_for=""),
    ]
    for step in plan.steps:
        seq = len(events) + 1
        receipt = a_receipt(step.id).model_dump(mode="json")
        events += [
            event(seq, EventType.STEP_STARTED, step.id),
            event(seq + 1, EventType.STEP_DONE, step.id, receipt=receipt),
        ]
    record = Record(train=request.train, outcome=Outcome.RELEASED, plan_digest=plan.digest, released={"c0": "1.1.0"})
    return [*events, event(len(events) + 1, EventType.TRAIN_ENDED, record=record.model_dump(mode="json"))]
