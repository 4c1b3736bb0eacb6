"""What is refused moves nothing, leaves no history, and is kept: each attack on a train is read from the database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from support.temporal import Stage, train_name
from support.tokens import Issuer
from support.world import plan_of, step

from releasepilot.control import Control
from releasepilot.errors import ControlError, IdentityUnproven, VoteRefused
from releasepilot.model.emergency import EmergencyPolicy
from releasepilot.model.event import EventType
from releasepilot.model.gate import Actor, ApprovalGate, Decision, Excluded, Vote
from releasepilot.model.people import Contributor, Delegation, Person
from releasepilot.model.plan import Plan
from releasepilot.model.refusal import Refusal, in_order
from releasepilot.model.train import Outcome, Request
from releasepilot.workflows.train import TrainWorkflow

from .test_windows import waiting

GATE = ApprovalGate(name="managers", roles=("managers",), exclude=(Excluded.AUTHOR, Excluded.REQUESTER))
ROLES = {"managers": ("mia", "max", "anna"), "commanders": ("cora",)}


def a_plan(*gates: ApprovalGate, authors: tuple[str, ...] = ()) -> Plan:
    """Plan one component with one step, written by people with these addresses."""
    plan = plan_of(train_name(), [step("lib", "push")], {"lib": ()}, gates=gates or (GATE,))
    people = tuple(Contributor(name="somebody", address=address) for address in authors)
    releases = tuple(release.model_copy(update={"contributors": people}) for release in plan.releases)
    return plan.model_copy(update={"releases": releases})


async def start(stage: Stage, *plans: Plan, roles: dict[str, tuple[str, ...]] = ROLES, **catalog: Any) -> str:
    """Start a train that waits at its gate, with more in its catalog."""
    request = stage.request(*plans, confirmed=False, roles=roles)
    request = Request.model_validate({**dict(request), "catalog": request.catalog.model_copy(update=catalog)})
    stage.workflow_ids[-1] = "train/{}/{}".format(*request.train.split("-"))
    train = await stage.control.start(request)
    await waiting(stage, train, plans[0].gates[0].name)
    return train


async def vote(stage: Stage, account: str, train: str, **given: str) -> None:
    """Approve as somebody."""
    await stage.as_actor(account).decide(train, Decision.APPROVE, **given)


async def end(stage: Stage, train: str) -> None:
    """Let a train end, so that its history can be replayed."""
    await stage.control.abort(train)
    assert (await stage.ended(train)).outcome is Outcome.REJECTED
    assert stage.world.present() == set()


def told(refusals: list[Refusal]) -> list[tuple[str, str, str, str]]:
    """Return who was refused what, with which code and why."""
    return [(one.actor, one.tried, one.code, one.reason) for one in refusals]


async def test_self_approval_through_a_second_address_is_kept(stage: Stage) -> None:
    """Anna's other address is Anna, and so is her other account."""
    anna = Person(accounts=("anna-admin",), addresses=("anna@home.example",))
    plan = a_plan(authors=("anna@home.example",))
    roles = {"managers": ("mia", "anna-admin")}
    train = await start(stage, plan, roles=roles, people={"anna": anna})
    with pytest.raises(VoteRefused):
        await vote(stage, "anna-admin", train)
    (refusal,) = await stage.refused(train)
    assert (refusal.actor, refusal.tried, refusal.code) == ("anna-admin", "approve", "RP502")
    assert refusal.reason == "anna-admin may not vote at managers: anna asked for the train"
    await end(stage, train)


async def test_a_vote_with_an_old_digest_is_kept_and_so_is_its_replay(stage: Stage) -> None:
    """The plan changed while people were asked; what Mia said of the old one counts for nothing, however often."""
    first = ApprovalGate(name="first", users=("sam",))
    second = ApprovalGate(name="second", roles=("managers",), in_turn=True)
    old = a_plan(first, second)
    new = old.model_copy(
        update={
            "date": "2026-02-02",
            "releases": tuple(release.model_copy(update={"to_version": "9.9.9"}) for release in old.releases),
        }
    )
    train = await start(stage, old, new)
    handle = stage.client.get_workflow_handle_for(TrainWorkflow.run, stage.workflow_ids[-1])
    await vote(stage, "sam", train)
    await waiting(stage, train, "second")
    stolen = Vote(actor=Actor(account="mia"), decision=Decision.APPROVE, plan_digest=old.digest, gates=("second",))
    await handle.execute_update(TrainWorkflow.decide, stolen)
    await waiting(stage, train, "first")
    for _ in range(3):
        with pytest.raises(Exception, match="update failed"):
            await handle.execute_update(TrainWorkflow.decide, stolen)
    (refusal,) = await stage.refused(train)
    assert refusal.reason == "the plan has changed since you saw it: look at it again, then vote on the new one"
    assert (refusal.actor, refusal.tried, refusal.code) == ("mia", "approve", "RP502")
    await end(stage, train)
    (refusal,) = await stage.reader.refusals(train)
    assert refusal.times == 3
    votes = [one for one in await stage.reader.events(train) if one.type is EventType.GATE_VOTED]
    assert [one.actor for one in votes] == ["sam", "mia"]


