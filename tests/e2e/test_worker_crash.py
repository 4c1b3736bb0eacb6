"""A worker that is killed in the middle of its work: each train ends as if nothing had happened.

One accident meets four trains at once, each at another bad moment: a command runs, a push has happened but nobody
was told, an undo runs, a repository is read.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from support.remotes import Remote
from support.shop import a_shop, entries
from support.stacks import eventually
from support.trains import Before, Depot, catalog_of, depot, subjects
from support.worker_process import WorkerHost, worker_host

from releasepilot.control import Servers, dial
from releasepilot.model.plan import Plan
from releasepilot.model.receipt import Receipt
from releasepilot.model.step import StepStatus
from releasepilot.model.train import Outcome, Record

pytestmark = pytest.mark.takes(7)

#: Waits, but only as long as the worker that started it lives. The second time the file is there, and it goes on.
_INTERRUPTED = """
echo $1 >> "$FOLDER/$1.log"
if [ ! -e "$FOLDER/$1.begun" ]; then
  touch "$FOLDER/$1.begun"
  while kill -0 $PPID 2>/dev/null; do sleep 0.02; done
  exit 1
fi
"""


def command(what: str, then: str) -> str:
    """Write a script that is interrupted by the accident and does its work when it is run again."""
    return f"set -- {what}\n{_INTERRUPTED}\n{then}"


@dataclass(frozen=True, kw_only=True)
class Train:
    """A train that met the accident."""

    remotes: dict[str, Remote]
    before: dict[str, Before]
    plan: Plan
    record: Record
    #: By the step's id.
    receipts: dict[str, Receipt]
    statuses: dict[str, StepStatus]


@dataclass(frozen=True, kw_only=True)
class Accident:
    """The four trains, after all of them have ended."""

    folder: Path
    command: Train
    push: Train
    undo: Train
    #: The record of the train that was being planned.
    planning: Record

    def runs(self, name: str) -> int:
        """Return how often a command was begun."""
        return len((self.folder / f"{name}.log").read_text().splitlines())


class Scene:
    """Sets trains on their way to the accident."""

    def __init__(self, folder: Path, host: WorkerHost, given: Depot) -> None:
        self.folder = folder
        self.host = host
        self.depot = given
        self.connections: list[socket.socket] = []
        self._env = {"FOLDER": str(folder)}

    async def set_off(self, name: str, step: Mapping[str, object] | None = None, hook: str = "") -> _Riding:
        """Start a train over three remotes of its own; `step` is one of api's, `hook` runs after pushes to it."""
        remotes = a_shop(self.folder / name)
        if hook:
            remotes["api"].hook("post-receive", hook)
        publish = {"uses": "exec", "shell": True, "env": self._env, **step} if step else None
        catalog = catalog_of(entries(remotes, api={"publish": [publish]} if publish else {}))
        plan = await self.depot.plan(catalog)
        before = {component: Before.of(remote) for component, remote in remotes.items()}
        return _Riding(self.depot, remotes, before, plan, await self.depot.start(catalog, plan))

    async def plan(self, silent: socket.socket) -> str:
        """Start a train over a remote that accepts and says nothing; return when its repository is being read."""
        address = f"git://127.0.0.1:{silent.getsockname()[1]}/api.git"
        request = self.depot.request(catalog_of([{"name": "api", "repo": address}]))
        train = await self.depot.control.start(request)
        connection, _ = await asyncio.to_thread(silent.accept)
        self.connections.append(connection)
        return train

    async def reached(self, *files: str) -> None:
        """Wait until commands have begun."""
        await self._until(lambda: all((self.folder / file).exists() for file in files))

    async def happened(self) -> None:
        """Wait until the worker is dead."""
        await self._until(self.host.died)

    async def _until(self, condition: Callable[[], bool]) -> None:
        await asyncio.to_thread(eventually, condition)


@dataclass(frozen=True)
class _Riding:
    depot: Depot
    remotes: dict[str, Remote]
    before: dict[str, Before]
    plan: Plan
    train: str

    async def arrive(self) -> Train:
        record = await self.depot.ended(self.train)
        steps = await self.depot.reader.steps(self.train)
        return Train(
            remotes=self.remotes,
            before=self.before,
            plan=self.plan,
            record=record,
            receipts={step.id: step.receipt for step in steps if step.receipt},
            statuses={step.id: step.status for step in steps},
        )


