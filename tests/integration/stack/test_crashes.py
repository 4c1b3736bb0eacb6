"""What the embedded stack survives."""

from __future__ import annotations

import os
import signal
import socket
import sys
from pathlib import Path

import pytest
from support.stacks import WORKER, a_stack, ask, eventually, is_alive, is_ready, part, pids_of
from temporalio.client import Client, Schedule, ScheduleActionStartWorkflow, ScheduleSpec

from releasepilot.errors import StackError
from releasepilot.settings import Settings
from releasepilot.workers.folder import StateFolder
from releasepilot.workers.local import ensure_stack, stack_status, stop_stack

pytestmark = pytest.mark.takes(7)

#: Minutes: long enough to do something with a stack that has just begun, on a slow machine too.
IDLE = "0.08"


def test_stopping_ends_every_process_and_keeps_the_rows(settings: Settings) -> None:
    """After a stop nothing runs; after the next start, on the same ports, the rows are there."""
    before = ensure_stack(settings, worker_command=WORKER)
    ask(before.database_url, "create table kept as select 42 as answer")
    pids = pids_of(settings)
    assert stop_stack(settings)
    assert not any(is_alive(pid) for pid in pids)
    assert stack_status(settings) is None
    assert not stop_stack(settings)
    after = ensure_stack(settings, worker_command=WORKER)
    assert ask(after.database_url, "select answer from kept") == 42
    assert (after.temporal_address, after.database_url) == (before.temporal_address, before.database_url)


@pytest.mark.parametrize("name", ["postgres", "temporal", "worker"])
def test_a_killed_part_is_back_in_a_moment(running: Settings, name: str) -> None:
    """Kill -9 of any part: another process has its place, on the same port, and the others were left alone."""
    before = ensure_stack(running, worker_command=WORKER)
    state = stack_status(running)
    assert state is not None
    killed = part(running, name).pid
    assert killed is not None
    os.kill(killed, signal.SIGKILL)
    took = eventually(lambda: part(running, name).pid not in (None, killed) and is_ready(running))
    # By itself the supervisor looks around twice a minute: it was told, and did not wait.
    assert took < 15
    assert part(running, name).starts == next(other.starts for other in state.parts if other.name == name) + 1
    assert ensure_stack(running, worker_command=WORKER) == before
    others = {other.name: other.pid for other in state.parts if other.name != name}
    assert {other: part(running, other).pid for other in others} == others


def test_a_killed_database_keeps_what_was_committed(running: Settings) -> None:
    """Kill -9 of PostgreSQL right after a commit loses no row."""
    url = ensure_stack(running, worker_command=WORKER).database_url
    ask(url, "create table survivor as select generate_series(1, 1000) as n")
    before = part(running, "postgres")
    os.kill(before.pid or 0, signal.SIGKILL)
    eventually(lambda: part(running, "postgres").starts > before.starts and is_ready(running))
    assert ask(url, "select count(*) from survivor") == 1000


async def test_a_killed_temporal_keeps_its_workflows(running: Settings) -> None:
    """Kill -9 of Temporal right after a start was acknowledged loses no workflow, and clients find it again."""
    endpoints = ensure_stack(running, worker_command=WORKER)
    client = await Client.connect(endpoints.temporal_address)
    handle = await client.start_workflow("Nothing", id="survivor", task_queue="none")
    before = part(running, "temporal")
    os.kill(before.pid or 0, signal.SIGKILL)
    eventually(lambda: part(running, "temporal").starts > before.starts and is_ready(running))
    assert (await handle.describe()).id == "survivor"
    await handle.terminate()


def test_a_killed_supervisor_takes_its_parts_along(settings: Settings) -> None:
    """Kill -9 of the supervisor: its parts end, and the next command starts anew on the same data."""
    before = ensure_stack(settings, worker_command=WORKER)
    ask(before.database_url, "create table kept as select 42 as answer")
    pids = pids_of(settings)
    os.kill(before.supervisor_pid or 0, signal.SIGKILL)
    eventually(lambda: stack_status(settings) is None)
    after = ensure_stack(settings, worker_command=WORKER)
    assert after.supervisor_pid != before.supervisor_pid
    assert ask(after.database_url, "select answer from kept") == 42
    if sys.platform == "linux":
        eventually(lambda: not any(is_alive(pid) for pid in pids))


def test_a_port_that_was_taken_meanwhile(settings: Settings) -> None:
    """A port that another program has by now is chosen anew; the worker is told."""
    before = ensure_stack(settings, worker_command=WORKER)
    stop_stack(settings)
    port = int(before.temporal_address.rpartition(":")[2])
    with socket.create_server(("127.0.0.1", port)):
        after = ensure_stack(settings, worker_command=WORKER)
    assert after.temporal_address != before.temporal_address
    assert after.database_url == before.database_url


