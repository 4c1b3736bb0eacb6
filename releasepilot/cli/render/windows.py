"""Windows, their occurrences and verdicts. A time is shown with its zone, and as the reader's clocks show it."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import datetime

from rich.console import Console
from rich.table import Table
from ruamel.yaml import YAML

from releasepilot.cli.render.text import plain
from releasepilot.governance.expansion import zone_of
from releasepilot.model.window import Occurrence, Opening, Window, WindowEffect, WindowVerdict

NEVER = "no opening is known within five years"


def print_verdict(console: Console, verdict: WindowVerdict, windows: Sequence[Window]) -> None:
    """Print whether it is open, by which window, and until when."""
    zone = next((window.zone for window in windows if window.name == verdict.rule), zone_shown(windows))
    word, style = ("open", "green") if verdict.open else ("closed", "yellow")
    # The reason may begin with the word itself.
    reason = verdict.reason if verdict.reason.startswith(word) else f"{word}: {verdict.reason}"
    console.print(plain(reason, style))
    if verdict.until:
        console.print(plain(f"{'closes' if verdict.open else 'opens'} {moment(verdict.until, zone)}"))
    elif not verdict.open:
        console.print(plain(NEVER))


def print_opening(console: Console, opening: Opening | None, windows: Sequence[Window]) -> None:
    """Print when components may be released next."""
    if opening is None:
        console.print(plain(NEVER, "yellow"))
        return
    zone = zone_shown(windows)
    console.print(plain(f"opens {moment(opening.begin, zone)}"))
    if opening.end:
        console.print(plain(f"closes {moment(opening.end, zone)}"))


def print_occurrences(console: Console, occurrences: Sequence[Occurrence], days: int) -> None:
    """Print one line for each occurrence."""
    if not occurrences:
        console.print(plain(f"no window is open within {days} days"))
        return
    table = Table(box=None, padding=(0, 3, 0, 0), header_style="dim", pad_edge=False)
    for title in ("begins", "ends", "zone", "effect", "window"):
        table.add_column(title, no_wrap=True)
    for one in occurrences:
        effect = plain(one.effect.value, "yellow" if one.effect is WindowEffect.DENY else "green")
        table.add_row(_short(one.begin), _short(one.end), plain(one.zone, "dim"), effect, plain(one.window, "bold"))
    console.print(table)


def moment(at: datetime, zone: str) -> str:
    """Show a moment on the clocks of a zone, and on the reader's own where they show another time."""
    there, here = at.astimezone(zone_of(zone)), at.astimezone()
    told = f"{_short(there)} ({zone})"
    return told if there.utcoffset() == here.utcoffset() else f"{told}, here {_short(here)}"


def windows_as_yaml(windows: Sequence[Window]) -> str:
    """Write windows as a catalog has them; what is as it is by default is left out."""
    entries = [window.model_dump(mode="json", exclude_defaults=True) for window in windows]
    yaml = YAML()
    yaml.default_flow_style = False
    yaml.width = 1000
    yaml.indent(mapping=2, sequence=4, offset=2)
    stream = io.StringIO()
    yaml.dump({"windows": entries}, stream)
    return stream.getvalue()


def zone_shown(windows: Sequence[Window]) -> str:
    """Return the zone of the first window, in which people of the catalog are taken to think."""
    return windows[0].zone if windows else "UTC"


def _short(at: datetime) -> str:
    return f"{at:%a %Y-%m-%d %H:%M %Z}"
