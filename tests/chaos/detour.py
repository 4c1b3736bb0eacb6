"""The worker's command under chaos: an ordinary worker whose way to the servers leads through proxies.

It gets the path of a JSON file, which it waits for: the ports of the proxies by the ports that they lead to, and where
there is one, the library and the file that say what time it is.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

ADDRESSES = ("RELEASEPILOT_TEMPORAL_ADDRESS", "RELEASEPILOT_DATABASE_URL")


def main(told: Path) -> None:
    """Become the worker."""
    while not told.exists():
        time.sleep(0.02)
    detour = json.loads(told.read_text())
    environ = {**os.environ, **detour["environ"]}
    for name in ADDRESSES:
        for target, port in detour["ports"].items():
            environ[name] = environ[name].replace(f":{target}", f":{port}")
    os.execve(  # noqa: S606 - the worker's own command
        sys.executable, [sys.executable, "-m", "releasepilot.cli.main", "worker", "--queue", "all"], environ
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
