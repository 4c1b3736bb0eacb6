"""A service over the embedded servers: it starts them, and finds them again where they were away."""

from __future__ import annotations

import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from support.patience import PATIENCE
from support.serving import VARIABLE, WORD, a_service
from support.stacks import a_stack, eventually, is_ready

from releasepilot.plugins.changes.webhook import SIGNATURE_HEADER, signature_of
from releasepilot.settings import VARIABLES
from releasepilot.workers.folder import StateFolder

pytestmark = pytest.mark.takes(40)


def test_a_service_starts_the_servers_and_finds_them_again(tmp_path: Path) -> None:
    """While they are down it says so and goes on; when they run again it answers, without being started again."""
    environ = {name: value for name, value in os.environ.items() if name not in VARIABLES.values()}
    # A sign of interest every 2.25 seconds.
    given = {"RELEASEPILOT_STATE_DIR": str(tmp_path / "state"), "RELEASEPILOT_IDLE_MINUTES": "0.15"}
    given |= {"RELEASEPILOT_WEBHOOKS": f"servicenow=env:{VARIABLE}", VARIABLE: WORD}
    with a_stack(tmp_path / "state") as settings, a_service({**environ, **given}) as serving:
        assert is_ready(settings)
        assert serving.get("/api/trains").json() == []
        # The stack ends after nine seconds without a sign, looks at that every 2.25, and is still there.
        seen = StateFolder(settings.state_dir).activity.stat().st_mtime
        eventually(lambda: StateFolder(settings.state_dir).activity.stat().st_mtime > seen + 10)
        assert is_ready(settings)
        where, body = f"{serving.url}/webhooks/servicenow", b"{}"
        headers = {SIGNATURE_HEADER: signature_of(body, WORD.encode(), int(time.time()))}
        serving.run("down")
        # Both are answered when time has run out: asked side by side.
        with ThreadPoolExecutor() as threads:
            word = threads.submit(httpx.post, where, content=body, headers=headers, timeout=PATIENCE)
            assert serving.get("/healthz").status_code == 503
        assert (word.result().status_code, word.result().json()["code"]) == (503, "RP600")
        serving.run("up", "--json")
        eventually(lambda: serving.get("/healthz").status_code == 200)
        # What came to nothing may be sent again; when it has arrived, once more wakes nothing.
        again = [httpx.post(where, content=body, headers=headers, timeout=PATIENCE) for _ in range(2)]
        assert [answer.status_code for answer in again] == [202, 202]
        eventually(lambda: sum("woke nothing" in line for line in serving.lines) == 2)
        assert sum("came again" in line for line in serving.lines) == 1
        assert serving.get("/api/trains").json() == []
        assert serving.end() == 0
