"""Schedules as a table."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from releasepilot.cli.render.text import plain
from releasepilot.cli.render.windows import moment
from releasepilot.model.schedule import ScheduleView


def print_schedules(console: Console, schedules: Sequence[ScheduleView]) -> None:
    """Print one line for each schedule."""
    if not schedules:
        console.print(plain("no train is scheduled"))
        return
    table = Table(box=None, padding=(0, 3, 0, 0), header_style="dim", pad_edge=False)
    for title in ("schedule", "train", "begins", "next", "overlap", "made by"):
        table.add_column(title, no_wrap=True)
    for one in schedules:
        timetable = one.timetable
        begins = "once" if timetable.at else f"{timetable.cron} ({timetable.zone})"
        due = moment(one.next, timetable.zone) if one.next else "not any more"
        cells = (one.train, begins, due, timetable.overlap.value, one.requested_by)
        table.add_row(plain(one.name, "bold"), *map(plain, cells))
    console.print(table)