async def happen(scene: Scene) -> Accident:
    """Let the accident happen, start another worker, and wait until all four trains have ended."""
    folder, host, given = scene.folder, scene.host, scene.depot
    upload = {
        "name": "upload",
        "apply": command("upload", 'mkdir "$FOLDER/uploaded"'),
        "observe": 'test -d "$FOLDER/uploaded"',
        "revert": 'rmdir "$FOLDER/uploaded"',
    }
    failing = {
        "name": "deploy",
        "apply": 'touch "$FOLDER/deployed"; exit 9',
        "revert": command("undeploy", 'rm "$FOLDER/deployed"'),
        "attempts": 1,
    }
    # The server has branch and tag, and the worker dies before git can tell it so.
    killer = (
        f"while read -r _ _ ref; do case $ref in refs/tags/*) "
        f"mkdir '{folder}/killed' 2>/dev/null && kill -9 $(cat '{host.pid_file}');; esac; done"
    )
    host.start()
    one, two = await scene.set_off("one", upload), await scene.set_off("two", failing)
    await scene.reached("upload.begun", "undeploy.begun")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        four = await scene.plan(silent)
        three = await scene.set_off("three", hook=killer)
        await scene.happened()
    for connection in scene.connections:
        connection.close()
    host.start()
    return Accident(
        folder=folder,
        command=await one.arrive(),
        undo=await two.arrive(),
        push=await three.arrive(),
        planning=await given.ended(four),
    )


@pytest.fixture(scope="module")
def accident(temporal_address: str, ledger_url: str, tmp_path_factory: pytest.TempPathFactory) -> Accident:
    """Have the accident once for all tests."""
    folder = tmp_path_factory.mktemp("accident")

    async def story(host: WorkerHost) -> Accident:
        client = await dial(Servers(temporal_address=temporal_address, database_url=""))
        async with depot(client, ledger_url, folder, working=False) as given:
            return await happen(Scene(folder, host, given))

    with worker_host(folder / "host", temporal_address, ledger_url) as host:
        return asyncio.run(story(host))


def test_a_command_that_was_interrupted_is_run_again(accident: Accident) -> None:
    """The train is released, and the command's effect is there once."""
    train = accident.command
    assert train.record.outcome is Outcome.RELEASED, train.record
    assert accident.runs("upload") == 2
    assert (accident.folder / "uploaded").is_dir()
    for component, was in train.before.items():
        was.assert_released(train.plan, component)


def test_a_push_that_nobody_was_told_of_is_not_made_again(accident: Accident) -> None:
    """The next worker finds branch and tag and adopts them: the refs are those of a plain run."""
    train = accident.push
    assert (accident.folder / "killed").exists()
    assert train.record.outcome is Outcome.RELEASED, train.record
    assert train.receipts["api/push"].adopted
    assert not train.receipts["app/push"].adopted
    for component, was in train.before.items():
        was.assert_released(train.plan, component)
        assert subjects(train.remotes[component])[:2] == [f"release: {component} 1.1.0", "feat: more"]


def test_an_undo_that_was_interrupted_is_run_again(accident: Accident) -> None:
    """The train is rolled back to the end, each release commit is reverted once, and nothing is unresolved."""
    train = accident.undo
    assert train.record.outcome is Outcome.ROLLED_BACK, train.record
    assert accident.runs("undeploy") == 2
    assert not (accident.folder / "deployed").exists()
    assert not any(item.unresolved for item in train.record.residue)
    for component in ("lib", "api"):
        train.before[component].assert_taken_back()
        assert subjects(train.remotes[component], "main~2..main") == [
            f"revert: release {component} 1.1.0",
            f"release: {component} 1.1.0",
        ]
        assert train.statuses[f"{component}/push"] is StepStatus.UNDONE
    train.before["app"].assert_untouched()


def test_a_plan_that_was_interrupted_is_made_again(accident: Accident) -> None:
    """The next worker reads the repositories anew, and finds that this one has gone."""
    record = accident.planning
    assert (record.outcome, record.code) == (Outcome.FAILED, "RP201")
    assert record.cause.startswith("api: git://127.0.0.1:")
