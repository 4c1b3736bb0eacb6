"""A forecast for people: earliest start and end, what if that is missed, and which steps decide it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from rich.console import Console
from rich.padding import Padding
from rich.table import Table

from releasepilot.cli.render.plan import nothing
from releasepilot.cli.render.text import plain
from releasepilot.cli.render.windows import NEVER, moment, zone_shown
from releasepilot.model.estimate import EstimateSource
from releasepilot.model.forecast import Forecast
from releasepilot.model.plan import Plan
from releasepilot.model.recurrence import written
from releasepilot.model.window import Window


def print_forecast(console: Console, forecast: Forecast | None, plan: Plan, windows: Sequence[Window]) -> None:
    """Print when a plan could be carried out, in the zone of the windows."""
    if not plan.steps:
        console.print(plain(f"Nothing to release: {nothing(plan)}"))
        return
    if forecast is None:
        console.print(plain(f"{NEVER} into which every step fits", "yellow"))
        return
    zone = zone_shown(windows)
    took = _time(int((forecast.ends - forecast.starts).total_seconds()))
    console.print(plain(f"starts {moment(forecast.starts, zone)}", "bold"))
    console.print(plain(f"ends {moment(forecast.ends, zone)}, {took} later", "bold"))
    if forecast.start_by:
        console.print(plain(_missed(forecast, forecast.start_by, zone)))
    if plan.gates:
        names = ", ".join(gate.name for gate in plan.gates)
        console.print(plain(f"Its gates come first ({names}): say what they take with --lead."))
    console.print(Padding(_steps(forecast, zone), (1, 0)))
    console.print(plain(_sources(forecast), "dim"))


def _missed(forecast: Forecast, start_by: datetime, zone: str) -> str:
    """Say what comes after the last start."""
    missed = f"if {moment(start_by, zone)} is missed,"
    if forecast.next_slot is None:
        return f"{missed} no other slot is known"
    slot = forecast.next_slot
    return f"{missed} the next slot is {moment(slot.starts, zone)} to {moment(slot.ends, zone)}"


def _steps(forecast: Forecast, zone: str) -> Table:
    """Show each step, those of the critical path marked."""
    table = Table(box=None, padding=(0, 3, 0, 0), header_style="dim", pad_edge=False)
    for title in ("", "step", "starts", "takes", "slack"):
        table.add_column(title, no_wrap=True)
    for step in forecast.steps:
        critical = step.step in forecast.critical_path
        table.add_row(
            plain("*" if critical else ""),
            plain(step.step, "bold" if critical else ""),
            plain(moment(step.starts, zone)),
            plain(_time(step.estimate) + _MARKS[step.source]),
            plain(_time(step.slack) if step.slack else "none"),
        )
    return table


#: How an estimate is marked that the ledger does not know.
_MARKS = {EstimateSource.HISTORY: "", EstimateSource.DECLARED: " declared", EstimateSource.DEFAULT: " assumed"}


def _sources(forecast: Forecast) -> str:
    """Say what is marked, and where the estimates come from."""
    measured = sum(step.source is EstimateSource.HISTORY for step in forecast.steps)
    of = f"{measured} of {len(forecast.steps)} steps have run before" if forecast.ledger else "no ledger was asked"
    return f"* decides the end; {of}, the others take what is declared, or else a minute"


def _time(seconds: int) -> str:
    return written(0, timedelta(seconds=seconds))


__all__ = ["print_forecast"]
