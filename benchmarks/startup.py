"""What `releasepilot --version` costs over `python -c "import click"`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from benchmarks.result import Result, interleaved


def run() -> list[Result]:
    """Start both in turn."""
    program = Path(sys.executable).with_name("releasepilot")
    floor, ours = interleaved(
        lambda: subprocess.run([sys.executable, "-c", "import click"], check=True),
        lambda: subprocess.run([program, "--version"], check=True, stdout=subprocess.DEVNULL),
        rounds=21,
    )
    how = f"{ours * 1000:.0f} ms over {floor * 1000:.0f} ms, medians of 21"
    return [Result(name="releasepilot --version over import click", value=ours / floor, at_most=2, how=how)]
