"""What goes wrong: processes that end or stand still, wires that are cut or slow, a full disk, a clock that jumps."""

from __future__ import annotations

import asyncio
import resource
from collections.abc import Awaitable, Callable
from contextlib import suppress
from random import Random

from chaos.stand import FAKETIME, PARTS, Stand

#: Does its harm and mends it again; False where it found nothing to harm.
Fault = Callable[[Stand, Random], Awaitable[bool]]


def _kill(part: str) -> Fault:
    async def fault(stand: Stand, _: Random) -> bool:
        return stand.kill(part)

    return fault


async def _kill_all(stand: Stand, _: Random) -> bool:
    done = stand.kill_all()
    await stand.up()
    return done


def _freeze(part: str, at_least: float, at_most: float) -> Fault:
    async def fault(stand: Stand, random: Random) -> bool:
        return await stand.freeze(part, random.uniform(at_least, at_most))

    return fault


def _cut(part: str) -> Fault:
    async def fault(stand: Stand, _: Random) -> bool:
        return stand.proxies[part].cut() > 0

    return fault


def _slow(part: str) -> Fault:
    async def fault(stand: Stand, random: Random) -> bool:
        proxy = stand.proxies[part]
        proxy.delay = random.uniform(0.05, 0.5)
        await asyncio.sleep(random.uniform(1, 4))
        proxy.delay = 0.0
        return True

    return fault


def _silence(part: str) -> Fault:
    async def fault(stand: Stand, random: Random) -> bool:
        stand.proxies[part].stall()
        await asyncio.sleep(random.uniform(1, 6))
        stand.proxies[part].flow()
        return True

    return fault


def _full_disk(part: str) -> Fault:
    """Let a process write no more into any file; what it starts meanwhile cannot either.

    The kernel answers with EFBIG in ENOSPC's place, and a signal besides, which is harder than a disk that is full.
    """

    async def fault(stand: Stand, random: Random) -> bool:
        pid = stand.pid(part)
        if pid is None:
            return False
        try:
            _, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, hard))
        except ProcessLookupError:
            return False
        await asyncio.sleep(random.uniform(0.5, 3))
        # Some of them end when they cannot write.
        with suppress(ProcessLookupError):
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (hard, hard))
        return True

    return fault


async def _clock_jump(stand: Stand, random: Random) -> bool:
    now = int(stand.clock.read_text())
    stand.clock.write_text(f"+{now + random.choice([5, 60, 3600, 86400])}")
    return True


#: Name, fault, and how often it comes beside the others.
FAULTS: dict[str, tuple[Fault, int]] = {
    "kill -9 worker": (_kill("worker"), 6),
    "kill -9 temporal": (_kill("temporal"), 6),
    "kill -9 postgres": (_kill("postgres"), 6),
    "kill -9 everything": (_kill_all, 3),
    **{f"stop {part} for seconds": (_freeze(part, 0.5, 8), 3) for part in PARTS},
    **{f"stop {part} for 30 s": (_freeze(part, 30, 30), 1) for part in PARTS},
    **{f"cut {part}": (_cut(part), 5) for part in ("temporal", "postgres")},
    **{f"slow {part}": (_slow(part), 3) for part in ("temporal", "postgres")},
    **{f"silence {part}": (_silence(part), 3) for part in ("temporal", "postgres")},
    **{f"full disk of {part}": (_full_disk(part), 2) for part in PARTS},
    **({"clock jumps": (_clock_jump, 4)} if FAKETIME else {}),
}
