"""Every source of secrets keeps the port: a secret is what stands there now, and an error says whether to try again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest
from support import aws
from support.openbao import ROOT, OpenBao, running_openbao

from releasepilot.errors import SecretRefused, SecretUnreachable
from releasepilot.plugins.secrets.aws import SecretsManager
from releasepilot.plugins.secrets.config import SecretsConfig, VaultLogin
from releasepilot.plugins.secrets.interface import SecretSource
from releasepilot.plugins.secrets.keeper import Secrets
from releasepilot.plugins.secrets.reference import Reference
from releasepilot.plugins.secrets.vault import Vault
from releasepilot.workers.ports import free_port

TOKEN = "env:TEST_VAULT_TOKEN"  # noqa: S105 - where it stands


@dataclass(frozen=True, kw_only=True)
class Place:
    """A source with one secret in it."""

    secrets: Secrets
    reference: str
    #: Put another text there.
    put: Callable[[str], object]
    #: Names nothing that is there.
    missing: str
    #: The same source where nobody answers; None where there is nobody to answer.
    silent: SecretSource | None = None


@pytest.fixture(scope="module")
def bao(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenBao]:
    """Give a running OpenBao."""
    with running_openbao(tmp_path_factory.mktemp("bao")) as server:
        yield server


@pytest.fixture(scope="module")
def aws_address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Give a running Secrets Manager."""
    with aws.running_aws(tmp_path_factory.mktemp("aws")) as address:
        yield address


def vault(address: str) -> Secrets:
    """Read from a Vault with a token of the environment."""
    return Secrets(SecretsConfig(vault=VaultLogin(address=address, credential=TOKEN)))


@pytest.fixture(params=["env", "file", "vault 2", "vault 1", "aws-sm", "aws-sm with a key"])
def place(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    """Give each of them."""
    kind = request.param
    if kind == "env":
        put = partial(monkeypatch.setenv, "TEST_SECRET")
        return Place(secrets=Secrets(), reference="env:TEST_SECRET", put=put, missing="env:TEST_NO_SECRET")
    if kind == "file":
        file = tmp_path / "secret"
        return Place(secrets=Secrets(), reference=f"file:{file}", put=file.write_text, missing=f"file:{tmp_path}/none")
    monkeypatch.setenv("TEST_VAULT_TOKEN", ROOT)
    nowhere = f"http://127.0.0.1:{free_port()}"
    if kind.startswith("vault"):
        server: OpenBao = request.getfixturevalue("bao")
        write, mount = (server.put, "kv") if kind == "vault 2" else (server.put_old, "old/er")
        return Place(
            secrets=vault(server.address),
            reference=f"vault:{mount}/releases/npm#token",
            put=lambda text: write("releases/npm", token=text, other="x"),
            missing=f"vault:{mount}/releases/none#token",
            silent=Vault(VaultLogin(address=nowhere, credential=TOKEN), Secrets().read),
        )
    address: str = request.getfixturevalue("aws_address")
    aws.use(monkeypatch, nowhere)
    silent = SecretsManager(aws.REGION)
    # The library takes its server when it makes the client.
    assert silent._client.meta.endpoint_url == nowhere
    aws.use(monkeypatch, address)
    client = aws.client(address)
    key = "#token" if kind.endswith("key") else ""
    secret = f"prod/npm{len(key)}"

    def put_there(text: str) -> None:
        whole = f'{{"token": "{text}"}}' if key else text
        try:
            client.create_secret(Name=secret, SecretString=whole)
        except client.exceptions.ResourceExistsException:
            client.put_secret_value(SecretId=secret, SecretString=whole)

    return Place(
        secrets=Secrets(SecretsConfig(aws_region=aws.REGION)),
        reference=f"aws-sm:{secret}{key}",
        put=put_there,
        missing=f"aws-sm:none{key}",
        silent=silent,
    )


async def test_what_stands_there_is_read(place: Place) -> None:
    """As it is now: what was put there later is read later."""
    for text in ("hunter2", "hunter3"):
        place.put(text)
        assert await place.secrets.read(place.reference) == text


async def test_nothing_there_is_refused_and_not_tried_again(place: Place) -> None:
    """The reference is named: somebody has to act."""
    place.put("hunter2")
    with pytest.raises(SecretRefused, match=place.missing) as caught:
        await place.secrets.read(place.missing)
    assert not caught.value.retryable
    assert caught.value.hint


async def test_two_lines_are_no_secret(place: Place) -> None:
    """They could be two headers. What they are is not told."""
    place.put("first\\nsecond" if "aws-sm" in place.reference and "#" in place.reference else "first\nsecond")
    with pytest.raises(SecretRefused) as caught:
        await place.secrets.read(place.reference)
    assert "first" not in caught.value.message + caught.value.hint


async def test_silence_is_tried_again(place: Place) -> None:
    """A server that is down comes back, and nobody has to act."""
    if place.silent is None:
        pytest.skip("there is no server to be silent")
    with pytest.raises(SecretUnreachable, match="does not answer") as caught:
        await place.silent.read(Reference.of(place.reference))
    assert caught.value.retryable
    assert place.reference in caught.value.message
