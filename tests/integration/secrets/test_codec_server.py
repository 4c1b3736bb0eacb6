"""The codec server shows Temporal's own programs what is encrypted, and nobody else's pages."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from google.protobuf import json_format
from support.patience import PATIENCE
from support.temporal import stage, train_name
from support.world import plan_of, step
from temporalio.api.common.v1 import Payloads
from temporalio.converter import WorkflowSerializationContext

from releasepilot.control import Servers, dial
from releasepilot.workers import temporal_server
from releasepilot.workers.ports import free_port
from releasepilot.workflows.encryption import PayloadKeys, converter_of
from releasepilot.workflows.ports import train_workflow_id

KEY = os.urandom(32)
KEYS = PayloadKeys(keys={"new": KEY})
ORIGIN = "http://127.0.0.1:8233"
_DATA = re.compile(r'"data": "([^"]*)"')
HERE = WorkflowSerializationContext("default", "train/june/1")


@contextmanager
def running(folder: Path, *words: str, **environ: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """Run the command until the block ends; yield what it says first, and the process."""
    told = {"RELEASEPILOT_STATE_DIR": str(folder), **environ}
    process = subprocess.Popen(
        [sys.executable, "-m", "releasepilot.cli.main", "codec-server", "--port", "0", *words],
        env={**os.environ, **told},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    try:
        yield process.stdout.readline(), process
    finally:
        process.kill()
        process.wait(PATIENCE)
        process.stdout.close()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Give the address of a running server."""
    keys = {"RELEASEPILOT_PAYLOAD_KEYS": "new=env:CODEC_KEY", "CODEC_KEY": base64.b64encode(KEY).decode()}
    with running(tmp_path_factory.mktemp("state"), "--origin", ORIGIN, **keys) as (line, _):
        assert ORIGIN in line, line
        yield line.split()[2]


def payloads(*values: object, keys: PayloadKeys = KEYS) -> dict[str, Any]:
    """Encrypt as a workflow does, in the form that pages send."""
    encrypted = asyncio.run(converter_of(keys).with_context(HERE).encode(values))
    form: dict[str, Any] = json_format.MessageToDict(Payloads(payloads=encrypted))
    return form


def told(answer: httpx.Response) -> list[Any]:
    """Return the values of an answer."""
    assert answer.status_code == 200, answer.text
    return [json.loads(base64.b64decode(one["data"])) for one in answer.json()["payloads"]]


def test_pages_are_shown_what_is_encrypted(server: str) -> None:
    """As many payloads come back, in their order, to the origin that is configured."""
    headers = {"Origin": ORIGIN, "X-Namespace": "default"}
    answer = httpx.post(f"{server}/decode", json=payloads("platinum", {"a": 1}), headers=headers)
    assert told(answer) == ["platinum", {"a": 1}]
    assert answer.headers["access-control-allow-origin"] == ORIGIN


def test_what_pages_send_is_encrypted(server: str) -> None:
    """As for a signal that somebody writes by hand; a workflow can read it."""
    metadata = {"encoding": base64.b64encode(b"json/plain").decode()}
    plain = {"payloads": [{"metadata": metadata, "data": base64.b64encode(b'"rhodium"').decode()}]}
    answer = httpx.post(f"{server}/encode", json=plain)
    read = json_format.ParseDict(answer.json(), Payloads())
    assert b"rhodium" not in read.SerializeToString()
    assert asyncio.run(converter_of(KEYS).with_context(HERE).decode(read.payloads)) == ["rhodium"]


def test_what_cannot_be_decrypted_comes_back_as_it_was(server: str) -> None:
    """Beside it the others are shown."""
    strange = payloads("x", keys=PayloadKeys(keys={"other": KEY}))["payloads"][0]
    asked = {"payloads": [strange, *payloads("y")["payloads"]]}
    answer = httpx.post(f"{server}/decode", json=asked).json()["payloads"]
    assert answer[0]["data"] == strange["data"]
    assert base64.b64decode(answer[1]["data"]) == b'"y"'


@pytest.mark.parametrize("origin", ["http://evil.example.org", "null", "http://127.0.0.1:9999", f"{ORIGIN}.evil.org"])
def test_pages_of_others_are_shown_nothing(server: str, origin: str) -> None:
    """Neither is their question answered, nor may they ask it."""
    asked = httpx.post(f"{server}/decode", json=payloads("platinum"), headers={"Origin": origin})
    assert asked.status_code == 403
    assert "access-control-allow-origin" not in asked.headers
    may = httpx.options(f"{server}/decode", headers={"Origin": origin, "Access-Control-Request-Method": "POST"})
    assert "access-control-allow-origin" not in may.headers


