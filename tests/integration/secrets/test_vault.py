"""A worker logs in to a real OpenBao in each way, reads what its policy lets it read, and says what is wrong."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from support.openbao import ROOT, OpenBao, running_openbao
from support.services import Asked, Reply, Service, serving

from releasepilot.errors import SecretRefused, SecretUnreachable
from releasepilot.plugins.secrets.config import VaultAuth, VaultLogin
from releasepilot.plugins.secrets.keeper import Secrets
from releasepilot.plugins.secrets.reference import Reference
from releasepilot.plugins.secrets.vault import Vault

CREDENTIAL = "env:TEST_VAULT_CREDENTIAL"
NPM = Reference.of("vault:kv/releases/npm#token")


@pytest.fixture(scope="module")
def bao(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenBao]:
    """Give a server with one secret, and a policy that reads it."""
    with running_openbao(tmp_path_factory.mktemp("bao")) as server:
        server.put("releases/npm", token="hunter2")  # noqa: S106 - it opens nothing
        server.put("payroll/boss", token="hunter3")  # noqa: S106 - nor does this
        server.policy("releases", "kv/data/releases/*")
        yield server


def vault(bao: OpenBao, **more: str) -> Vault:
    """Log in with the credential of the environment."""
    auth = VaultAuth(more.pop("auth", "token"))
    return Vault(VaultLogin(address=bao.address, auth=auth, credential=CREDENTIAL, **more), Secrets().read)


async def test_a_token_reads_what_its_policy_lets_it_read(bao: OpenBao, monkeypatch: pytest.MonkeyPatch) -> None:
    """Anything else is refused, with the reference and without the secret."""
    monkeypatch.setenv("TEST_VAULT_CREDENTIAL", bao.token("releases"))
    assert await vault(bao).read(NPM) == "hunter2"
    with pytest.raises(SecretRefused, match="payroll/boss") as caught:
        await vault(bao).read(Reference.of("vault:kv/payroll/boss#token"))
    assert "policy" in caught.value.hint
    assert "hunter3" not in str(caught.value)


@pytest.fixture
def approle(bao: OpenBao) -> Iterator[tuple[str, str]]:
    """Give a role and its secret id; their tokens can be taken back."""
    bao.ask("POST", "sys/auth/approle", {"type": "approle"})
    bao.ask("POST", "auth/approle/role/worker", {"token_policies": "releases", "token_ttl": "10m"})
    role = bao.ask("GET", "auth/approle/role/worker/role-id")["data"]["role_id"]
    secret = bao.ask("POST", "auth/approle/role/worker/secret-id")["data"]["secret_id"]
    yield role, secret
    bao.ask("DELETE", "sys/auth/approle")


async def test_a_role_logs_in_once_for_several_secrets(
    bao: OpenBao, approle: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its login is used for minutes, and again where the server has taken it back."""
    role, secret = approle
    monkeypatch.setenv("TEST_VAULT_CREDENTIAL", secret)
    reader = vault(bao, auth="approle", role=role)
    assert [await reader.read(NPM) for _ in range(3)] == ["hunter2"] * 3
    known = bao.ask("LIST", "auth/token/accessors")["data"]["keys"]
    of_role = [one for one in known if _path(bao, one) == "auth/approle/login"]
    assert len(of_role) == 1
    bao.ask("POST", "auth/token/revoke-accessor", {"accessor": of_role[0]})
    assert await reader.read(NPM) == "hunter2"
    assert secret not in repr(reader)


def _path(bao: OpenBao, accessor: str) -> str:
    return str(bao.ask("POST", "auth/token/lookup-accessor", {"accessor": accessor})["data"]["path"])


