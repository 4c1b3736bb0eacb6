"""Workers that ask for proof take nobody for somebody else, and keep no proof."""

from __future__ import annotations

import logging

import pytest
from support.temporal import Stage, train_name
from support.tokens import Issuer
from support.world import plan_of, step

from releasepilot.control import Control
from releasepilot.errors import IdentityUnproven, VoteRefused
from releasepilot.model.gate import Actor, ApprovalGate, Decision
from releasepilot.model.train import Outcome

from .test_windows import waiting

GATE = ApprovalGate(name="managers", roles=("managers",))


async def test_who_votes_proves_who_they_are(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    """An account without a token, and one with somebody else's, are refused and written to the log."""
    issuer = Issuer()
    stage.given.trust = issuer.trust
    plan = plan_of(train_name(), [step("lib", "push")], {"lib": ()}, gates=(GATE,))
    request = stage.request(plan, roles={"managers": ("mia",)}).model_copy(
        update={"requested_by": issuer.actor("rita")}
    )
    train = await stage.control.start(request)
    await waiting(stage, train, "managers")

    def acting(actor: Actor) -> Control:
        return Control(stage.client, stage.reader, actor)

    stolen = issuer.actor("rita").model_copy(update={"account": "mia"})
    with caplog.at_level(logging.WARNING):
        for actor in (Actor(account="mia", realm="os"), stolen):
            with pytest.raises(IdentityUnproven):
                await acting(actor).decide(train, Decision.APPROVE)
            with pytest.raises(IdentityUnproven):
                await acting(actor).abort(train)
    assert "refused: mia acts with a token of rita" in caplog.text
    with pytest.raises(VoteRefused, match="rita may not vote"):
        await acting(issuer.actor("rita")).decide(train, Decision.APPROVE)
    view = await acting(issuer.actor("mia")).decide(train, Decision.APPROVE)
    assert [vote.actor.token for vote in view.votes] == [""]
    assert (await stage.ended(train)).outcome is Outcome.RELEASED
    row = await stage.reader.request(train)
    assert (row.requested_by.account, row.requested_by.token) == ("rita", "")
    told = "".join(event.model_dump_json() for event in await stage.reader.events(train))
    assert "eyJ" not in told


async def test_a_train_of_somebody_unproven_does_not_begin(stage: Stage) -> None:
    """It ends before it is planned, with what to do."""
    stage.given.trust = Issuer().trust
    plan = plan_of(train_name(), [step("lib", "push")], {"lib": ()})
    record = await stage.run(plan)
    assert (record.outcome, record.code) == (Outcome.FAILED, "RP503")
    assert stage.world.present() == set()
