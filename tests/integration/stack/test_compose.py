"""The compose file for teams: what it says, and that compose takes it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML
from support.serving import a_service, environ_of

from releasepilot.model.step import Queue
from releasepilot.settings import VARIABLES
from releasepilot.workers import temporal_server
from releasepilot.workers.ending import PATIENCE
from releasepilot.workers.pool import GRACE

ROOT = Path(__file__).parents[3]
FILE = ROOT / "docker-compose.yml"


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    """Return the file with its merges done."""
    loaded: dict[str, Any] = YAML(typ="safe").load(FILE)
    return loaded


def test_it_follows_the_compose_specification(document: dict[str, Any]) -> None:
    """A validating reader of the specification takes every service, network and volume."""
    compose_spec = pytest.importorskip("compose_spec", reason="compose-spec is not installed")
    assert set(compose_spec.PyCompose.from_json(json.dumps(document)).service_names()) == set(document["services"])


def test_docker_compose_takes_it() -> None:
    """`docker compose config` resolves it once the password is given, and refuses it without."""
    docker = shutil.which("docker")
    if docker is None or subprocess.run([docker, "compose", "version"], capture_output=True, check=False).returncode:
        pytest.skip("docker with its compose plugin is not installed")
    environ = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/")}
    command = [docker, "compose", "-f", str(FILE), "config", "--quiet"]
    password = {"RELEASEPILOT_POSTGRES_PASSWORD": "abc123"}
    assert subprocess.run(command, env={**environ, **password}, check=False).returncode == 0
    assert subprocess.run(command, env=environ, capture_output=True, check=False).returncode != 0


def test_it_holds_no_secret() -> None:
    """Every password comes from the environment, and nothing starts without it."""
    text = FILE.read_text()
    used = re.findall(r"\$\{(\w+)(:\?)?", text)
    assert {name for name, required in used if not required} == set()
    given = re.findall(r"(?im)^\s*\w*(?:password|pwd|secret|token)\w*:\s*(\S+)", text)
    assert given
    assert all(value.startswith('"${RELEASEPILOT_POSTGRES_PASSWORD:?') for value in given)


def test_images_are_pinned(document: dict[str, Any]) -> None:
    """Every image has a version, and none is `latest`."""
    images = {service["image"] for service in document["services"].values()}
    assert images
    for image in images - {"releasepilot:local"}:
        assert re.fullmatch(r"[a-z0-9/.-]+:\d+(\.\d+)+", image), image
    for line in (ROOT / "deploy" / "Dockerfile").read_text().splitlines():
        assert not line.startswith("FROM") or re.match(r"FROM python:\d+\.\d+\.\d+-", line)


def test_there_is_one_worker_for_each_queue(document: dict[str, Any]) -> None:
    """Every task queue has a worker of its own, with secrets and a network that fit it."""
    workers = {name: service for name, service in document["services"].items() if name.startswith("worker-")}
    assert {service["command"][2] for service in workers.values()} == {queue.value for queue in Queue}
    files = [entry["path"] for service in workers.values() for entry in service.get("env_file", [])]
    assert len(files) == len(set(files))
    assert workers["worker-engine"]["networks"] == ["servers"]
    assert document["networks"]["servers"]["internal"] is True


def test_only_loopback_is_published(document: dict[str, Any]) -> None:
    """No port of the stack can be reached from another machine."""
    ports = [port for service in document["services"].values() for port in service.get("ports", [])]
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_ours_are_told_by_variables_that_exist(document: dict[str, Any]) -> None:
    """Every variable of a service that is ReleasePilot is one that the settings read."""
    ours = [service for service in document["services"].values() if service["image"] == "releasepilot:local"]
    assert len(ours) == len(Queue) + 2
    for service in ours:
        assert set(service["environment"]) <= set(VARIABLES.values())


def test_the_image_has_what_its_services_need() -> None:
    """Each extra that it is built with exists, and nothing is missing but the embedded servers."""
    built = re.search(r'"\.\[([a-z,]+)\]"', (ROOT / "deploy" / "Dockerfile").read_text())
    assert built
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert set(built[1].split(",")) == set(project["optional-dependencies"]) - {"local"}


def test_the_service_asks_for_tokens(document: dict[str, Any]) -> None:
    """It listens for other machines, so its own environment has keys, and it starts only where it is asked for."""
    service = document["services"]["serve"]
    assert service["profiles"] == ["serve"]
    assert service["command"] == ["serve", "--listen", "0.0.0.0:8440"]
    [config] = service["configs"]
    assert service["environment"]["RELEASEPILOT_TRUSTED_KEYS"] == config["target"]
    assert config["source"] in document["configs"]


def test_the_service_is_well_where_its_check_says_so(
    document: dict[str, Any], temporal_address: str, ledger_url: str
) -> None:
    """The command of the check ends with 0 while the service answers that it is, and else not."""
    python, _, code = document["services"]["serve"]["healthcheck"]["test"][1:]
    assert python == "python"
    with a_service(environ_of(temporal_address, ledger_url)) as serving:
        check = [sys.executable, "-c", code.replace("http://127.0.0.1:8440", serving.url)]
        assert check[-1] != code
        assert subprocess.run(check, check=False).returncode == 0
        serving.end()
    assert subprocess.run(check, capture_output=True, check=False).returncode != 0


def test_every_file_that_is_mounted_exists(document: dict[str, Any]) -> None:
    """What is mounted from the checkout is in the checkout."""
    volumes = [volume for service in document["services"].values() for volume in service.get("volumes", [])]
    mounted = [volume.split(":")[0] for volume in volumes if volume.startswith("./")]
    assert mounted
    assert all((ROOT / path).is_file() for path in mounted)


def test_temporal_orders_steps_as_the_embedded_one_does(document: dict[str, Any]) -> None:
    """Its dynamic configuration is mounted where it looks, and says of queues what the embedded server is told."""
    service = document["services"]["temporal"]
    (mounted,) = [volume.split(":") for volume in service["volumes"] if "temporal-dynamic" in volume]
    assert service["environment"]["DYNAMIC_CONFIG_FILE_PATH"] == mounted[1]
    told = YAML(typ="safe").load(ROOT / mounted[0])
    embedded = dict(value.split("=", 1) for value in temporal_server.TUNED)
    assert told
    for key, values in told.items():
        assert [json.dumps(value["value"]) for value in values] == [embedded[key]]


def test_a_worker_may_take_its_time(document: dict[str, Any]) -> None:
    """Compose waits longer for a worker than its grace and what comes after that."""
    for name, service in document["services"].items():
        if name.startswith("worker-"):
            assert int(service["stop_grace_period"].removesuffix("s")) > GRACE.total_seconds() + PATIENCE
