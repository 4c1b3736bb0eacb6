"""What trains cost that wait for people: nothing runs for them, and others go on as if they were not there."""

from __future__ import annotations

import asyncio
import resource
import time
from pathlib import Path
from uuid import uuid4

from support.temporal import Stage, stage
from support.world import plan_of, step

from benchmarks.result import Result
from benchmarks.servers import running_servers
from releasepilot.control import Servers, dial
from releasepilot.model.gate import ApprovalGate
from releasepilot.model.plan import Plan
from releasepilot.model.train import Outcome, TrainPhase

TRAINS = 1000
#: Seconds over which an idle worker is watched.
WATCHED = 10.0
_GATE = ApprovalGate(roles=("managers",), sla="1d", expires_after="7d", lapses_after="30d")


def run() -> list[Result]:
    """Let a thousand trains wait; then measure what that takes, and a train beside them."""
    with running_servers() as servers:
        return asyncio.run(_measure(*servers))


async def _measure(address: str, database: str, folder: Path) -> list[Result]:
    client = await dial(Servers(temporal_address=address, database_url=database))
    async with stage(client, database, folder, cached_workflows=200) as given:
        await _released(given)
        alone = min([await _released(given) for _ in range(5)])
        before = _memory()
        begun = time.perf_counter()
        trains = [
            await given.control.start(given.request(_plan(_GATE), roles={"managers": ("mia",)})) for _ in range(TRAINS)
        ]
        for train in trains:
            await _at_its_gate(given, train)
        started = time.perf_counter() - begun
        used = resource.getrusage(resource.RUSAGE_SELF)
        await asyncio.sleep(WATCHED)
        idle = _cpu(resource.getrusage(resource.RUSAGE_SELF)) - _cpu(used)
        beside = min([await _released(given) for _ in range(5)])
    return [
        Result(
            name=f"a train beside {TRAINS} that wait, over one alone",
            value=beside / alone,
            at_most=1.5,
            how=f"{beside * 1000:.0f} ms over {alone * 1000:.0f} ms, best of 5",
        ),
        Result(
            name="share of a core that they take",
            value=100 * idle / WATCHED,
            unit="%",
            how=f"the worker's process, over {WATCHED:.0f} s; all {TRAINS} were at their gates after {started:.0f} s",
        ),
        Result(
            name="memory of the worker for each that waits",
            value=max(0.0, _memory() - before) * 1024 / TRAINS,
            unit="KiB",
            how="200 workflows stay in memory, the others in the server",
        ),
    ]


def _plan(*gates: ApprovalGate) -> Plan:
    return plan_of(f"w{uuid4().hex[:8]}", [step("lib", "push", uses="noop")], {"lib": ()}, gates=gates)


async def _released(given: Stage) -> float:
    """Release a train without gates; return the seconds that it took."""
    request = given.request(_plan())
    begun = time.perf_counter()
    await given.control.start(request)
    record = await given.client.get_workflow_handle(given.workflow_ids[-1]).result()
    if record["outcome"] != Outcome.RELEASED:
        raise RuntimeError(f"{request.train} ended as {record}")
    return time.perf_counter() - begun


async def _at_its_gate(given: Stage, train: str) -> None:
    async for view in given.control.watch(train):
        if view.phase is TrainPhase.WAITING:
            return


def _cpu(usage: resource.struct_rusage) -> float:
    return usage.ru_utime + usage.ru_stime


def _memory() -> float:
    """Return the memory that this process holds now, in MiB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 2**20
