"""Refusals in the database: counted, bounded, and never the end of whoever writes them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from itertools import count

import psycopg
import pytest
from support.patience import until
from support.postgres import fresh_database
from support.recorded_trains import NOW, a_request, event

from releasepilot.activities.ledger import Ledger
from releasepilot.model.event import EventType
from releasepilot.model.refusal import Refusal, in_order
from releasepilot.store.pool import Pool, open_pool
from releasepilot.store.read import Reader
from releasepilot.store.write import Writer
from releasepilot.workers.refusals import keeping_refusals

_moments = count()


def refusal(train: str, actor: str = "mallory", *, reason: str = "no", code: str = "RP502") -> Refusal:
    """Make one, each a second after the last."""
    at = NOW + timedelta(seconds=next(_moments))
    return Refusal.of(train, "approve", actor, at, code=code, reason=reason)


async def _open(pool: Pool) -> str:
    request = a_request()
    await Writer(pool).open_train(request.train, request, NOW)
    return request.train


async def test_the_same_again_is_counted_in_one_row(pool: Pool) -> None:
    """First and last moment stay, the number grows."""
    train = await _open(pool)
    tries = [refusal(train) for _ in range(3)]
    for one in tries:
        assert await Writer(pool).refuse(train, (one,))
    (found,) = await Reader(pool).refusals(train)
    assert (found.times, found.at, found.last_at) == (3, tries[0].at, tries[-1].at)


async def test_nobody_fills_the_table(pool: Pool) -> None:
    """One actor has some rows, all who show no proof have as many, and a train has a bound; the rest is a number."""
    train = await _open(pool)
    writer, reader = Writer(pool), Reader(pool)
    for reasons in range(120):
        await writer.refuse(train, (refusal(train, reason=f"no {reasons}"),))
    for forged in range(120):
        await writer.refuse(train, (refusal(train, f"forged-{forged}", code="RP503"),))
    kept = await reader.refusals(train)
    assert sum(one.actor == "mallory" for one in kept) == 50
    assert sum(one.code == "RP503" for one in kept) == 50
    await writer.refuse(train, (refusal(train, "somebody"),))
    assert (await reader.refusals(train))[-1].actor == "somebody", "a flood hides nobody else"
    await writer.refuse(train, [refusal(train, f"account-{number}") for number in range(2000)])
    kept = await reader.refusals(train)
    assert len(kept) == 500
    (rest,) = [one for one in kept if not one.actor]
    assert sum(one.times for one in kept) == 120 + 120 + 1 + 2000
    assert "the rest is counted here" in rest.reason


async def test_texts_of_any_size_and_kind_are_kept_short(pool: Pool) -> None:
    """Neither a megabyte nor a NUL nor half a character stops the record."""
    train = await _open(pool)
    await Writer(pool).refuse(train, (refusal(train, "x" * 1_000_000, reason="\x00\ud800" + "ü" * 1_000_000),))
    (found,) = await Reader(pool).refusals(train)
    assert len(found.actor.encode()) <= 200
    assert len(found.reason.encode()) <= 1000
    assert Refusal.model_validate_json(found.model_dump_json()) == found


async def test_a_train_that_there_is_not_has_no_refusals(pool: Pool) -> None:
    """Whoever writes is told, and nothing is kept under a name that somebody made up."""
    assert not await Writer(pool).refuse("core-0000000000", (refusal("core-0000000000"),))
    assert await Reader(pool).refusals("core-0000000000") == []


async def test_a_flood_is_folded_before_it_is_written(pool: Pool) -> None:
    """Ten thousand different refusals from other threads take bounded room, and each of them is counted."""
    train = await _open(pool)
    async with keeping_refusals(Ledger(Writer(pool), Reader(pool))) as keeper:
        flood = [refusal(train, f"account-{number}") for number in range(10_000)]
        await asyncio.gather(*(asyncio.to_thread(_tell_all, keeper.tell, flood[part::4]) for part in range(4)))
    kept = await Reader(pool).refusals(train)
    assert len(kept) <= 501
    assert sum(one.times for one in kept) == 10_000


def _tell_all(tell: Callable[[Refusal], None], refusals: list[Refusal]) -> None:
    for one in refusals:
        tell(one)


async def test_what_comes_before_its_train_waits_for_it(pool: Pool) -> None:
    """A command may be refused before the ledger has heard of the train."""
    request = a_request()
    async with keeping_refusals(Ledger(Writer(pool), Reader(pool))) as keeper:
        keeper.tell(refusal(request.train))
        await until(lambda: keeper.unwritten == 1)
        await asyncio.sleep(0.2)
        assert keeper.unwritten == 1
        await _open(pool)
    assert [one.times for one in await Reader(pool).refusals(request.train)] == [1]


async def test_a_database_that_is_away_loses_nothing_and_blocks_nobody(
    server: str, caplog: pytest.LogCaptureFixture
) -> None:
    """They are written when it is back, in the order in which they came."""
    with fresh_database(server) as url:
        async with open_pool(url) as pool:
            train = await _open(pool)
            async with keeping_refusals(Ledger(Writer(pool), Reader(pool))) as keeper:
                with psycopg.connect(url, autocommit=True) as connection:
                    connection.execute("alter table refusal rename to away")
                    for actor in ("first", "second"):
                        keeper.tell(refusal(train, actor))
                    await until(lambda: "wait for the database" in caplog.text)
                    assert keeper.unwritten == 2
                    connection.execute("alter table away rename to refusal")
            assert [one.actor for one in await Reader(pool).refusals(train)] == ["first", "second"]


def test_refusals_stand_among_the_events_of_their_time() -> None:
    """After those of the same moment; a question that goes on after an event gets what came later."""
    train = a_request().train
    events = [event(seq, EventType.TRAIN_PAUSED) for seq in (1, 2, 3)]
    early, same = (
        Refusal.of(train, "pause", "eve", at, code="RP500", reason=str(at))
        for at in (events[0].at + timedelta(milliseconds=1), events[2].at)
    )
    assert list(in_order(events, (same, early))) == [events[0], early, *events[1:], same]
    assert list(in_order(events, (same, early), 1)) == [early, *events[1:], same]
    assert list(in_order(events, (same, early), 2)) == [events[2], same]
    assert list(in_order(events, (same, early), 3)) == [same]
    assert list(in_order((), (same,))) == [same]
