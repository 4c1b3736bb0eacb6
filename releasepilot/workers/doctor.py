"""Finding out what this machine lacks, and what to do about it."""

from __future__ import annotations

import asyncio
import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest
from temporalio.client import Client
from temporalio.service import RPCError

from releasepilot.control import Servers, dial
from releasepilot.errors import StackError
from releasepilot.model.step import Queue
from releasepilot.model.value import Value
from releasepilot.settings import Settings
from releasepilot.store.migrate import pending
from releasepilot.workers import postgres, temporal_server
from releasepilot.workers.folder import StateFolder
from releasepilot.workers.local import stack_status
from releasepilot.workers.logs import tail
from releasepilot.workers.payload_keys import payload_keys
from releasepilot.workflows.ports import task_queue

_PYTHON = (3, 11)
#: What Debian 11 has, the oldest system that is looked after.
_GIT = (2, 30)
#: Bytes that mirrors and databases should find free.
_SPACE = 1_000_000_000
#: Seconds that a server may take to answer.
_PATIENCE = 10.0
#: How often to look for a worker, a second apart.
_LOOKS = 6


class Finding(Value):
    """One thing that was looked at."""

    name: str
    ok: bool
    #: What was found, in words.
    detail: str
    #: What to do; empty where all is well.
    remedy: str = ""


def diagnose(settings: Settings) -> list[Finding]:
    """Look at everything that a train needs. Nothing is changed or started; a silent server costs some seconds."""
    findings = [_python(), _git(), _folder(settings)]
    if settings.embedded:
        findings += [_wheel("PostgreSQL", postgres.programs), _wheel("Temporal", temporal_server.program)]
        findings.append(_supervisor(settings))
    if settings.payload_keys:
        findings.append(_payload_keys(settings))
        if not findings[-1].ok:
            return findings
    servers = _servers(settings)
    if servers is None:
        return findings
    return [*findings, _database(servers.database_url), *asyncio.run(_temporal(servers))]


def _found(name: str, ok: bool, detail: str, remedy: str = "") -> Finding:
    """Make a finding, which has a remedy only where it needs one."""
    return Finding(name=name, ok=ok, detail=detail, remedy="" if ok else remedy)


def _servers(settings: Settings) -> Servers | None:
    """Return where the servers are; None where the embedded ones do not run."""
    address, database_url = settings.temporal_address, settings.database_url
    if settings.embedded:
        state = stack_status(settings)
        if state is None:
            return None
        address, database_url = state.endpoints.temporal_address, state.endpoints.database_url
    return Servers(
        temporal_address=address,
        database_url=database_url,
        temporal_namespace=settings.temporal_namespace,
        temporal_profile=settings.temporal_profile,
        temporal_environ=settings.temporal_environ,
        payload_keys=payload_keys(settings),
    )


def _payload_keys(settings: Settings) -> Finding:
    """Whether each key is where its reference says."""
    try:
        keys = payload_keys(settings)
    except StackError as error:
        return _found("payload keys", False, error.message, error.hint)
    ids = keys.ids if keys else ()
    return _found("payload keys", True, f"{', '.join(ids)}; {ids[0]} encrypts")


def _python() -> Finding:
    found = platform.python_version()
    wanted = ".".join(str(part) for part in _PYTHON)
    return _found("Python", sys.version_info >= _PYTHON, found, f"install Python {wanted}")


def _git() -> Finding:
    wanted = ".".join(str(part) for part in _GIT)
    remedy = f"install git {wanted} or newer"
    program = shutil.which("git")
    if program is None:
        return _found("git", False, "git is not on the path", remedy)
    said = subprocess.run([program, "version"], capture_output=True, text=True, check=False).stdout  # noqa: S603
    match = re.search(r"(\d+)\.(\d+)", said)
    ok = match is not None and (int(match[1]), int(match[2])) >= _GIT
    return _found("git", ok, said.strip() or "git does not say its version", remedy)


def _folder(settings: Settings) -> Finding:
    """Whether the state folder can be written to, and how much room there is."""
    folder = settings.state_dir
    existing = next((place for place in (folder, *folder.parents) if place.exists()), Path("/"))
    remedy = "choose another folder with --state-dir or RELEASEPILOT_STATE_DIR"
    if not existing.is_dir() or not os.access(existing, os.W_OK | os.X_OK):
        return _found("state folder", False, f"{existing} cannot be written to", remedy)
    free = shutil.disk_usage(existing).free
    detail = f"{folder}, {free / 1e9:.1f} GB free"
    return _found("state folder", free >= _SPACE, detail, f"make room, or {remedy}")


def _wheel(name: str, find: Callable[[], Path]) -> Finding:
    try:
        return _found(name, True, str(find()))
    except StackError as error:
        return _found(name, False, error.message, error.hint)


def _supervisor(settings: Settings) -> Finding:
    """Whether the embedded stack runs. That it does not is no fault: commands start it."""
    state = stack_status(settings)
    if state is None:
        return _found("embedded servers", True, "not running; the next command starts them")
    failing = [part for part in state.parts if part.failures and not part.ready]
    if not failing:
        return _found("embedded servers", True, f"{state.standing}, process {state.pid}")
    logs = StateFolder(settings.state_dir).logs
    ends = "; ".join(f"{part.name} ended: {tail(logs / f'{part.name}.log', 1)}" for part in failing)
    return _found("embedded servers", False, ends, f"the logs are in {logs}")


def _database(url: str) -> Finding:
    try:
        missing = pending(url)
    except StackError as error:
        return _found("database", False, error.message, "check that it runs and takes this URL")
    detail = "answers, up to date" if not missing else f"answers, but lacks {missing} migrations"
    return _found("database", not missing, detail, "run `python -m releasepilot.workers.upgrade`")


async def _temporal(servers: Servers) -> list[Finding]:
    """Whether Temporal answers, and whether a worker serves each queue."""
    try:
        async with asyncio.timeout(_PATIENCE):
            client = await dial(servers)
            unserved = await _unserved(client)
    except (StackError, RPCError, TimeoutError) as error:
        detail = str(error) or f"no answer within {_PATIENCE:.0f} seconds"
        return [_found("Temporal server", False, detail, "check that it runs at this address")]
    detail = f"nobody takes steps of {', '.join(unserved)}" if unserved else "takes steps of every queue"
    worker = _found("worker", not unserved, detail, "`releasepilot worker` starts one")
    return [_found("Temporal server", True, client.service_client.config.target_host), worker]


async def _unserved(client: Client) -> list[Queue]:
    """Return the queues that nobody serves, after giving a worker that has just been started time to ask."""
    for _ in range(_LOOKS):
        unserved = [queue for queue in Queue if not await _is_served(client, queue)]
        if not unserved:
            break
        await asyncio.sleep(1)
    return unserved


async def _is_served(client: Client, queue: Queue) -> bool:
    """Whether somebody has lately asked Temporal for steps of the queue."""
    answer = await client.workflow_service.describe_task_queue(
        DescribeTaskQueueRequest(
            namespace=client.namespace,
            task_queue=TaskQueue(name=task_queue(queue)),
            task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY,
        )
    )
    return len(answer.pollers) > 0