def test_what_a_crash_and_a_reboot_leave(settings: Settings) -> None:
    """Stale and damaged files, with the number of a live process in them, do not keep the stack from starting."""
    before = ensure_stack(settings, worker_command=WORKER)
    os.kill(before.supervisor_pid or 0, signal.SIGKILL)
    folder = StateFolder(settings.state_dir)
    elsewhere = folder.postgres / "elsewhere"
    home = Path(elsewhere.read_text().strip()) if elsewhere.exists() else folder.postgres
    eventually(lambda: not (home / "data" / "postmaster.pid").exists())
    stale = home / "data" / "postmaster.pid"
    stale.write_text(f"{os.getpid()}\n{home / 'data'}\n1\n5432\n\n127.0.0.1\n  1  1\nready   \n")
    (folder.root / "stack.json").write_text('{"pid": 1')
    folder.ports.write_text("[17]")
    folder.supervisor_lock.write_text(str(os.getpid()))
    after = ensure_stack(settings, worker_command=WORKER)
    assert ask(after.database_url, "select 1") == 1


def started(settings: Settings, worker: tuple[str, ...]) -> StackError | None:
    """Start a stack; return what it says where it cannot."""
    try:
        ensure_stack(settings, worker_command=worker)
    except StackError as error:
        return error
    return None


def test_a_worker_that_cannot_run_is_shown(settings: Settings) -> None:
    """A worker that ends at once, again and again, is an error with the end of its log."""
    broken = (sys.executable, "-c", "raise SystemExit('the catalog of sorrows')")
    # On a slow machine the worker has ended often enough before the servers are there, and the first start says so.
    early = started(settings, broken)
    assert early is None or "the catalog of sorrows" in str(early)
    eventually(lambda: part(settings, "worker").failures > 3 and part(settings, "worker").pid is None)
    with pytest.raises(StackError, match="the catalog of sorrows"):
        ensure_stack(settings, worker_command=broken)


def test_a_state_folder_that_cannot_be(tmp_path: Path) -> None:
    """A file in the folder's place is an error that says how to choose another folder."""
    (tmp_path / "state").write_text("not a folder")
    with pytest.raises(StackError) as caught:
        ensure_stack(Settings.load({}, state_dir=tmp_path / "state"))
    assert "--state-dir" in caught.value.hint


def test_an_idle_stack_ends_itself(tmp_path: Path) -> None:
    """Without commands and without open workflows the stack ends, and leaves nothing running."""
    with a_stack(tmp_path / "state", RELEASEPILOT_IDLE_MINUTES=IDLE) as settings:
        ensure_stack(settings, worker_command=WORKER)
        pids = pids_of(settings)
        eventually(lambda: not any(is_alive(pid) for pid in pids))


async def test_a_running_train_keeps_the_stack_up(tmp_path: Path) -> None:
    """While a workflow is open the stack stays, however long nobody asks; it ends after the workflow."""
    with a_stack(tmp_path / "state", RELEASEPILOT_IDLE_MINUTES=IDLE) as settings:
        endpoints = ensure_stack(settings, worker_command=WORKER)
        client = await Client.connect(endpoints.temporal_address)
        handle = await client.start_workflow("Nothing", id="long", task_queue="none")
        pids = pids_of(settings)
        with pytest.raises(AssertionError):
            eventually(lambda: not all(is_alive(pid) for pid in pids), seconds=8)
        await handle.terminate()
        eventually(lambda: not any(is_alive(pid) for pid in pids))


async def test_a_schedule_that_is_due_some_time_keeps_the_stack_up(tmp_path: Path) -> None:
    """Nobody else would begin its train; once it is removed the stack ends."""
    with a_stack(tmp_path / "state", RELEASEPILOT_IDLE_MINUTES=IDLE) as settings:
        endpoints = ensure_stack(settings, worker_command=WORKER)
        client = await Client.connect(endpoints.temporal_address)
        action = ScheduleActionStartWorkflow("Nothing", id="nothing", task_queue="none")
        spec = ScheduleSpec(cron_expressions=["0 0 1 1 *"])
        handle = await client.create_schedule("yearly", Schedule(action=action, spec=spec))
        pids = pids_of(settings)
        with pytest.raises(AssertionError):
            eventually(lambda: not all(is_alive(pid) for pid in pids), seconds=8)
        await handle.delete()
        eventually(lambda: not any(is_alive(pid) for pid in pids))
