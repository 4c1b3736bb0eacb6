"""Take the pictures of the README: run the demonstration, and draw what its ledger says with the program's own output.

python -m docs.capture
"""

from __future__ import annotations

import asyncio
import io
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console

from releasepilot.cli.render.plan import print_plan
from releasepilot.cli.render.record import print_record
from releasepilot.cli.render.train import print_view
from releasepilot.control import Servers, connect
from releasepilot.model.plan import Plan
from releasepilot.model.train import TrainView
from releasepilot.settings import Settings
from releasepilot.workers.local import ensure_stack, remove_stack

IMAGES = Path(__file__).parent / "images"

#: Columns of the terminal that is drawn.
_WIDTH = 112

#: File to the title of its window and the options of the demonstration.
_PICTURES: dict[str, tuple[str, tuple[str, ...]]] = {
    "released.svg": ("releasepilot demo", ()),
    "rolled-back.svg": ("releasepilot demo --break payments", ("--break", "payments")),
}

#: Rich's own format loads a font from another site; a picture in a repository loads nothing.
_FORMAT = """<svg class="rich-terminal" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<style>
.{unique_id}-matrix {{ font-family: ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace;
  font-size: {char_height}px; line-height: {line_height}px; }}
.{unique_id}-title {{ font-size: 18px; font-weight: bold; font-family: sans-serif; }}
{styles}
</style>
<defs><clipPath id="{unique_id}-clip-terminal"><rect width="{terminal_width}" height="{terminal_height}"/></clipPath>
{lines}</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">{matrix}</g>
</g>
</svg>
"""


def main() -> None:
    """Write every picture."""
    IMAGES.mkdir(exist_ok=True)
    for name, (title, options) in _PICTURES.items():
        with _played(options) as state:
            plan, view = asyncio.run(_ledger(state))
        (IMAGES / name).write_text(_drawn(title, plan, view), encoding="utf-8")


@contextmanager
def _played(options: tuple[str, ...]) -> Iterator[Path]:
    """Run the demonstration; yield its state folder, whose servers run until the end of the block."""
    words = [sys.executable, "-m", "releasepilot.cli.main", "demo", "--keep", *options]
    said = subprocess.run(words, capture_output=True, text=True, check=True).stdout  # noqa: S603 our own command
    found = re.search(r"--state-dir (\S+) down", said)
    if found is None:
        raise RuntimeError(f"the demonstration does not say where it is:\n{said}")
    state = Path(found[1])
    try:
        yield state
    finally:
        remove_stack(Settings.load({}, state_dir=state))
        shutil.rmtree(state.parent)


async def _ledger(state: Path) -> tuple[Plan, TrainView]:
    """Read the plan and the end of the one train that was run there."""
    endpoints = ensure_stack(Settings.load({}, state_dir=state))
    servers = Servers(temporal_address=endpoints.temporal_address, database_url=endpoints.database_url)
    async with connect(servers) as control:
        train = await control.resolve()
        return await control.plan_of(train), await control.view(train)


def _drawn(title: str, plan: Plan, view: TrainView) -> str:
    """Print plan, steps and record on a recording console, as the commands do."""
    console = Console(
        record=True,
        width=_WIDTH,
        file=io.StringIO(),
        force_terminal=True,
        color_system="truecolor",
        markup=False,
        emoji=False,
        highlight=False,
    )
    print_plan(console, plan)
    console.print()
    print_view(console, view, plan)
    console.print()
    if view.record is not None:
        print_record(console, view.record, plan)
    return console.export_svg(title=title, code_format=_FORMAT, unique_id="run")


if __name__ == "__main__":
    main()
