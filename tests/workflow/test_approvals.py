"""Trains at gates with several stages, over days: each test is a story, on a server whose time can be skipped."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from support.patience import PATIENCE
from support.temporal import Stage, skipping_time, train_name
from support.temporal import stage as staged
from support.world import plan_of, step
from temporalio.testing import WorkflowEnvironment

from releasepilot.errors import VoteRefused
from releasepilot.model.event import EventType
from releasepilot.model.gate import Actor, ApprovalGate, Decision, Escalation, Excluded, Vote
from releasepilot.model.people import Contributor, Delegation, Person
from releasepilot.model.plan import Plan
from releasepilot.model.train import Outcome, Request, TrainPhase, TrainView

from .conftest import replay_twice

MANAGERS = ("anna", "bert", "carl")


@dataclass
class Days:
    """A stage whose days pass in a moment."""

    stage: Stage
    environment: WorkflowEnvironment

    async def pass_by(self, **span: float) -> None:
        """Let time pass for the server and what runs on it."""
        handle = self.stage.client.get_workflow_handle(self.stage.workflow_ids[-1])
        await self.environment.fast_forward(handle, timedelta(**span))

    async def start(self, *plans: Plan, **catalog: object) -> str:
        """Start a train whose catalog says this, too, and return when it has been planned."""
        request = self.stage.request(*plans)
        request = Request.model_validate({**dict(request), "catalog": request.catalog.model_copy(update=catalog)})
        self.stage.workflow_ids[-1] = "train/{}/{}".format(*request.train.split("-"))
        train = await self.stage.control.start(request)
        async with asyncio.timeout(PATIENCE):
            async for view in self.stage.control.watch(train):
                if view.phase is TrainPhase.WAITING or view.record is not None:
                    break
        return train

    async def vote(self, account: str, train: str, decision: Decision = Decision.APPROVE, **more: str) -> TrainView:
        """Vote as somebody."""
        return await self.stage.as_actor(account).decide(train, decision, **more)

    async def told(self, train: str, kind: EventType) -> list[dict[str, object]]:
        """Return what the ledger says of one kind of event."""
        return [dict(event.data) for event in await self.stage.reader.events(train) if event.type is kind]


@pytest.fixture
async def days(ledger_url: str, tmp_path: Path) -> AsyncIterator[Days]:
    """Give a stage on a server of its own, whose time is skipped."""
    async with skipping_time(tmp_path) as environment:
        async with staged(environment.client, ledger_url, tmp_path) as given:
            yield Days(given, environment)
        await replay_twice(given)


def a_plan(*gates: ApprovalGate, version: str = "1.0.0", by: tuple[Contributor, ...] = (), name: str = "") -> Plan:
    """Plan two components; `api` needs `lib`, which these people made."""
    steps = [step("lib", "push"), step("api", "push", "lib/push")]
    plan = plan_of(name or train_name(), steps, {"lib": (), "api": ("lib",)}, gates=gates)
    lib, api = plan.releases
    return plan.model_copy(
        update={"releases": (lib.model_copy(update={"contributors": by, "to_version": version}), api)}
    )


async def test_stages_open_in_turn(days: Days) -> None:
    """The second stage takes no vote before the first has passed; then it does, and the train runs."""
    first = ApprovalGate(name="team", users=("dora",))
    second = ApprovalGate(name="managers", roles=("managers",), quorum=2, in_turn=True)
    train = await days.start(a_plan(first, second), roles={"managers": MANAGERS})
    with pytest.raises(VoteRefused, match="anna may not vote at team"):
        await days.vote("anna", train)
    view = await days.vote("dora", train)
    assert [condition.what for condition in view.conditions] == [
        "gate managers: 0 of 2 approvals, 2 more of anna, bert, carl must approve"
    ]
    await days.vote("anna", train)
    await days.vote("carl", train)
    assert (await days.stage.ended(train)).outcome is Outcome.RELEASED
    assert [event["gate"] for event in await days.told(train, EventType.GATE_OPENED)] == ["team", "managers"]


async def test_an_approval_expires_and_has_to_be_given_again(days: Days) -> None:
    """Two approvals a week apart are not two; the first may be given again with the same words."""
    gate = ApprovalGate(name="managers", roles=("managers",), quorum=2, expires_after="2d")
    train = await days.start(a_plan(gate), roles={"managers": MANAGERS})
    await days.vote("anna", train)
    await days.pass_by(days=3)
    view = await days.vote("bert", train)
    assert "1 more of anna, carl must approve" in view.waiting_for
    await days.vote("anna", train)
    assert (await days.stage.ended(train)).outcome is Outcome.RELEASED


async def test_more_people_may_vote_when_nobody_does(days: Days) -> None:
    """After its time a reminder is told; after two days the heads may vote, and not before."""
    gate = ApprovalGate(
        name="managers", roles=("managers",), sla="8h", escalate=(Escalation(after="2d", roles=("heads",)),)
    )
    train = await days.start(a_plan(gate), roles={"managers": MANAGERS, "heads": ("hana",)})
    with pytest.raises(VoteRefused, match="hana may not vote at managers yet"):
        await days.vote("hana", train)
    await days.pass_by(hours=9)
    assert [event["reason"] for event in await days.told(train, EventType.GATE_REMINDED)] == [
        "the time in which it should be decided is over"
    ]
    await days.pass_by(days=2)
    await days.vote("hana", train)
    assert (await days.stage.ended(train)).outcome is Outcome.RELEASED
    told = await days.told(train, EventType.GATE_REMINDED)
    assert [event["reason"] for event in told][1:] == ["now these may vote, too: hana"]


async def test_a_gate_that_nobody_passes_in_time_rejects_the_train(days: Days) -> None:
    """It ends by itself, with what was missing, and nothing was done."""
    gate = ApprovalGate(name="managers", roles=("managers",), quorum=2, lapses_after="5d")
    train = await days.start(a_plan(gate), roles={"managers": MANAGERS})
    await days.vote("anna", train)
    await days.pass_by(days=6)
    record = await days.stage.ended(train)
    assert record.outcome is Outcome.REJECTED
    assert record.cause == "not approved within 5d: 1 more of bert, carl must approve"
    assert days.stage.world.present() == set()


async def test_somebody_votes_for_somebody_else_for_a_time(days: Days) -> None:
    """The vote counts in the place of who gave it, is recorded so, and the two of them are one place."""
    now = datetime.now(UTC)
    week = Delegation.model_validate(
        {"from": "bert", "to": "dora", "not_before": now + timedelta(days=1), "not_after": now + timedelta(days=8)}
    )
    gate = ApprovalGate(name="managers", roles=("managers",), quorum=2)
    train = await days.start(a_plan(gate), roles={"managers": MANAGERS}, delegations=(week,))
    with pytest.raises(VoteRefused, match="dora may not vote at managers yet"):
        await days.vote("dora", train)
    await days.pass_by(days=2)
    await days.vote("dora", train)
    view = await days.vote("bert", train)
    assert "1 more of anna, carl must approve" in view.waiting_for
    await days.vote("anna", train)
    await days.stage.ended(train)
    (passed,) = await days.told(train, EventType.GATE_PASSED)
    assert passed["approved_by"] == ["dora for bert", "anna"]


async def test_a_delegation_that_has_ended_is_refused(days: Days) -> None:
    """The day after it is nobody's vote any more."""
    now = datetime.now(UTC)
    day = Delegation.model_validate(
        {"from": "bert", "to": "dora", "not_before": now, "not_after": now + timedelta(days=1)}
    )
    gate = ApprovalGate(name="managers", roles=("managers",))
    train = await days.start(a_plan(gate), roles={"managers": MANAGERS}, delegations=(day,))
    await days.pass_by(days=2)
    with pytest.raises(VoteRefused, match="the delegation has ended"):
        await days.vote("dora", train)
    await days.vote("anna", train)
    assert (await days.stage.ended(train)).outcome is Outcome.RELEASED


