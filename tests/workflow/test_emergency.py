"""Emergencies: the glass is broken by the right people, for the plan that they saw, and is made good afterwards."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from support.patience import PATIENCE
from support.temporal import Stage, train_name
from support.world import plan_of, step

from releasepilot.errors import ControlError
from releasepilot.model.emergency import EmergencyPolicy
from releasepilot.model.event import Event, EventType
from releasepilot.model.gate import ApprovalGate, Decision
from releasepilot.model.people import Person
from releasepilot.model.plan import Plan
from releasepilot.model.step import Phase, StepStatus
from releasepilot.model.train import Outcome, Request, TrainPhase
from releasepilot.model.window import Window
from releasepilot.store.pool import open_pool
from releasepilot.store.write import Writer

from .test_windows import waiting

GATE = ApprovalGate(name="managers", roles=("managers",))
ROLES = {"managers": ("mia",), "commanders": ("cora", "carl", "robot")}
POLICY = EmergencyPolicy(roles=("commanders",), reasons=("outage",))
FREEZE = Window(name="freeze", effect="deny", zone="UTC", start="2026-06-01T00:00", duration="90d")


def a_plan(*gates: ApprovalGate) -> Plan:
    """Plan one component with one step."""
    return plan_of(train_name(), [step("lib", "push")], {"lib": ()}, gates=gates)


async def start(stage: Stage, plan: Plan, **catalog: Any) -> str:
    """Start a train whose catalog has an emergency policy."""
    request = stage.request(plan, roles=ROLES)
    given = {"emergency": POLICY, "people": {"robot": Person(machine=True)}, **catalog}
    request = Request.model_validate({**dict(request), "catalog": request.catalog.model_copy(update=given)})
    stage.workflow_ids[-1] = "train/{}/{}".format(*request.train.split("-"))
    return await stage.control.start(request)


async def override(stage: Stage, account: str, train: str, *names: str, **more: str) -> None:
    """Break the glass as somebody."""
    given = {"reason": "outage", "incident": "INC-7", **more}
    await stage.as_actor(account).override(train, names, **given)


async def test_two_people_let_a_train_past_its_gate(stage: Stage) -> None:
    """One is not enough, and saying it twice is not two; what is waived is recorded with the incident."""
    train = await start(stage, a_plan(GATE))
    await waiting(stage, train, "managers")
    for _ in range(2):
        await override(stage, "cora", train, "managers")
    view = await stage.control.view(train)
    assert view.phase is TrainPhase.WAITING
    told = [one for one in view.conditions if one.what.startswith("override")]
    assert [(one.what, one.who) for one in told[:1]] == [
        ("override of managers for INC-7: cora alone has said so", ("carl",))
    ]
    await override(stage, "carl", train, "managers")
    record = await stage.ended(train)
    assert (record.outcome, record.waived) == (
        Outcome.RELEASED,
        ("managers: waived by cora and carl: outage, INC-7",),
    )
    events = await stage.reader.events(train)
    (passed,) = [event for event in events if event.type is EventType.GATE_PASSED]
    assert passed.data["approved_by"] == ["waived by cora and carl: outage, INC-7"]
    assert len([event for event in events if event.type is EventType.EMERGENCY_REVIEW_DUE]) == 1


async def test_nobody_is_asked_to_be_their_own_second_person(stage: Stage) -> None:
    """Under another account of theirs they are the same person, and what is told names the other one."""
    people = {"robot": Person(machine=True), "cora": Person(accounts=("cora-gh",))}
    train = await start(stage, a_plan(GATE), people=people)
    await waiting(stage, train, "managers")
    await override(stage, "cora-gh", train, "managers")
    view = await stage.control.view(train)
    told = [one.who for one in view.conditions if one.what.startswith("override")]
    assert told == [("carl",)]
    await override(stage, "carl", train, "managers")
    assert (await stage.ended(train)).outcome is Outcome.RELEASED


async def test_a_freeze_is_overridden_by_name(stage: Stage) -> None:
    """The waiver names the freeze; the train goes on at once and not when it ends."""
    stage.clock.set(datetime(2026, 7, 1, tzinfo=UTC))
    train = await start(stage, a_plan(), windows=(FREEZE,), emergency=POLICY.model_copy(update={"sole": True}))
    await waiting(stage, train, "freeze")
    await override(stage, "cora", train, "freeze")
    assert (await stage.ended(train)).outcome is Outcome.RELEASED


@pytest.mark.parametrize(
    ("account", "names", "more", "why"),
    [
        ("mia", ("managers",), {}, "mia may not override; these may: cora, carl"),
        ("robot", ("managers",), {}, "robot may not override"),
        ("cora", ("managers",), {"reason": "haste"}, "'haste' is no reason of this catalog"),
        ("cora", ("nothing",), {}, "there is no gate or window 'nothing'; there are managers"),
        ("cora", ("managers",), {"digest": "sha256:0"}, "the plan has changed since you saw it"),
    ],
)
async def test_what_cannot_be_overridden_is_refused_without_a_trace(
    stage: Stage, account: str, names: tuple[str, ...], more: dict[str, str], why: str
) -> None:
    """Neither by others, nor by programs, nor for other reasons, names and plans."""
    train = await start(stage, a_plan(GATE))
    await waiting(stage, train, "managers")
    handle = stage.client.get_workflow_handle(stage.workflow_ids[-1])
    before = (await handle.describe()).history_length
    with pytest.raises(ControlError, match=why):
        await override(stage, account, train, *names, **more)
    assert (await handle.describe()).history_length - before <= 5, "only what the journal was writing anyway"
    await stage.control.abort(train)
    assert (await stage.ended(train)).outcome is Outcome.REJECTED


async def test_components_that_are_no_emergency_are_not_released_so(stage: Stage) -> None:
    """The policy names what may be; everything else stays behind the gate."""
    train = await start(stage, a_plan(GATE), emergency=POLICY.model_copy(update={"components": ("web-*",)}))
    await waiting(stage, train, "managers")
    with pytest.raises(ControlError, match="lib may not be released in an emergency"):
        await override(stage, "cora", train, "managers")
    await stage.control.abort(train)
    await stage.ended(train)


async def test_without_a_policy_nobody_overrides(stage: Stage) -> None:
    """Denied by default."""
    train = await start(stage, a_plan(GATE), emergency=None)
    await waiting(stage, train, "managers")
    with pytest.raises(ControlError, match="the catalog has no `emergency`"):
        await override(stage, "cora", train, "managers")
    await stage.control.abort(train)
    await stage.ended(train)


async def test_a_review_that_is_overdue_holds_the_next_train(stage: Stage) -> None:
    """Once it is written, the next one starts."""
    plan = a_plan(GATE)
    train = await start(stage, plan, emergency=POLICY.model_copy(update={"sole": True}))
    await waiting(stage, train, "managers")
    await override(stage, "cora", train, "managers")
    await stage.ended(train)
    past = (datetime.now(UTC) - timedelta(minutes=1)).isoformat()
    await owe(stage, train, past)
    again = plan.model_copy(update={"date": "2026-01-02", "gates": ()})
    held = await stage.ended(await stage.control.start(stage.request(again)))
    assert (held.outcome, held.code) == (Outcome.FAILED, "RP309")
    assert held.hint == f"write down what happened: releasepilot review {train} --comment TEXT"
    await stage.control.review(train, "a cable was loose; it is screwed down now")
    (stage.world.effects / "lib+push").unlink()
    assert (await stage.run(again)).outcome is Outcome.RELEASED


async def owe(stage: Stage, train: str, due: str, seq: int = 0) -> None:
    """Let the review of a train be due at a moment."""
    data = {"incident": "INC-7", "due": due}
    seq = seq or await stage.reader.next_seq(train)
    event = Event(seq=seq, at=datetime.now(UTC), type=EventType.EMERGENCY_REVIEW_DUE, data=data)
    async with open_pool(stage.database_url) as pool:
        await Writer(pool).record(train, (event,))


async def test_a_waiver_ends_while_the_train_is_paused(stage: Stage) -> None:
    """What it let past is asked again before anything further starts."""
    stage.clock.set(datetime(2026, 7, 1, tzinfo=UTC))
    short = POLICY.model_copy(update={"sole": True, "expires_after": 3})
    train = await start(stage, a_plan(), windows=(FREEZE,), emergency=short)
    await waiting(stage, train, "freeze")
    await stage.control.pause(train)
    await override(stage, "cora", train, "freeze")
    await asyncio.sleep(4)
    await stage.control.resume(train)
    async with asyncio.timeout(PATIENCE):
        async for view in stage.control.watch(train):
            if view.phase is not TrainPhase.PAUSED and "freeze" in view.waiting_for:
                break
    assert stage.world.present() == set()
    await stage.control.abort(train)
    await stage.ended(train)


async def test_a_train_is_not_held_by_its_own_review(stage: Stage) -> None:
    """It is planned again after the review is due, and goes on."""
    second = ApprovalGate(name="second", users=("sam",), in_turn=True)
    train = await start(stage, a_plan(GATE, second), emergency=POLICY.model_copy(update={"sole": True}))
    await waiting(stage, train, "managers")
    await override(stage, "cora", train, "managers")
    await waiting(stage, train, "second")
    await owe(stage, train, (datetime.now(UTC) - timedelta(minutes=1)).isoformat(), seq=9999)
    await stage.as_actor("sam").decide(train, Decision.APPROVE)
    assert (await stage.ended(train)).outcome is Outcome.RELEASED


async def test_only_an_emergency_is_reviewed(stage: Stage) -> None:
    """A train in which nothing was waived owes nothing, however it ended."""
    plan = a_plan()
    record = await stage.run(plan)
    with pytest.raises(ControlError, match="owes no review"):
        await stage.control.review(record.train, "nothing happened")


def asking(*gates: ApprovalGate) -> Plan:
    """Plan one component that asks for leave before it is pushed."""
    steps = [step("lib", "plea", uses="plea", phase=Phase.STAGE, attempts=0), step("lib", "push")]
    return plan_of(train_name(), steps, {"lib": ()}, gates=gates)


async def incident_of(stage: Stage, train: str) -> str:
    """Return what the step that asked was told of."""
    receipt = await stage.reader.receipt(train, "lib/plea")
    assert receipt is not None
    return receipt.notes["incident"]


async def test_a_step_that_asks_is_told_of_the_emergency(stage: Stage) -> None:
    """What was waived before it began is known to it from the first attempt on."""
    train = await start(stage, asking(GATE), emergency=POLICY.model_copy(update={"sole": True}))
    await waiting(stage, train, "managers")
    await override(stage, "cora", train, "managers")
    assert (await stage.ended(train)).outcome is Outcome.RELEASED
    assert await incident_of(stage, train) == "INC-7"
    assert "?lib/plea" not in stage.world.history()


@pytest.mark.parametrize("how", ["one attempt", "again"])
async def test_a_step_that_waits_is_called_anew_in_an_emergency(stage: Stage, how: str) -> None:
    """Whether an attempt runs or the next one is due; one person alone changes nothing."""
    stage.world.order("lib/plea", how)
    train = await start(stage, asking())
    await until_running(stage, train)
    await override(stage, "cora", train, "lib/plea")
    view = await stage.control.view(train)
    assert [one.what for one in view.conditions] == ["override of lib/plea for INC-7: cora alone has said so"]
    # It is past its gates, also where these were waived or never opened.
    assert view.phase is TrainPhase.RUNNING
    assert stage.world.present() == set()
    await override(stage, "carl", train, "lib/plea")
    record = await stage.ended(train)
    assert (record.outcome, record.waived) == (
        Outcome.RELEASED,
        ("lib/plea: asked as an emergency by cora and carl: outage, INC-7",),
    )
    assert await incident_of(stage, train) == "INC-7"
    assert await stage.reader.owes_review(train)
    assert EventType.GATE_OPENED not in [event.type for event in await stage.reader.events(train)]


async def test_a_step_that_waits_is_stopped_by_an_abort(stage: Stage) -> None:
    """Calling it off is no other thing than before, and it is not called anew."""
    train = await start(stage, asking())
    await until_running(stage, train)
    await stage.control.abort(train)
    assert (await stage.ended(train)).outcome is Outcome.ROLLED_BACK
    assert stage.world.present() == set()


async def test_nothing_is_overridden_where_nothing_waits(stage: Stage) -> None:
    """A train whose steps run, and ask nobody, cannot be declared an emergency."""
    plan = plan_of(train_name(), [step("lib", "push")], {"lib": ()})
    stage.world.order("lib/push", "hang")
    train = await start(stage, plan)
    await until_running(stage, train)
    with pytest.raises(ControlError, match="waits for nothing"):
        await override(stage, "cora", train, "lib/push")
    await stage.control.abort(train)
    await stage.ended(train)


async def until_running(stage: Stage, train: str) -> None:
    """Wait until a step of a train runs."""
    async with asyncio.timeout(PATIENCE):
        async for view in stage.control.watch(train):
            if StepStatus.RUNNING in view.statuses.values():
                return
