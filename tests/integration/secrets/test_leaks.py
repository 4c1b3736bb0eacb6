"""Secrets are planted wherever one can enter, trains end in every way, and nothing that they leave holds one.

Everything is real: the commands and the worker are processes, the servers are servers, and one of the actuators gives
its secret away wherever it can. What was looked at is also shown to be looked at: public words are found there.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import pytest
from support import aws
from support.answers import Answers, running_answers
from support.collector import Collector, running_collector
from support.leaky import installed
from support.openbao import OpenBao, running_openbao
from support.patience import PATIENCE
from support.postgres import fresh_database
from support.shop import a_shop_remote
from support.tokens import ISSUER, Issuer
from support.worker_process import WorkerHost, worker_host
from temporalio.api.common.v1 import Payload

from releasepilot.control import Control, Servers, connect, dial
from releasepilot.model.catalog import Catalog
from releasepilot.model.train import Outcome, Request, request_of
from releasepilot.plugins.registry import Registry
from releasepilot.plugins.secrets.hiding import forms_of
from releasepilot.workers.throwaway import running_temporal
from releasepilot.workflows.encryption import Codec, PayloadKeys

pytestmark = [pytest.mark.slow, pytest.mark.takes(5), pytest.mark.timeout(600)]

#: Stands in the catalogs, is no secret, and shows that there is something to be found.
WORD = "platinum"
KEY = os.urandom(32)
#: A token of a person is part of what a train was told, so histories hold it unless they are encrypted.
OF_A_PERSON = "token"
REFERENCES = {
    "A": "env:PLANTED",
    "B": "file:{folder}/planted",
    "C": "vault:kv/releases/npm#token",
    "D": "aws-sm:prod/npm#token",
}


@dataclass
class Scene:
    """The servers, the secrets, and everything that was left."""

    folder: Path
    planted: dict[str, str]
    environ: dict[str, str]
    servers: Servers
    issuer: Issuer
    answers: Answers
    collector: Collector
    host: WorkerHost
    temporal_folder: Path
    keys: PayloadKeys | None
    said: list[bytes] = field(default_factory=list)
    histories: list[bytes] = field(default_factory=list)
    decoded: list[bytes] = field(default_factory=list)
    records: dict[str, Any] = field(default_factory=dict)

    def command(self, *words: str, status: int | None = 0) -> str:
        """Run a command as its own process, and keep what it says."""
        done = subprocess.run(
            [sys.executable, "-m", "releasepilot.cli.main", "--state-dir", str(self.folder / "commands"), *words],
            env=self.environ,
            capture_output=True,
            check=False,
            timeout=PATIENCE,
        )
        self.said += [done.stdout, done.stderr]
        assert status is None or done.returncode == status, (words, done.returncode, done.stdout, done.stderr)
        return done.stdout.decode()

    def catalog(self, name: str, *publish: dict[str, Any]) -> str:
        """Write a catalog of one component that is published by these steps, and return its file."""
        component = self.component(a_shop_remote(self.folder / name, "lib").url, list(publish))
        file = self.folder / f"{name}.yaml"
        file.write_text(json.dumps({"version": 1, "train": name, "components": [component]}))
        return str(file)

    def release(self, name: str, *publish: dict[str, Any]) -> None:
        """Release it, look at it in every way, and keep its record."""
        self.command("-C", self.catalog(name, *publish), "release", "--yes", status=None)
        self.records[name] = json.loads(self.command("status", name, "--json", status=None))
        self.command("--verbose", "status", name, "--plan", status=None)
        self.command("explain", name, status=None)

    def component(self, url: str, publish: list[dict[str, Any]]) -> dict[str, Any]:
        """Describe a component whose health is asked with a secret."""
        health = {"uses": "http", "url": f"{self.answers.url}/health", "token": REFERENCES["C"], "within": 5}
        return {"name": "lib", "repo": url, "publish": publish, "health": [health]}

    def exec(self, name: str, apply: str, **more: Any) -> dict[str, Any]:
        """Declare a command that is given all secrets."""
        given = {variable: text.format(folder=self.folder) for variable, text in REFERENCES.items()}
        step = {"uses": "exec", "name": name, "shell": True, "tree": False, "attempts": 1, "env": {"PUBLIC": WORD}}
        return {**step, "secret_env": given, "apply": apply, **more}


def leaky(way: str, **more: Any) -> dict[str, Any]:
    """Declare the actuator that gives everything away."""
    return {"uses": "leaky", "name": way, "token": "env:PLANTED", "way": way, "attempts": 2, **more}


ALL = 'echo "$PUBLIC $A $B $C $D"; printf "bot:$A" | base64; printf %s "$B" | base64'
MEGABYTES = 'while :; do printf "%s" "$A$B$C$D"; done | head -c 5000000; exit 1'


@pytest.fixture(scope="module")
def scenes(postgres: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[bool, Scene]]:
    """Plant, run, collect: once as Temporal keeps it by itself, once encrypted; side by side, as it mostly waits."""
    with ExitStack() as stack:
        both = {
            encrypted: planted(stack, tmp_path_factory.mktemp("leaks"), postgres, encrypted=encrypted)
            for encrypted in (False, True)
        }
        with ThreadPoolExecutor() as beside:
            for done in [beside.submit(play, made) for made in both.values()]:
                done.result()
        yield both


@pytest.fixture(params=[False, True], ids=["plain", "encrypted"])
def scene(request: pytest.FixtureRequest, scenes: dict[bool, Scene]) -> Scene:
    """Give one of them."""
    return scenes[request.param]


def play(made: Scene) -> None:
    """Have a worker while it all happens."""
    made.host.start()
    run(made)
    made.host.stop()


def planted(stack: ExitStack, folder: Path, postgres: str, *, encrypted: bool) -> Scene:
    """Start the servers, and put a secret of its own into each place."""
    issuer = Issuer()
    words = {name: f"{name}-{secrets.token_hex(20)}" for name in ("env", "file", "vault", "aws", "git")}
    words[OF_A_PERSON] = issuer.token("anna")
    temporal_folder = folder / "temporal"
    temporal_folder.mkdir()
    address = stack.enter_context(running_temporal(temporal_folder))
    database = stack.enter_context(fresh_database(postgres))
    words["database"] = database.partition("://")[2].partition("@")[0].partition(":")[2]
    bao: OpenBao = stack.enter_context(running_openbao(folder / "bao"))
    bao.put("releases/npm", token=words["vault"])
    bao.policy("releases", "kv/data/releases/*")
    words["vault's token"] = bao.token("releases")
    store = stack.enter_context(aws.running_aws(folder))
    with pytest.MonkeyPatch.context() as patch:
        aws.use(patch, store)
        aws.client(store).create_secret(Name="prod/npm", SecretString=json.dumps({"token": words["aws"]}))
    words["aws's key"] = secrets.token_hex(20)
    words["payload key"] = base64.b64encode(KEY).decode()
    answers = stack.enter_context(running_answers())
    collector = stack.enter_context(running_collector())
    host = stack.enter_context(worker_host(folder / "host", address, database))
    (folder / "planted").write_text(words["file"] + "\n")
    (folder / "keys.json").write_text(issuer.trust.keys)
    (folder / "gitconfig").write_text(
        f'[url "http://bot:{words["git"]}@{answers.url[7:]}/"]\n\tinsteadOf = {answers.url}/\n'
    )
    environ = {
        **host.environ,
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "PYTHONPATH": os.pathsep.join([str(installed(folder / "site")), os.environ.get("PYTHONPATH", ""), *_tests()]),
        "GIT_CONFIG_GLOBAL": str(folder / "gitconfig"),
        "PLANTED": words["env"],
        "PLANTED_VAULT": words["vault's token"],
        "RELEASEPILOT_VAULT_ADDRESS": bao.address,
        "RELEASEPILOT_VAULT_CREDENTIAL": "env:PLANTED_VAULT",
        "RELEASEPILOT_AWS_REGION": aws.REGION,
        "AWS_ENDPOINT_URL_SECRETS_MANAGER": store,
        "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
        "AWS_SECRET_ACCESS_KEY": words["aws's key"],
        "RELEASEPILOT_TRUSTED_KEYS": str(folder / "keys.json"),
        "RELEASEPILOT_TRUSTED_ISSUER": ISSUER,
        "RELEASEPILOT_TOKEN": words[OF_A_PERSON],
        "RELEASEPILOT_LOG_LEVEL": "DEBUG",
        "OTEL_EXPORTER_OTLP_ENDPOINT": collector.address,
        "PLANTED_KEY": words["payload key"],
    }
    environ |= {"RELEASEPILOT_PAYLOAD_KEYS": "new=env:PLANTED_KEY"} if encrypted else {}
    host.environ = environ
    keys = PayloadKeys(keys={"new": KEY}) if encrypted else None
    servers = Servers(temporal_address=address, database_url=database, payload_keys=keys, actor=issuer.actor("anna"))
    return Scene(
        folder=folder,
        planted=words,
        environ=environ,
        servers=servers,
        issuer=issuer,
        answers=answers,
        collector=collector,
        host=host,
        temporal_folder=temporal_folder,
        keys=keys,
    )


def _tests() -> list[str]:
    here = Path(__file__).parents[3]
    return [str(here / "tests"), str(here)]


def run(made: Scene) -> None:
    """Run trains that are released, that fail, that are taken back, and one that cannot read its repository."""
    got = made.folder / "got"
    kept = f'printf %s "$A$B$C$D" > {got}; {ALL}'
    seen = made.exec("upload", kept, observe=f"{ALL}; test -e {got}", revert=f"rm -f {got}; {ALL}")
    lost = made.exec("lost", ALL, observe=f"{ALL}; exit 0", revert=f"{ALL}; exit 9")
    trains = {
        "megabytes": (lost, leaky("return"), made.exec("loud", MEGABYTES, revert=ALL)),
        "released": (seen, leaky("return")),
        "raised": (leaky("raise"),),
        "refused": (leaky("refuse"),),
        "exited": (leaky("exit"),),
        "conflict": (made.exec("taken", "true", observe=f"{ALL}; exit 3", revert="true"),),
    }
    with ThreadPoolExecutor() as beside:
        for done in [beside.submit(made.release, name, *steps) for name, steps in trains.items()]:
            done.result()
    assert got.read_text() == "".join(made.planted[name] for name in ("env", "file", "vault", "aws"))
    made.command("rollback", "released", "--yes", status=None)
    asyncio.run(_beat_and_fail_to_fetch(made))
    made.command("history", "--json")
    made.command("history")
    asyncio.run(_collect(made))


async def _beat_and_fail_to_fetch(made: Scene) -> None:
    """Look at a train while it beats, and at one whose repository refuses the credentials."""
    async with connect(made.servers) as control:
        until = made.folder / "enough"
        made.command("-C", made.catalog("beating", leaky("beat", until=str(until))), "release", "--yes", "--detach")
        train = await control.resolve("beating")
        await _until(made, train, "heartbeat_details")
        until.touch()
        async for view in control.watch(train):
            last = view
        assert last.record is not None
        assert last.record.outcome is Outcome.RELEASED
        asks = {"WWW-Authenticate": 'Basic realm="git"'}
        made.answers.say(401, f"no, not with {made.planted['git']}", **asks)
        train = await control.start(_unread(made, control))
        async with asyncio.timeout(PATIENCE):
            while not (await control.explain(train)).conditions and (await control.view(train)).record is None:  # noqa: ASYNC110
                await asyncio.sleep(0.2)
        for words in (("explain", train), ("abort", train, "--reason", "enough"), ("status", train)):
            made.command(*words, status=None)


def _unread(made: Scene, control: Control) -> Request:
    """Ask for a train whose repository nobody has read: a command would read it first."""
    component = made.component(f"{made.answers.url}/lib.git", [])
    catalog = Catalog.model_validate({"version": 1, "train": "fetching", "components": [component]})
    return request_of(catalog, Registry.load().traits(), date="2026-06-01", actor=control.actor, confirmed="")


async def _until(made: Scene, train: str, what: str) -> None:
    """Wait until the server holds a detail of an activity of the train, and keep what it then holds."""
    client = await dial(made.servers)
    handle = client.get_workflow_handle("train/{}/{}".format(*train.rsplit("-", 1)))
    async with asyncio.timeout(PATIENCE):
        while True:
            described = (await handle.describe()).raw_description
            if any(one.HasField(what) for one in described.pending_activities):
                break
            await asyncio.sleep(0.1)
    made.histories.append(described.SerializeToString())
    details = [one.heartbeat_details.payloads for one in described.pending_activities]
    for payload in [payload for payloads in details for payload in payloads]:
        [plain] = await Codec.of(made.keys).decode([payload]) if made.keys else [payload]
        made.decoded.append(plain.data)
    assert any(b"***" in one for one in made.decoded)


async def _collect(made: Scene) -> None:
    """Read every history, as it is kept and as it is meant."""
    client = await dial(made.servers)
    codec = Codec.of(made.keys) if made.keys else None
    async with asyncio.timeout(PATIENCE):
        while (await client.count_workflows("ExecutionStatus = 'Running'")).count:  # noqa: ASYNC110 - of a server
            await asyncio.sleep(0.2)
    found = [one.id async for one in client.list_workflows()]
    assert len(found) >= 8
    for workflow in found:
        history = await client.get_workflow_handle(workflow).fetch_history()
        made.histories += [one.SerializeToString() for one in history.events]
        made.histories.append(
            (await client.get_workflow_handle(workflow).describe()).raw_description.SerializeToString()
        )
        for payload in _payloads(json.loads(history.to_json())):
            [plain] = await codec.decode([payload]) if codec else [payload]
            made.decoded.append(plain.data)


def _payloads(value: Any) -> Iterator[Payload]:
    """Find every payload in the JSON of a history."""
    if isinstance(value, dict):
        if set(value) <= {"metadata", "data", "externalPayloads"} and "metadata" in value:
            metadata = {name: base64.b64decode(text) for name, text in value["metadata"].items()}
            yield Payload(metadata=metadata, data=base64.b64decode(value.get("data", "")))
        for one in value.values():
            yield from _payloads(one)
    elif isinstance(value, list):
        for one in value:
            yield from _payloads(one)


def files(*folders: Path) -> bytes:
    """Return all that lies in folders."""
    found = (path for folder in folders for path in sorted(folder.rglob("*")) if path.is_file())
    return b"\n".join(str(path).encode() + b"\n" + path.read_bytes() for path in found)


def dumped(database: str) -> bytes:
    """Return every row of every table."""
    rows = b""
    with psycopg.connect(database) as connection:
        tables = connection.execute(
            "select quote_ident(schemaname) || '.' || quote_ident(tablename) from pg_tables"
            " where schemaname not in ('pg_catalog', 'information_schema')"
        ).fetchall()
        assert len(tables) >= 6
        for (table,) in tables:
            with connection.cursor().copy(f"copy {table} to stdout".encode()) as copy:
                rows += b"".join(bytes(block) for block in copy)
    return rows


def hits(made: Scene, blob: bytes, *known: str) -> list[str]:
    """Return the names of the secrets that are found there, whole, in part, or in another form."""
    found = []
    for name, secret in made.planted.items():
        forms = [*forms_of(secret), secret[:16], secret[-16:]]
        if name not in known and any(form.encode() in blob for form in forms):
            found.append(name)
    return found


def test_the_trains_ended_in_every_way(scene: Scene) -> None:
    """Released, rolled back, with a residue: else nothing would have been shown."""
    outcomes = {name: record["record"]["outcome"] for name, record in scene.records.items()}
    assert outcomes["released"] == "released"
    assert {outcomes[name] for name in ("raised", "refused", "exited")} <= {"rolled_back", "residue"}
    assert outcomes["megabytes"] == "residue"
    assert len(set(outcomes.values())) >= 3


def test_the_services_were_given_the_secrets(scene: Scene) -> None:
    """The right ones: what is hidden is hidden from others."""
    sent = [one.get("Authorization", "") for one in scene.answers.headers]
    assert f"Bearer {scene.planted['vault']}" in sent
    basic = base64.b64encode(f"bot:{scene.planted['git']}".encode()).decode()
    assert f"Basic {basic}" in sent


def test_no_history_holds_a_secret(scene: Scene) -> None:
    """Neither as it is kept nor decoded; what was hidden is seen to be hidden."""
    decoded, raw = b"\n".join(scene.decoded), b"\n".join(scene.histories)
    assert WORD.encode() in decoded
    assert b"***" in decoded
    assert hits(scene, decoded, OF_A_PERSON) == []
    assert b"lib/upload" in raw
    assert hits(scene, raw, *([] if scene.keys else [OF_A_PERSON])) == []


def test_an_encrypted_history_shows_no_text_of_the_catalog(scene: Scene) -> None:
    """Nor does the file in which Temporal keeps it; names and ids of steps are no secret."""
    raw = b"\n".join(scene.histories) + files(scene.temporal_folder)
    assert b"releasepilot-engine" in raw
    assert (WORD.encode() in raw) is (scene.keys is None)
    assert (b"/health" in raw) is (scene.keys is None)


def test_temporals_files_hold_no_secret(scene: Scene) -> None:
    """Its database and its log."""
    kept = files(scene.temporal_folder)
    assert b"lib/upload" in kept
    assert hits(scene, kept, *([] if scene.keys else [OF_A_PERSON])) == []


def test_the_ledger_holds_no_secret(scene: Scene) -> None:
    """In no table."""
    kept = dumped(scene.servers.database_url)
    assert WORD.encode() in kept
    assert b"***" in kept
    assert hits(scene, kept) == []


def test_no_log_holds_a_secret(scene: Scene) -> None:
    """Of the worker, with everything that it says."""
    log = scene.host.log.read_bytes()
    assert b"it is ***" in log
    assert b"apply failed" in log
    assert hits(scene, log) == []


def test_no_trace_holds_a_secret(scene: Scene) -> None:
    """Of worker and commands, with the errors that they record."""
    sent = b"\n".join(scene.collector.bodies)
    assert b"step apply" in sent
    assert b"***" in sent
    assert hits(scene, sent) == []


def test_no_command_says_a_secret(scene: Scene) -> None:
    """Neither in a table nor in JSON nor in an error."""
    said = b"\n".join(scene.said)
    assert b"***" in said
    assert WORD.encode() in said
    assert hits(scene, said) == []


def test_no_file_of_the_state_holds_a_secret(scene: Scene) -> None:
    """Mirrors, markers, logs."""
    kept = files(scene.host.folder, scene.folder / "commands")
    assert b"refs/heads" in kept
    assert b"markers" in kept
    assert hits(scene, kept) == []


def test_the_search_finds_what_is_there(scene: Scene) -> None:
    """A secret in any form, whole or half, would have been found."""
    for name, secret in scene.planted.items():
        half = secret[:16].encode()
        for text in (secret.encode(), base64.b64encode(b"x" + secret.encode()), half, json.dumps(secret).encode()):
            assert name in hits(scene, b"before " + text + b" after")
