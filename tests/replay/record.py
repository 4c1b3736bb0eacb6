"""Record the histories that later versions must replay: `python tests/replay/record.py [SCENARIO ...]`.

Run it once for each version that changes what a workflow does, and keep the files of the versions before.
"""

from __future__ import annotations

import asyncio
import re
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from support.postgres import fresh_database
from support.temporal import Stage, stage, train_name
from support.world import plan_of, step

from releasepilot import __version__
from releasepilot.control import Servers, dial
from releasepilot.model.catalog import OnFailure
from releasepilot.model.gate import ApprovalGate, Decision
from releasepilot.model.plan import Plan
from releasepilot.model.step import Phase, StepStatus
from releasepilot.model.train import TrainPhase
from releasepilot.model.window import Window
from releasepilot.workers.throwaway import running_postgres, running_temporal

FOLDER = Path(__file__).with_name("histories")
#: Traces name the folders of the machine that recorded; a replay does not read them.
_STACK_TRACE = re.compile(r'"stackTrace": "(?:[^"\\]|\\.)*"')
NEEDS: dict[str, tuple[str, ...]] = {"lib": (), "api": ("lib",), "web": ("lib",), "app": ("api", "web")}


def diamond(on_failure: OnFailure = OnFailure.ROLLBACK_ALL, gates: tuple[ApprovalGate, ...] = ()) -> Plan:
    """Make a plan of four components."""
    steps = [step(name, "stage", phase=Phase.STAGE) for name in NEEDS]
    steps += [step(name, "push", f"{name}/stage", *(f"{need}/push" for need in needs)) for name, needs in NEEDS.items()]
    return plan_of(train_name(), steps, NEEDS, on_failure=on_failure, gates=gates)


async def released(given: Stage) -> None:
    """Everything works."""
    await given.run(diamond())


async def rolled_back(given: Stage) -> None:
    """A step fails and everything is undone."""
    given.world.order("web/push", "after")
    await given.run(diamond())


async def partly_released(given: Stage) -> None:
    """A step fails; its component and the dependents are undone."""
    given.world.order("api/push", "refuse")
    await given.run(diamond(OnFailure.ROLLBACK_DEPENDENTS))


async def approved(given: Stage) -> None:
    """A gate is passed by two people."""
    gate = ApprovalGate(roles=("managers",), quorum=2)
    train = await given.control.start(given.request(diamond(gates=(gate,)), roles={"managers": ("anna", "bert")}))
    await reached(given, train, TrainPhase.WAITING)
    await given.control.decide(train, Decision.APPROVE)
    await given.as_actor("bert").decide(train, Decision.APPROVE)
    await given.ended(train)


async def paused_and_aborted(given: Stage) -> None:
    """A train is paused, resumed and aborted while a step hangs."""
    given.world.order("web/push", "hang")
    train = await given.control.start(given.request(diamond()))
    while (await given.control.view(train)).statuses.get("web/push") is not StepStatus.RUNNING:  # noqa: ASYNC110 - a view is asked for
        await asyncio.sleep(0.05)
    await given.control.pause(train)
    await given.control.resume(train)
    await given.control.abort(train, "enough")
    await given.ended(train)


async def rolled_back_later(given: Stage) -> None:
    """An ended train is rolled back."""
    train = await given.control.start(given.request(diamond()))
    await given.ended(train)
    await given.control.rollback(train, ("api",))
    await given.control.rolled_back(train)
    name, _, _ = train.rpartition("-")
    given.workflow_ids.append(f"rollback/{name}/{train}")


async def windowed(given: Stage) -> None:
    """A train waits for its window."""
    office = Window(name="office", zone="Europe/Berlin", start="2026-01-05T09:00", duration="8h", rrule="FREQ=DAILY")
    given.clock.set(datetime(2026, 7, 6, 6, 59, 57, tzinfo=UTC))
    await given.ended(await given.control.start(given.request(diamond(), windows=(office,))))


async def crossed(given: Stage) -> None:
    """A window closes over a running train, which waits for the next one."""
    first = Window(name="first", zone="UTC", start="2026-07-06T10:00", duration="1m")
    second = Window(name="second", zone="UTC", start="2026-07-06T10:01:03", duration="1h")
    steps = [step("lib", "stage", phase=Phase.STAGE, estimate=1), step("lib", "push", "lib/stage", estimate=30)]
    given.clock.set(datetime(2026, 7, 6, 10, 0, 54, tzinfo=UTC))
    plan = plan_of(train_name(), steps, {"lib": ()})
    await given.ended(await given.control.start(given.request(plan, windows=(first, second))))


SCENARIOS = (released, rolled_back, partly_released, approved, paused_and_aborted, rolled_back_later, windowed, crossed)


async def reached(given: Stage, train: str, phase: TrainPhase) -> None:
    """Wait for a phase."""
    while (await given.control.view(train)).phase is not phase:  # noqa: ASYNC110 - a view is asked for
        await asyncio.sleep(0.05)


async def main(address: str, database: str, root: Path) -> None:
    """Run each scenario in a folder of its own and save what it left."""
    client = await dial(Servers(temporal_address=address, database_url=database))
    for scenario in (one for one in SCENARIOS if one.__name__ in sys.argv[1:] or not sys.argv[1:]):
        folder = root / scenario.__name__
        folder.mkdir()
        async with stage(client, database, folder) as given:
            await scenario(given)
            for number, workflow_id in enumerate(given.workflow_ids):
                history = await client.get_workflow_handle(workflow_id).fetch_history()
                suffix = f"-{number}" if number else ""
                target = FOLDER / f"{__version__}-{scenario.__name__}{suffix}.json"
                target.write_text(_STACK_TRACE.sub('"stackTrace": ""', history.to_json()))


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder)
        for part in ("postgres", "temporal"):
            (base / part).mkdir()
        with (
            running_postgres(base / "postgres") as url,
            fresh_database(url) as fresh,
            running_temporal(base / "temporal") as where,
        ):
            asyncio.run(main(where, fresh, base))
