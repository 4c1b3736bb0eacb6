"""The plans that a worker keeps at hand, over a real database."""

from __future__ import annotations

import asyncio

import pytest
from support.recorded_trains import a_plan

from releasepilot.activities.steps import PlanShelf
from releasepilot.errors import StackError
from releasepilot.model.plan import Plan
from releasepilot.store.pool import Pool
from releasepilot.store.read import Reader
from releasepilot.store.write import Writer


async def saved(pool: Pool, *steps: int) -> list[Plan]:
    """Save plans of so many steps each."""
    plans = [a_plan(number) for number in steps]
    for plan in plans:
        await Writer(pool).save_plan(plan)
    return plans


async def test_steps_that_begin_together_read_their_plan_once(pool: Pool) -> None:
    """All of them are given the same one, also when the first that asked was called off."""
    [plan] = await saved(pool, 3)
    shelf = PlanShelf(Reader(pool))
    first = asyncio.create_task(shelf.plan(plan.digest))
    others = [asyncio.create_task(shelf.plan(plan.digest)) for _ in range(10)]
    await asyncio.sleep(0)
    first.cancel()
    found = await asyncio.gather(*others)
    assert found[0] == plan
    assert len({id(one) for one in [*found, await shelf.plan(plan.digest)]}) == 1


async def test_a_large_plan_leaves_room_for_none_and_small_ones_for_many(pool: Pool) -> None:
    """What was used last stays, as far as there is room for its steps; one plan always has."""
    small, other, large = await saved(pool, 2, 3, 9)
    shelf = PlanShelf(Reader(pool), room=5)
    kept = [await shelf.plan(small.digest), await shelf.plan(other.digest)]
    assert [await shelf.plan(plan.digest) for plan in (small, other)] == kept
    assert await shelf.plan(small.digest) is kept[0]
    vast = await shelf.plan(large.digest)
    assert await shelf.plan(large.digest) is vast
    assert await shelf.plan(small.digest) is not kept[0]


async def test_a_plan_that_could_not_be_read_is_asked_for_again(pool: Pool) -> None:
    """A failure is nobody's but of those that waited for it."""
    shelf, plan = PlanShelf(Reader(pool)), a_plan(2)
    for _ in range(2):
        with pytest.raises(StackError, match="no plan"):
            await shelf.plan(plan.digest)
    await Writer(pool).save_plan(plan)
    assert await shelf.plan(plan.digest) == plan
