"""What a running embedded stack offers."""

from __future__ import annotations

import json
import stat
import subprocess
import sys
import time
from pathlib import Path

from support.patience import PATIENCE
from support.stacks import WORKER, ask, eventually, part
from temporalio.client import Client

from releasepilot.settings import Settings
from releasepilot.store.migrate import pending
from releasepilot.workers.folder import Standing, StateFolder
from releasepilot.workers.local import ensure_stack, stack_status


async def test_both_servers_answer(running: Settings) -> None:
    """Temporal takes a client, and the database has the tables of this version, with checksums."""
    endpoints = ensure_stack(running, worker_command=WORKER)
    client = await Client.connect(endpoints.temporal_address)
    assert [workflow async for workflow in client.list_workflows("WorkflowId = 'none'")] == []
    assert pending(endpoints.database_url) == 0
    assert ask(endpoints.database_url, "show data_checksums") == "on"
    assert ask(endpoints.database_url, "select datlocale from pg_database where datname = 'releasepilot'") == "C.UTF-8"


def test_a_running_stack_costs_a_command_next_to_nothing(running: Settings) -> None:
    """Finding the servers takes less than 50 ms of a processor and starts nothing."""
    before = stack_status(running)
    spent = []
    # The first also imports, and any may be disturbed.
    for _ in range(5):
        began = time.process_time()
        endpoints = ensure_stack(running, worker_command=WORKER)
        spent.append(time.process_time() - began)
    assert min(spent) < 0.05
    assert before == stack_status(running)
    assert before is not None
    assert (before.standing, endpoints) == (Standing.READY, before.endpoints)


def test_the_worker_is_told_where_the_servers_are(running: Settings) -> None:
    """The worker finds both servers configured, so it does not look for a stack of its own."""
    endpoints = ensure_stack(running, worker_command=WORKER)
    told = running.state_dir / "told.json"
    # Nobody waits for a worker to have begun.
    eventually(told.exists)
    seen = Settings.load(json.loads(told.read_text()))
    assert not seen.embedded
    assert (seen.temporal_address, seen.database_url) == (endpoints.temporal_address, endpoints.database_url)
    assert seen.state_dir == running.state_dir


def test_the_password_is_nobody_else_s(running: Settings) -> None:
    """Files that hold the database's password are closed to other accounts, and it is asked for on loopback."""
    for file in ("stack.json", "postgres/password"):
        assert stat.S_IMODE((running.state_dir / file).stat().st_mode) == 0o600
    url = ensure_stack(running, worker_command=WORKER).database_url
    assert ask(url, "select type || ' ' || auth_method from pg_hba_file_rules where auth_method = 'trust'") is None


def test_every_part_listens_on_loopback_alone(running: Settings) -> None:
    """None of the stack's sockets can be reached from another machine."""
    state = stack_status(running)
    assert state is not None
    pids = {str(part.pid) for part in state.parts}
    inodes = {str(link.readlink()) for pid in pids for link in Path(f"/proc/{pid}/fd").iterdir() if link.is_symlink()}
    rows = [line.split() for file in ("tcp", "tcp6") for line in Path(f"/proc/net/{file}").read_text().splitlines()[1:]]
    listening = [row[1].split(":")[0] for row in rows if row[3] == "0A" and f"socket:[{row[9]}]" in inodes]
    assert listening
    assert {
        address for address in listening if address not in ("0100007F", "00000000000000000000000001000000")
    } == set()


def test_an_idle_supervisor_sleeps(running: Settings) -> None:
    """While nothing happens the supervisor uses no processor time worth mentioning."""
    endpoints = ensure_stack(running, worker_command=WORKER)

    def used() -> int:
        fields = Path(f"/proc/{endpoints.supervisor_pid}/stat").read_text().rpartition(")")[2].split()
        return int(fields[11]) + int(fields[12])

    before = used()
    time.sleep(2)
    assert used() - before <= 2


def test_processes_that_ask_at_once_share_one_supervisor(settings: Settings) -> None:
    """Four commands at the same moment start one stack."""
    code = (
        "import sys; from pathlib import Path; from releasepilot.settings import Settings;"
        "from releasepilot.workers.local import ensure_stack;"
        "s = Settings.load({}, state_dir=Path(sys.argv[1]));"
        "print(ensure_stack(s, worker_command=()).supervisor_pid)"
    )
    commands = [
        subprocess.Popen([sys.executable, "-c", code, str(settings.state_dir)], stdout=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    pids = {command.communicate(timeout=PATIENCE)[0].strip() for command in commands}
    assert len(pids) == 1
    state = stack_status(settings)
    assert state is not None
    assert pids == {str(state.pid)}
    assert part(settings, "postgres").starts == 1


def test_configured_servers_are_left_alone(tmp_path: Path) -> None:
    """Where servers are configured, nothing is started and nothing is written."""
    environ = {
        "RELEASEPILOT_TEMPORAL_ADDRESS": "temporal.example.org:7233",
        "RELEASEPILOT_DATABASE_URL": "postgresql://rp@db.example.org/rp",
    }
    endpoints = ensure_stack(Settings.load(environ, state_dir=tmp_path / "state"))
    assert endpoints.temporal_address == "temporal.example.org:7233"
    assert endpoints.supervisor_pid is None
    assert not StateFolder(tmp_path / "state").root.exists()