async def test_a_wrong_secret_id_is_refused(
    bao: OpenBao, approle: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Trying again would not help, and neither id is repeated."""
    monkeypatch.setenv("TEST_VAULT_CREDENTIAL", "not-the-secret-id")
    with pytest.raises(SecretRefused) as caught:
        await vault(bao, auth="approle", role=approle[0]).read(NPM)
    assert "not-the-secret-id" not in str(caught.value) + caught.value.hint
    assert "logs in" in caught.value.hint


async def test_a_service_account_logs_in_by_its_token(bao: OpenBao, tmp_path: Path) -> None:
    """As in Kubernetes: role and JWT, from the file that a pod has. The server checks the signature."""
    key = ec.generate_private_key(ec.SECP256R1())
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    bao.ask("POST", "sys/auth/cluster", {"type": "jwt"})
    bao.ask("POST", "auth/cluster/config", {"jwt_validation_pubkeys": [public.decode()]})
    account = "system:serviceaccount:releases:worker"
    role = {"role_type": "jwt", "user_claim": "sub", "bound_subject": account, "token_policies": "releases"}
    bao.ask("POST", "auth/cluster/role/worker", {**role, "expiration_leeway": 60})
    token = tmp_path / "token"
    now = int(time.time())
    token.write_text(jwt.encode({"sub": account, "iat": now, "exp": now + 600}, key, algorithm="ES256"))
    login = VaultLogin(
        address=bao.address, auth=VaultAuth.KUBERNETES, credential=f"file:{token}", role="worker", mount="cluster"
    )
    assert await Vault(login, Secrets().read).read(NPM) == "hunter2"
    token.write_text(jwt.encode({"sub": "somebody else", "iat": now, "exp": now + 600}, key, algorithm="ES256"))
    with pytest.raises(SecretRefused):
        await Vault(login, Secrets().read).read(NPM)


async def test_a_namespace_has_secrets_of_its_own(bao: OpenBao, monkeypatch: pytest.MonkeyPatch) -> None:
    """What stands outside of it is not seen."""
    bao.ask("POST", "sys/namespaces/team")
    bao.ask("POST", "sys/mounts/ours", {"type": "kv", "options": {"version": "2"}}, namespace="team")
    bao.ask("POST", "ours/data/npm", {"data": {"token": "of the team"}}, namespace="team")
    monkeypatch.setenv("TEST_VAULT_CREDENTIAL", ROOT)
    ours = Reference.of("vault:ours/npm#token")
    assert await vault(bao, namespace="team").read(ours) == "of the team"
    with pytest.raises(SecretRefused):
        await vault(bao).read(ours)


async def test_a_private_authority_is_trusted_where_it_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without it nothing is sent. A file that holds no certificate is told."""
    monkeypatch.setenv("TEST_VAULT_CREDENTIAL", ROOT)
    with running_openbao(tmp_path / "bao", tls=True) as bao:
        bao.put("releases/npm", token="hunter2")  # noqa: S106 - it opens nothing
        assert await vault(bao, ca_file=bao.ca).read(NPM) == "hunter2"
        with pytest.raises(SecretUnreachable, match="certificate is not trusted"):
            await vault(bao).read(NPM)
        for wrong in (tmp_path / "none", tmp_path / "empty"):
            (tmp_path / "empty").write_text("no certificate")
            with pytest.raises(SecretRefused, match=str(wrong)):
                await vault(bao, ca_file=str(wrong)).read(NPM)


async def test_a_sealed_server_is_asked_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody unseals it, and the step goes on."""
    monkeypatch.setenv("TEST_VAULT_CREDENTIAL", ROOT)
    with running_openbao(tmp_path / "bao") as bao:
        bao.ask("POST", "sys/seal")
        with pytest.raises(SecretUnreachable, match="503"):
            await vault(bao).read(NPM)


@pytest.mark.parametrize(
    ("reference", "says"),
    [
        ("vault:kv/releases/npm#none", "no text under this key"),
        ("vault:kv/releases/none#token", "404"),
        ("vault:kv/gone/npm#token", "404"),
        ("vault:transit/keys/a#token", "not in a key-value engine"),
        ("vault:nowhere/npm#token", "403|404|400"),
    ],
)
async def test_what_is_not_there_is_refused(
    bao: OpenBao, monkeypatch: pytest.MonkeyPatch, reference: str, says: str
) -> None:
    """No key, no secret, a deleted one, another engine, no engine: each in words, none is tried again."""
    monkeypatch.setenv("TEST_VAULT_CREDENTIAL", ROOT)
    if "transit" not in json.dumps(bao.ask("GET", "sys/mounts")):
        bao.ask("POST", "sys/mounts/transit", {"type": "transit"})
    bao.put("gone/npm", token="hunter2")  # noqa: S106 - it opens nothing
    bao.ask("DELETE", "kv/data/gone/npm")
    with pytest.raises(SecretRefused, match=says) as caught:
        await vault(bao).read(Reference.of(reference))
    assert reference in caught.value.message
    assert caught.value.hint


class Elsewhere(Service):
    """Sends everybody somewhere else, or answers strangely, and never says no."""

    said = Reply(status=307, headers={"Location": "http://127.0.0.1:1/"})

    def answer(self, asked: Asked) -> Reply:
        """Answer the same to everything."""
        del asked
        return self.said

    def _identify(self, asked: Asked) -> None:
        """Take anybody."""


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        (Reply(status=307, headers={"Location": "http://127.0.0.1:1/"}), SecretRefused),
        (Reply(status=200, body=[1]), SecretUnreachable),
        (Reply(status=200, body=b"<html>sign in, hunter2"), SecretUnreachable),
        (Reply(status=200, body={"data": [], "auth": "x"}), SecretRefused),
        (Reply(status=429, body={"errors": ["hunter2"]}), SecretUnreachable),
        (Reply(status=400, body={"errors": ["hunter2"]}), SecretRefused),
        (Reply(status=502, body=b"hunter2"), SecretUnreachable),
    ],
)
@pytest.mark.parametrize("auth", ["token", "approle"])
async def test_strange_answers_are_told_in_our_words(
    monkeypatch: pytest.MonkeyPatch, said: Reply, kind: type[Exception], auth: str
) -> None:
    """No redirect is followed with a token, and nothing of an answer is repeated."""
    monkeypatch.setenv("TEST_VAULT_CREDENTIAL", "hunter2")
    with serving(Elsewhere()) as server:
        server.said = said
        with pytest.raises(kind) as caught:
            await vault(OpenBao(address=server.url), auth=auth, role="worker").read(NPM)
    assert "hunter2" not in str(caught.value)