async def test_a_change_reopens_the_stages_that_it_concerns_and_no_other(days: Days) -> None:
    """Votes on the part that stayed the same go on to count; the train says which stage asks again."""
    lib = ApprovalGate(name="lib-team", users=("lena",), components=("lib",))
    api = ApprovalGate(name="api-team", users=("axel",), components=("api",))
    old = a_plan(lib, api)
    new = a_plan(lib, api, version="2.0.0", name=old.train)
    train = await days.start(old, new)
    await days.vote("lena", train)
    await days.vote("axel", train)
    await days.pass_by(seconds=5)
    view = await days.stage.control.view(train)
    assert view.changes == ("lib: version 2.0.0 instead of 1.0.0",)
    assert [condition.who for condition in view.conditions] == [("lena",)]
    assert await days.told(train, EventType.GATE_REOPENED) == [
        {"gate": "lib-team", "reason": "its part of the plan changed"}
    ]
    with pytest.raises(VoteRefused, match="the plan has changed since you saw it"):
        await days.vote("lena", train, digest=old.digest)
    await days.vote("lena", train)
    assert (await days.stage.ended(train)).released["lib"] == "2.0.0"


@pytest.mark.parametrize(
    "address", ["a.mueller+oss@example.org", "77+anna-gh@users.noreply.github.com", "anna@home.example"]
)
async def test_nobody_approves_their_own_change_under_another_name(days: Days, address: str) -> None:
    """A second address, a hidden one and a further account are the same person."""
    people = {"anna": Person(accounts=("anna-gh",), addresses=("A.Mueller@example.org",))}
    gate = ApprovalGate(name="managers", roles=("managers",))
    by = (Contributor(name="A", address=address),)
    train = await days.start(a_plan(gate, by=by), roles={"managers": MANAGERS}, people=people)
    for account in ("anna", "anna-gh"):
        with pytest.raises(VoteRefused, match="anna wrote a part of lib"):
            await days.vote(account, train)
    await days.vote("bert", train)
    assert (await days.stage.ended(train)).outcome is Outcome.RELEASED


