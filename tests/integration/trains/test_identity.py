"""Workers that ask for tokens, over real repositories: who shows none changes nothing, and is kept in the record."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.remotes import Remote
from support.shop import a_shop_remote, entries
from support.tokens import Issuer
from support.trains import Before, Depot, catalog_of, depot
from temporalio.client import Client

from releasepilot.control import Control
from releasepilot.errors import IdentityUnproven
from releasepilot.model.catalog import Catalog
from releasepilot.model.refusal import Refusal
from releasepilot.model.train import Outcome


async def kept(given: Depot, train: str) -> list[Refusal]:
    """Return what the database has of what was refused of a train."""
    return await given.reader.refusals(train)


def a_catalog(folder: Path) -> tuple[Catalog, Remote]:
    """Write a catalog over one repository."""
    remote = a_shop_remote(folder, "lib")
    return catalog_of(entries({"lib": remote})), remote


async def test_a_train_of_nobody_known_is_not_planned(temporal: Client, ledger_url: str, tmp_path: Path) -> None:
    """No repository is read for it, and the ledger says who asked."""
    catalog, remote = a_catalog(tmp_path)
    before = Before.of(remote)
    async with depot(temporal, ledger_url, tmp_path, trust=Issuer().trust) as given:
        _, record = await given.release(catalog)
        assert (record.outcome, record.code) == (Outcome.FAILED, "RP503")
        (refusal,) = await kept(given, record.train)
        assert (refusal.actor, refusal.tried, refusal.code, refusal.times) == ("anna", "start", "RP503", 1)
        assert not (tmp_path / "cache").exists()
    before.assert_untouched()


async def test_a_train_is_not_taken_back_by_nobody(temporal: Client, ledger_url: str, tmp_path: Path) -> None:
    """Somebody who is known has released; who only says so does not undo it, and is kept with what was tried."""
    issuer = Issuer()
    catalog, remote = a_catalog(tmp_path)
    async with depot(temporal, ledger_url, tmp_path, trust=issuer.trust) as given:
        plan = await given.plan(catalog)
        request = given.request(catalog, plan.digest).model_copy(update={"requested_by": issuer.actor("anna")})
        train = await given.control.start(request)
        assert (await given.ended(train)).outcome is Outcome.RELEASED
        stolen = issuer.actor("eve").model_copy(update={"account": "anna"})
        thief = Control(temporal, given.reader, stolen)
        await thief.rollback(train)
        with pytest.raises(IdentityUnproven):
            await thief.rolled_back(train)
        assert [(one.actor, one.tried, one.reason) for one in await kept(given, train)] == [
            ("anna", "rollback", "anna acts with a token of eve")
        ]
        assert "refs/tags/v1.1.0" in remote.refs()
        await Control(temporal, given.reader, issuer.actor("anna")).rollback(train)
        view = await given.control.rolled_back(train)
        assert view.record is not None
        assert view.record.outcome is Outcome.ROLLED_BACK