async def test_a_vote_after_the_end_of_a_delegation_is_kept(stage: Stage) -> None:
    """Whoever stood in for Mia yesterday does so no more."""
    now = datetime.now(UTC)
    ended = Delegation(giver="mia", taker="dora", not_before=now - timedelta(days=2), not_after=now - timedelta(days=1))
    train = await start(stage, a_plan(), delegations=(ended,))
    with pytest.raises(VoteRefused):
        await vote(stage, "dora", train)
    (refusal,) = await stage.refused(train)
    assert refusal.reason == "dora may not vote at managers any more: the delegation has ended"
    await end(stage, train)


async def test_a_circle_of_delegations_gives_nobody_a_vote(stage: Stage) -> None:
    """A catalog with one is refused when it is read; a request that has one all the same lets it go one step."""
    now = datetime.now(UTC)
    days = {"not_before": now - timedelta(days=1), "not_after": now + timedelta(days=1)}
    circle = (
        Delegation(giver="mia", taker="dora", **days),
        Delegation(giver="dora", taker="eve", **days),
        Delegation(giver="eve", taker="mia", **days),
    )
    train = await start(stage, a_plan(), delegations=circle)
    with pytest.raises(VoteRefused):
        await vote(stage, "eve", train)
    (refusal,) = await stage.refused(train)
    assert refusal.reason.startswith("eve may not vote at managers; these may:")
    await end(stage, train)


async def test_one_person_with_two_roles_and_two_accounts_is_one(stage: Stage) -> None:
    """Two are needed. Whatever Mia holds and calls herself, the record has her once, and the gate stays shut."""
    gate = ApprovalGate(name="managers", roles=("managers", "leads"), quorum=2)
    roles = {"managers": ("mia",), "leads": ("mia-admin", "max")}
    train = await start(stage, a_plan(gate), roles=roles, people={"mia": Person(accounts=("mia-admin",))})
    await vote(stage, "mia", train)
    await vote(stage, "mia-admin", train)
    view = await stage.control.view(train)
    assert [verdict.approved_by for verdict in view.verdicts] == [("mia",)]
    await end(stage, train)
    passed = [one for one in await stage.reader.events(train) if one.type is EventType.GATE_PASSED]
    assert passed == []


async def test_editing_the_policy_of_a_running_train_is_kept_as_what_it_is(stage: Stage) -> None:
    """Another catalog is another train. In the one that runs the new voter is nobody."""
    plan = a_plan()
    train = await start(stage, plan)
    edited = stage.request(plan, confirmed=False, roles={"managers": ("mallory",)})
    assert edited.train != train
    other = await stage.control.start(edited)
    with pytest.raises(VoteRefused):
        await vote(stage, "mallory", train)
    (refusal,) = await stage.refused(train)
    assert (refusal.actor, refusal.reason) == ("mallory", "mallory may not vote at managers; these may: mia, max")
    for one in (train, other):
        await end(stage, one)


