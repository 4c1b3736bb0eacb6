"""The queue of claims: first come, first served, all that a train needs at once, so that nobody waits in a circle."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from psycopg.rows import class_row, scalar_row

from releasepilot.model.claim import Ahead, Claim, Wanted
from releasepilot.store.pool import Connection
from releasepilot.store.sql import queries

_SQL = queries("write.sql")


async def lock(connection: Connection) -> None:
    """Let nobody else ask for claims or let them go before this transaction ends."""
    await connection.execute(_SQL["lock_claims"])


async def ask(connection: Connection, wanted: Wanted) -> Claim:
    """Ask for keys, or how a claim on them stands; within a transaction. The same keys, and fewer, keep their place."""
    await lock(connection)
    keys, holder = sorted(wanted.keys), wanted.holder
    freed: tuple[str, ...] = ()
    cursor = await connection.execute(_SQL["find_claim"], {"holder": holder})
    found = await cursor.fetchone()
    if found is not None and not set(keys) <= set(found[1]):
        # Nobody asks for more while they hold something: that is how circles begin.
        freed = await release(connection, "", holder, wanted.asked_at)
        found = None
    if found is None:
        given = {"train": wanted.train, "holder": holder, "keys": keys, "at": wanted.asked_at}
        cursor = await connection.execute(_SQL["insert_claim"], given)
        found = await cursor.fetchone()
    elif keys != sorted(found[1]):
        await connection.execute(_SQL["narrow_claim"], {"ticket": found[0], "keys": keys})
        freed = await _freed(connection, sorted(set(found[1]) - set(keys)))
    ticket: int = found[0] if found else 0
    ahead = await _ahead(connection, ticket, wanted.keys)
    if not ahead:
        await connection.execute(_SQL["grant_claim"], {"ticket": ticket, "at": wanted.asked_at})
    others = tuple(one for one in freed if one != holder)
    return Claim(ticket=ticket, ahead=ahead, overtaken=await _overtaken(connection, wanted), freed=others)


async def _overtaken(connection: Connection, wanted: Wanted) -> bool:
    if wanted.planned_at is None:
        return False
    given = {"since": wanted.planned_at, "holder": wanted.holder, "keys": sorted(wanted.keys)}
    async with connection.cursor(row_factory=scalar_row) as cursor:
        await cursor.execute(_SQL["claims_ended"], given)
        return bool(await cursor.fetchone())


async def release(connection: Connection, train: str, holder: str, at: datetime) -> tuple[str, ...]:
    """Let go what a train has, or one holder; return the workflows that need wait no longer."""
    await lock(connection)
    cursor = await connection.execute(_SQL["release_claims"], {"train": train, "holder": holder, "at": at})
    keys = [key for (held,) in await cursor.fetchall() for key in held]
    return await _freed(connection, keys)


async def _freed(connection: Connection, keys: Sequence[str]) -> tuple[str, ...]:
    if not keys:
        return ()
    async with connection.cursor(row_factory=scalar_row) as cursor:
        await cursor.execute(_SQL["claims_freed"], {"keys": list(keys)})
        return tuple(await cursor.fetchall())


async def _ahead(connection: Connection, ticket: int, keys: Mapping[str, str]) -> tuple[Ahead, ...]:
    async with connection.cursor(row_factory=class_row(Ahead)) as cursor:
        await cursor.execute(_SQL["claims_ahead"], {"ticket": ticket, "keys": sorted(keys)})
        return tuple(named(one, keys) for one in await cursor.fetchall())


def named(ahead: Ahead, keys: Mapping[str, str]) -> Ahead:
    """Return a claim with the names of what it shares in place of the keys."""
    return ahead.model_copy(update={"components": tuple(sorted(keys[key] for key in ahead.components))})
