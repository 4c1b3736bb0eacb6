"""The queue of claims over a real database: whatever trains ask for, and however they end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import AsyncConnection
from support.recorded_trains import a_plan, a_request, happy_history

from releasepilot.model.claim import Claim, Wanted
from releasepilot.store.pool import Pool, open_pool
from releasepilot.store.read import Reader
from releasepilot.store.write import Writer

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
KEYS = "abcdef"

#: A holder, and what it asks for; nothing where it lets go.
MOVES = st.lists(st.tuples(st.integers(0, 5), st.sets(st.sampled_from(KEYS), max_size=4)), max_size=25)


def wanted(train: str, holder: str, keys: str, *, planned_at: datetime | None = None) -> Wanted:
    """Want some keys."""
    return Wanted(
        train=train, holder=holder, keys=dict(zip(keys, keys, strict=True)), asked_at=NOW, planned_at=planned_at
    )


class Queue:
    """What the database should do, in a few lines: open claims in order."""

    def __init__(self) -> None:
        self.open: dict[str, set[str]] = {}

    def ask(self, holder: str, keys: set[str]) -> None:
        """Narrow a claim in its place, or go to the end with a new one."""
        if holder in self.open and not keys <= self.open[holder]:
            del self.open[holder]
        self.open[holder] = keys

    def ahead(self, holder: str) -> list[str]:
        """Return who came before and shares something."""
        before = list(self.open)[: list(self.open).index(holder)]
        return [other for other in before if self.open[other] & self.open[holder]]

    def held(self) -> list[set[str]]:
        """Return what is held."""
        return [keys for holder, keys in self.open.items() if not self.ahead(holder)]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(moves=MOVES)
def test_claims_are_a_fair_queue_without_circles(database_url: str, moves: list[tuple[int, set[str]]]) -> None:
    """No two hold one key, whoever came first has it first, the first of all has all, and nobody is forgotten."""
    asyncio.run(_play(database_url, moves))


async def _play(database_url: str, moves: list[tuple[int, set[str]]]) -> None:
    async with open_pool(database_url) as pool:
        train = await _a_train(pool)
        writer, queue = Writer(pool), Queue()
        async with pool.connection() as connection:
            await connection.execute("truncate claim")
        for number, keys in moves:
            holder, waiting = f"h{number}", {one for one in queue.open if queue.ahead(one)}
            if keys:
                claim = await writer.claim(wanted(train, holder, "".join(sorted(keys))))
                queue.ask(holder, keys)
                assert [one.holder for one in claim.ahead] == queue.ahead(holder)
                told = set(claim.freed)
            else:
                told = set(await writer.let_go(holder, NOW))
                queue.open.pop(holder, None)
            free = {one for one in waiting & set(queue.open) - {holder} if not queue.ahead(one)}
            assert free <= told
            for one in told:
                again = await writer.claim(wanted(train, one, "".join(sorted(queue.open[one]))))
                assert not again.ahead
            held = queue.held()
            assert sum(map(len, held)) == len(set().union(*held))
            assert not queue.open or not queue.ahead(next(iter(queue.open)))


async def _a_train(pool: Pool) -> str:
    request = a_request()
    await Writer(pool).open_train(request.train, request, NOW)
    return request.train


async def _claims(pool: Pool, ask: Callable[[int], Wanted], count: int) -> list[Claim]:
    return await asyncio.gather(*(Writer(pool).claim(ask(index)) for index in range(count)))


async def test_of_many_that_ask_at_once_one_has_it(pool: Pool) -> None:
    """Twenty connections want the same: one holds it, and each other sees all that came before."""
    train = await _a_train(pool)
    claims = await _claims(pool, lambda index: wanted(train, f"h{index}", "ab"), 20)
    assert sorted(len(claim.ahead) for claim in claims) == list(range(20))
    assert [len(claim.ahead) for claim in sorted(claims, key=lambda claim: claim.ticket)] == list(range(20))


async def test_a_ticket_is_held_until_it_is_let_go(pool: Pool) -> None:
    """The fence asks for it: one that waits, was let go, or never was is not held."""
    train, writer, reader = await _a_train(pool), Writer(pool), Reader(pool)
    first = await writer.claim(wanted(train, "one", "a"))
    second = await writer.claim(wanted(train, "two", "a"))
    assert [await reader.holds_claim(ticket) for ticket in (first.ticket, second.ticket, 10**9)] == [True, False, False]
    assert await writer.let_go("one", NOW) == ("two",)
    assert not await reader.holds_claim(first.ticket)
    assert not (await writer.claim(wanted(train, "two", "a"))).ahead
    assert await reader.holds_claim(second.ticket)


async def test_a_batch_that_comes_late_lets_nothing_go(pool: Pool) -> None:
    """A rollback keeps its claim where an earlier event of its train arrives after the train's end."""
    request, plan, writer, reader = a_request(), a_plan(1), Writer(pool), Reader(pool)
    await writer.save_plan(plan)
    await writer.open_train(request.train, request, NOW)
    history = happy_history(request, plan)
    await writer.record(request.train, [*history[:2], *history[3:]])
    claim = await writer.claim(wanted(request.train, "rollback/one", "a"))
    await writer.record(request.train, history[2:3])
    assert await reader.holds_claim(claim.ticket)


async def test_a_plan_of_before_is_told_from_one_of_after(pool: Pool) -> None:
    """Whoever planned before another train of the same keys ended has to plan again."""
    train, writer = await _a_train(pool), Writer(pool)
    await writer.claim(wanted(train, "one", "ab"))
    await writer.let_go("one", NOW)
    for planned_at, keys, overtaken in (
        (NOW - timedelta(seconds=1), "bc", True),
        (NOW - timedelta(seconds=1), "c", False),
        (NOW + timedelta(seconds=1), "bc", False),
        (None, "bc", False),
    ):
        claim = await writer.claim(wanted(train, "two", keys, planned_at=planned_at))
        assert claim.overtaken is overtaken
        await writer.let_go("two", NOW - timedelta(days=1))


async def test_what_is_claimed_is_told_by_name(pool: Pool) -> None:
    """A rollback asks who else has, or waits for, what it would take away."""
    train, writer = await _a_train(pool), Writer(pool)
    await writer.claim(wanted(train, "one", "ab"))
    await writer.claim(wanted(train, "two", "bc"))
    asked = {"b": "lib", "c": "web", "d": "app"}
    told = await Reader(pool).claimed(asked, "another train")
    assert [(one.holder, one.granted, one.components) for one in told] == [
        ("one", True, ("lib",)),
        ("two", False, ("lib", "web")),
    ]
    assert await Reader(pool).claimed(asked, train) == []


async def test_the_rows_stay_for_the_record(database_url: str, pool: Pool) -> None:
    """What was let go is kept with its times, and a holder has one open claim at most."""
    train, writer = await _a_train(pool), Writer(pool)
    await writer.claim(wanted(train, "one", "a"))
    await writer.claim(wanted(train, "one", "ab"))
    async with await AsyncConnection.connect(database_url) as connection:
        cursor = await connection.execute("select keys, released_at is null from claim order by ticket")
        assert await cursor.fetchall() == [(["a"], False), (["a", "b"], True)]