async def test_acting_as_somebody_else_is_kept_at_every_door(stage: Stage) -> None:
    """Votes, overrides and commands with another's token or none; no token gets into the record."""
    issuer = Issuer()
    stage.given.trust = issuer.trust
    policy = EmergencyPolicy(roles=("commanders",), sole=True)
    plan = a_plan()
    request = stage.request(plan, confirmed=False, roles=ROLES)
    catalog = request.catalog.model_copy(update={"emergency": policy})
    request = request.model_copy(update={"requested_by": issuer.actor("rita"), "catalog": catalog})
    stage.workflow_ids[-1] = "train/{}/{}".format(*request.train.split("-"))
    train = await stage.control.start(request)
    await waiting(stage, train, "managers")
    stolen = Control(stage.client, stage.reader, issuer.actor("rita").model_copy(update={"account": "cora"}))
    with pytest.raises(IdentityUnproven):
        await stolen.decide(train, Decision.REJECT)
    with pytest.raises(IdentityUnproven):
        await stolen.override(train, ("managers",), reason="outage", incident="INC-1")
    for command in (stolen.pause, stolen.resume, stolen.abort, stolen.rollback):
        with pytest.raises(IdentityUnproven):
            await command(train)
    old = issuer.actor("mia", exp=datetime.now(UTC) - timedelta(minutes=1))
    with pytest.raises(IdentityUnproven):
        await Control(stage.client, stage.reader, old).decide(train, Decision.APPROVE)
    refusals = await stage.refused(train, 7)
    assert [(one.actor, one.tried) for one in refusals] == [
        *(("cora", tried) for tried in ("reject", "override", "pause", "resume", "abort", "rollback")),
        ("mia", "approve"),
    ]
    assert {one.code for one in refusals} == {"RP503"}
    assert refusals[0].reason == "cora acts with a token of rita"
    assert "eyJ" not in "".join(one.model_dump_json() for one in refusals)
    await Control(stage.client, stage.reader, issuer.actor("mia")).abort(train)
    await stage.ended(train)


async def test_a_train_that_nobody_known_asks_for_is_kept_with_why(stage: Stage) -> None:
    """The train fails before it is planned, and says who asked for it."""
    stage.given.trust = Issuer().trust
    record = await stage.run(plan_of(train_name(), [step("lib", "push")], {"lib": ()}))
    (refusal,) = await stage.refused(record.train)
    assert (refusal.actor, refusal.tried, refusal.code) == ("anna", "start", "RP503")


async def test_taking_back_and_reviewing_without_proof_are_kept(stage: Stage) -> None:
    """Also what is asked of a train that has ended, where no validator looks."""
    policy = EmergencyPolicy(roles=("commanders",), sole=True)
    train = await start(stage, a_plan(), emergency=policy)
    await stage.as_actor("cora").override(train, ("managers",), reason="outage", incident="INC-1")
    assert (await stage.ended(train)).outcome is Outcome.RELEASED
    stage.given.trust = Issuer().trust
    with pytest.raises(IdentityUnproven):
        await stage.control.review(train, "nothing to see")
    await stage.control.rollback(train)
    with pytest.raises(IdentityUnproven):
        await stage.control.rolled_back(train)
    refusals = await stage.refused(train, 2)
    assert [(one.actor, one.tried, one.code) for one in refusals] == [
        ("anna", "review", "RP503"),
        ("anna", "rollback", "RP503"),
    ]
    assert stage.world.present() == {"lib/push"}


async def test_an_override_that_cannot_count_is_kept_among_what_happened(stage: Stage) -> None:
    """In the order of time: the gate opened, then somebody tried to get past it, then it was stopped."""
    train = await start(stage, a_plan(), emergency=EmergencyPolicy(roles=("commanders",)))
    with pytest.raises(ControlError):
        await stage.as_actor("mia").override(train, ("managers",), reason="outage", incident="INC-1")
    assert told(await stage.refused(train)) == [("mia", "override", "RP500", "mia may not override; these may: cora")]
    await end(stage, train)
    events, refusals = await stage.reader.events(train), await stage.reader.refusals(train)
    types = [str(one.type) for one in in_order(events, refusals)]
    assert types.index("gate:opened") < types.index("refused") < types.index("train:aborted")
    after = next(event.seq for event in events if event.type is EventType.GATE_OPENED)
    later = [one.type for one in in_order(events, refusals, after)]
    assert "refused" in later
    assert "gate:opened" not in later


async def test_a_command_before_the_train_is_planned_is_kept(stage: Stage) -> None:
    """Also where the ledger does not know the train yet."""
    stage.given.delay = 1.0
    plan = a_plan()
    train = await stage.control.start(stage.request(plan, confirmed=False, roles=ROLES))
    with pytest.raises(VoteRefused):
        await vote(stage, "mia", train)
    (refusal,) = await stage.refused(train)
    assert refusal.reason.endswith("is at no gate: it is planning")
    await waiting(stage, train, "managers")
    await end(stage, train)