def test_pages_may_ask(server: str) -> None:
    """A browser asks first whether it may, with the headers that Temporal's pages send."""
    answer = httpx.options(
        f"{server}/decode",
        headers={
            "Origin": ORIGIN,
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "authorization,content-type,x-namespace",
        },
    )
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == ORIGIN


def test_a_name_that_leads_here_is_not_served(server: str) -> None:
    """A page whose own name was pointed at this machine gets nothing."""
    answer = httpx.post(f"{server}/decode", json={"payloads": []}, headers={"Host": "evil.example.org"})
    assert answer.status_code == 400


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/decode", b"no json", 400),
        ("/decode", b"[1]", 400),
        ("/decode", b'{"payloads": [{"data": 5}]}', 400),
        ("/decode", b"\xff", 400),
        ("/decode", b"{}", 200),
        ("/elsewhere", b"{}", 404),
    ],
)
def test_strange_questions_are_refused(server: str, path: str, body: bytes, status: int) -> None:
    """In words, and the server goes on."""
    assert httpx.post(f"{server}{path}", content=body).status_code == status


def test_a_question_without_end_is_refused(server: str) -> None:
    """Nobody fills its memory."""

    def endless() -> Iterator[bytes]:
        for _ in range(40):
            yield b" " * (1 << 20)

    try:
        assert httpx.post(f"{server}/decode", content=endless(), timeout=PATIENCE).status_code == 413
    except httpx.WriteError:
        # It was hung up on.
        assert httpx.get(f"{server}/decode").status_code == 405


async def test_temporals_own_program_reads_a_train_through_it(
    server: str, temporal_address: str, ledger_url: str, tmp_path: Path
) -> None:
    """`temporal workflow show` with the codec server shows the request; without it nothing."""
    client = await dial(Servers(temporal_address=temporal_address, database_url="", payload_keys=KEYS))
    async with stage(client, ledger_url, tmp_path) as given:
        plan = plan_of(train_name(), [step("lib", "push")], {"lib": ()})
        train = await given.control.start(given.request(plan, account="platinum"))
        await given.ended(train)
    words = ["workflow", "show", "--workflow-id", train_workflow_id(train), "--output", "json"]

    def shown(*more: str) -> str:
        done = subprocess.run(
            [temporal_server.program(), *words, "--address", temporal_address, *more],
            capture_output=True,
            text=True,
            check=True,
            env={"HOME": str(tmp_path), "PATH": os.environ["PATH"]},
        )
        return "".join(base64.b64decode(data).decode("utf-8", "replace") for data in _DATA.findall(done.stdout))

    assert "platinum" not in shown()
    assert "platinum" in shown("--codec-endpoint", server)


@pytest.mark.parametrize(
    ("words", "environ", "says"),
    [
        (["--origin", ORIGIN], {"RELEASEPILOT_PAYLOAD_KEYS": ""}, "RELEASEPILOT_PAYLOAD_KEYS"),
        (["--origin", f"{ORIGIN}/pages"], {}, "scheme and a host"),
        ([], {}, "--origin"),
        (["--origin", ORIGIN], {"CODEC_KEY": "hunter2"}, "'new' is not base64"),
    ],
)
def test_what_is_missing_is_said(tmp_path: Path, words: list[str], environ: dict[str, str], says: str) -> None:
    """Before anything is listened on."""
    keys = {"RELEASEPILOT_PAYLOAD_KEYS": "new=env:CODEC_KEY", "CODEC_KEY": base64.b64encode(KEY).decode()}
    with running(tmp_path, *words, **{**keys, **environ}) as (line, process):
        assert process.stdout is not None
        said = line + process.stdout.read()
        assert process.wait(PATIENCE) != 0
    assert says in said
    assert "hunter2" not in said


def test_it_listens_on_loopback_and_ends_in_order(tmp_path: Path) -> None:
    """A taken port is told; an interruption is no failure."""
    keys = {"RELEASEPILOT_PAYLOAD_KEYS": "new=env:CODEC_KEY", "CODEC_KEY": base64.b64encode(KEY).decode()}
    port = str(free_port())
    words = ["--origin", ORIGIN, "--port", port]
    with running(tmp_path, *words, **keys) as (line, process):
        assert f"http://127.0.0.1:{port}" in line
        with running(tmp_path, *words, **keys) as (refused, second):
            assert port in refused
            assert second.wait(PATIENCE) == 1
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE) == 0
