"""Faults into running trains: `python -m chaos.run [--faults N] [--seed N]`."""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from chaos.far_side import FarSide
from chaos.faults import FAULTS
from chaos.journey import Course, Journey
from chaos.stand import FAKETIME, Stand, stand_in
from temporalio.client import Client

from releasepilot.control import Servers, dial
from releasepilot.store.pool import open_pool
from releasepilot.store.read import Reader

#: Trains that are under way at any time.
SIDE_BY_SIDE = 5
#: Seconds between two faults, at most.
_PAUSE = 4.0
#: Seconds for what is under way at the end to come to its own end, with nothing in its way.
_QUIET = 240.0


@dataclass
class Tally:
    """What was done, and what came of it."""

    faults: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)
    violations: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def __str__(self) -> str:
        lines = [f"{count:5} {name}" for name, count in sorted(self.faults.items())]
        lines += [f"{self.faults.total():5} faults in {self.seconds:.0f} s", ""]
        lines += [f"{count:5} {name}" for name, count in sorted(self.outcomes.items())]
        lines += [f"{self.outcomes.total():5} trains, {len(self.violations)} violations", *self.violations]
        return "\n".join(lines)


async def chaos(folder: Path, *, faults: int, seed: int, boundaries: bool = True) -> Tally:
    """Run trains and let so many things go wrong, then let all of them end; return what came of it."""
    tally = Tally()
    began = time.monotonic()
    async with stand_in(folder) as stand:
        client = await dial(
            Servers(temporal_address=stand.endpoints.temporal_address, database_url=stand.endpoints.database_url)
        )
        async with open_pool(stand.endpoints.database_url) as pool:
            line = _Line(folder / "trains", client, Reader(pool), Random(seed), tally)
            if boundaries:
                await line.one_killed_at_every_step(stand)
            await _random_faults(stand, line, faults, Random(seed + 1))
    tally.seconds = time.monotonic() - began
    return tally


async def _random_faults(stand: Stand, line: _Line, faults: int, random: Random) -> None:
    """Keep trains under way and let things go wrong, several at once where they take their time."""
    running = asyncio.Event()
    running.set()
    crews = [asyncio.create_task(line.keep_going(running)) for _ in range(SIDE_BY_SIDE)]
    under_way: set[asyncio.Task[None]] = set()
    while line.tally.faults.total() + len(under_way) < faults:
        name = random.choices(list(FAULTS), [weight for _, weight in FAULTS.values()])[0]
        task = asyncio.create_task(line.harm(name, stand, Random(random.random())))
        under_way.add(task)
        task.add_done_callback(under_way.discard)
        await asyncio.sleep(random.uniform(0, _PAUSE))
        # What stands still for long would hold up the count of what is quick.
        if len(under_way) > 3:
            await asyncio.wait(under_way, return_when=asyncio.FIRST_COMPLETED)
    await asyncio.gather(*under_way)
    running.clear()
    await stand.up()
    done, late = await asyncio.wait(crews, timeout=_QUIET)
    line.tally.violations += ["a train has not ended, with nothing in its way"] * len(late)
    for crew in late:
        crew.cancel()
    for crew in done:
        crew.result()


@dataclass
class _Line:
    """Where trains come from."""

    folder: Path
    client: Client
    reader: Reader
    random: Random
    tally: Tally
    _number: int = 0

    async def keep_going(self, running: asyncio.Event) -> None:
        """Run one train after the other."""
        while running.is_set():
            await self.one(self.random.choice(list(Course)))

    async def one(self, course: Course) -> None:
        """Run a train to its end, and note what came of it."""
        journey, folder = self._journey(course)
        await self._end(journey, folder)

    async def one_killed_at_every_step(self, stand: Stand) -> None:
        """Run a train whose worker is killed whenever something can be seen from outside that was not there before."""
        journey, folder = self._journey(Course.PLAIN)
        ending = asyncio.create_task(self._end(journey, folder))
        seen = journey.far_side.effects()
        while not ending.done():
            now = await asyncio.to_thread(journey.far_side.effects)
            if now != seen:
                seen = now
                self.tally.faults["kill -9 worker after an effect"] += stand.kill("worker")
            await asyncio.sleep(0.005)
        await ending

    async def harm(self, name: str, stand: Stand, random: Random) -> None:
        """Let one thing go wrong."""
        fault, _ = FAULTS[name]
        self.tally.faults[name] += await fault(stand, random)

    def _journey(self, course: Course) -> tuple[Journey, Path]:
        self._number += 1
        folder = self.folder / f"{self._number}"
        far_side = FarSide.make(folder, refuses=course is Course.REFUSED, gated=course is Course.GATED)
        random = Random(self.random.random())
        return Journey(far_side, course, self.client, self.reader, random), folder

    async def _end(self, journey: Journey, folder: Path) -> None:
        try:
            _, record = await journey.run(folder)
        except AssertionError as error:
            self.tally.violations.append(f"{folder.name} ({journey.course}): {error}")
        else:
            self.tally.outcomes[f"{journey.course}: {record.outcome}"] += 1


def main(argv: list[str]) -> int:
    """Run it and print what came of it; return 1 where a promise was broken."""
    parser = argparse.ArgumentParser(prog="chaos.run")
    parser.add_argument("--faults", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args(argv)
    if FAKETIME is None:
        print("no clock jumps: Debian's package `faketime` is not installed", file=sys.stderr)
    with tempfile.TemporaryDirectory(prefix="releasepilot-chaos-") as folder, suppress(KeyboardInterrupt):
        tally = asyncio.run(chaos(Path(folder), faults=given.faults, seed=given.seed))
        print(tally)
        return 1 if tally.violations else 0
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