async def test_a_quorum_that_cannot_be_is_said_at_once(days: Days) -> None:
    """Who made the change does not count among those who could approve it."""
    gate = ApprovalGate(name="managers", roles=("managers",), quorum=3)
    train = await days.start(
        a_plan(gate, by=(Contributor(name="A", address="anna@example.org"),)), roles={"managers": MANAGERS}
    )
    record = await days.stage.ended(train)
    assert record.outcome is Outcome.FAILED
    assert record.cause == (
        "gate 'managers' can never pass: 2 eligible, 3 needed; without anna wrote a part of lib 1.0.0"
    )


async def test_a_replayed_vote_counts_once_and_grows_nothing(days: Days) -> None:
    """The same words again are the same vote."""
    gate = ApprovalGate(name="managers", roles=("managers",), quorum=2)
    train = await days.start(a_plan(gate), roles={"managers": MANAGERS})
    for _ in range(3):
        view = await days.vote("anna", train, comment="fine")
    assert len(view.votes) == 1
    assert "1 more" in view.waiting_for
    await days.stage.control.abort(train)
    await days.stage.ended(train)
    assert len(await days.told(train, EventType.GATE_VOTED)) == 1


async def test_a_veto_ends_it_whoever_approved(days: Days) -> None:
    """Security may not approve, and its no is enough."""
    gate = ApprovalGate(name="managers", roles=("managers",), quorum=2, veto=("security",))
    train = await days.start(a_plan(gate), roles={"managers": MANAGERS, "security": ("sam",)})
    await days.vote("anna", train)
    with pytest.raises(VoteRefused, match="sam may reject at managers, and not approve"):
        await days.vote("sam", train)
    await days.vote("sam", train, Decision.REJECT, comment="a hole")
    record = await days.stage.ended(train)
    assert (record.outcome, record.cause) == (Outcome.REJECTED, "rejected by sam: a hole")


async def test_the_requester_may_be_kept_out(days: Days) -> None:
    """Who asks for the train does not approve it, where the catalog says so."""
    gate = ApprovalGate(name="managers", roles=("managers",), exclude=(Excluded.REQUESTER,))
    train = await days.start(a_plan(gate), roles={"managers": MANAGERS})
    with pytest.raises(VoteRefused, match="anna asked for the train"):
        await days.vote("anna", train)
    await days.vote("bert", train)
    assert (await days.stage.ended(train)).outcome is Outcome.RELEASED


async def test_one_vote_is_for_the_stage_that_was_open(days: Days) -> None:
    """Who opens the next stage by their vote has not voted there; the same words again are then a vote there."""
    stages = (
        ApprovalGate(name="qa", roles=("managers",)),
        ApprovalGate(name="board", roles=("managers",), in_turn=True),
    )
    train = await days.start(a_plan(*stages), roles={"managers": MANAGERS})
    view = await days.vote("anna", train)
    assert [condition.what for condition in view.conditions] == [
        "gate board: 0 of 1 approvals, 1 more of anna, bert, carl must approve"
    ]
    await days.vote("anna", train)
    assert (await days.stage.ended(train)).outcome is Outcome.RELEASED


async def test_a_vote_that_came_at_once_with_another_is_for_what_was_seen(days: Days) -> None:
    """Two approvals of somebody who saw the first stage alone do not pass the second; who looks again may."""
    stages = (ApprovalGate(name="qa", users=("anna",)), ApprovalGate(name="board", users=("anna",), in_turn=True))
    train = await days.start(a_plan(*stages))
    handle = days.stage.client.get_workflow_handle(days.stage.workflow_ids[-1])
    view = await days.stage.control.view(train)
    seen = Vote(
        actor=Actor(account="anna"), decision=Decision.APPROVE, plan_digest=view.plan_digest, comment="x", gates=("qa",)
    )
    for _ in range(2):
        await handle.execute_update("decide", seen)
    assert [one.name for one in (await days.stage.control.view(train)).gates] == ["qa", "board"]
    assert (await days.stage.control.view(train)).record is None
    await days.vote("anna", train)
    assert (await days.stage.ended(train)).outcome is Outcome.RELEASED


async def test_terms_of_a_gate_begin_when_its_turn_comes(days: Days) -> None:
    """A stage that a vote has opened lapses by itself, and an approval of the one before it expires by itself."""
    stages = (
        ApprovalGate(name="qa", users=("anna",), expires_after="2d"),
        ApprovalGate(name="board", users=("bert",), in_turn=True, lapses_after="5d"),
    )
    train = await days.start(a_plan(*stages))
    await days.vote("anna", train)
    await days.pass_by(days=3)
    view = await days.stage.control.view(train)
    assert [condition.what.partition(":")[0] for condition in view.conditions] == ["gate qa", "gate board"]
    await days.pass_by(days=3)
    record = await days.stage.ended(train)
    assert (record.outcome, record.cause) == (
        Outcome.REJECTED,
        "not approved within 5d: 1 more of bert must approve",
    )
