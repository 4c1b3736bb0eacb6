"""A simulation for people: how the train can end, whether as promised, and what it can leave."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from releasepilot.cli.render.plan import residue_lines
from releasepilot.cli.render.text import clean, plain
from releasepilot.model.recurrence import written
from releasepilot.model.train import Outcome
from releasepilot.simulate.faults import FaultKind
from releasepilot.simulate.result import CaseResult, Row, Simulation

_FAULTS: dict[FaultKind | None, str] = {
    None: "nothing goes wrong",
    FaultKind.FAILS_BEFORE: "it fails before its effect",
    FaultKind.FAILS_AFTER: "it fails after its effect",
    FaultKind.UNKNOWN: "no answer after its effect",
    FaultKind.KILLED_BEFORE: "worker killed before its effect",
    FaultKind.KILLED_AFTER: "worker killed after its effect",
    FaultKind.ABORTED_BEFORE: "aborted before its effect",
    FaultKind.ABORTED_AFTER: "aborted after its effect",
    FaultKind.REFUSED: "refused for good",
    FaultKind.TAKEN: "its name is taken",
    FaultKind.UNDO_FAILS: "undoing it fails once",
    FaultKind.UNDO_UNKNOWN: "no answer after undoing it",
    FaultKind.UNDO_KILLED: "worker killed after undoing it",
    FaultKind.UNDO_REFUSED: "undoing it is refused",
}
_ENDS: dict[Outcome | None, tuple[str, str]] = {
    Outcome.RELEASED: ("released", "green"),
    Outcome.NOTHING: ("nothing done", ""),
    Outcome.ROLLED_BACK: ("rolled back", "cyan"),
    Outcome.PARTLY_RELEASED: ("partly released", "yellow"),
    Outcome.REJECTED: ("rejected", "yellow"),
    Outcome.FAILED: ("stopped, listed", "yellow"),
    Outcome.RESIDUE: ("residue, listed", "yellow"),
    None: ("no end", "bold red"),
}
#: More names of steps than that are told by their number.
_NAMES = 6
#: More broken cases than that are told by their number; `--json` has all.
_BROKEN = 20


def print_simulation(console: Console, simulation: Simulation) -> None:
    """Print the table of ends, the worst that stays, the time, and every case that broke the promise."""
    trains = "1 simulated train" if simulation.cases == 1 else f"{simulation.cases} simulated trains"
    console.print(plain(f"{trains} of {simulation.train}, {_drawn(simulation)}", "bold"))
    console.print(Padding(_table(simulation.rows), (1, 0)))
    if simulation.worst is not None:
        console.print(plain(f"Most stays when {_told(simulation.worst)}:"))
        for line in residue_lines(simulation.worst.residue):
            console.print(Padding(line, (0, 0, 0, 2)))
    else:
        console.print(Text("Nothing ever stays."))
    delay = f"; a fault adds up to {_time(simulation.delay)} of waiting" if simulation.delay else ""
    console.print(plain(f"By the estimates of its steps it takes {_time(simulation.expected)}{delay}."))
    for step in simulation.repeated:
        console.print(plain(f"note: {step} may be done twice: nobody can look at it; give it `observe`", "yellow"))
    _print_verdict(console, simulation)


def _drawn(simulation: Simulation) -> str:
    if simulation.faults == "single":
        return "each with one fault"
    if simulation.faults == "pairs":
        return "each with two faults"
    return f"with up to three faults (seed {simulation.seed})"


def _table(rows: Iterable[Row]) -> Table:
    """Show each kind of fault once, with the ends that it leads to."""
    table = Table(box=None, padding=(0, 3, 0, 0), header_style="dim", pad_edge=False)
    for title in ("what goes wrong", "ends", "trains", "stays", "at"):
        table.add_column(title, no_wrap=title != "at", justify="right" if title in {"trains", "stays"} else "left")
    last: list[FaultKind | None] = []
    for row in rows:
        words, style = _ENDS[row.outcome]
        fault = "" if last == [row.kind] else _FAULTS[row.kind]
        last = [row.kind]
        stays = str(row.listed) if row.listed else ""
        table.add_row(plain(fault), plain(words, style), str(row.cases), stays, plain(_names(row.steps), "dim"))
    return table


def _names(steps: tuple[str, ...]) -> str:
    more = len(steps) - _NAMES
    return ", ".join(steps[:_NAMES]) + (f" and {more} more" if more > 0 else "")


def _print_verdict(console: Console, simulation: Simulation) -> None:
    if simulation.kept:
        console.print(plain("Every train ended as promised: released, undone, or with a list of what stays.", "green"))
        return
    console.print(plain(f"{len(simulation.broken)} of {simulation.cases} did not end as promised:", "bold red"))
    for line in _broken(simulation.broken[:_BROKEN]):
        console.print(Padding(line, (0, 0, 0, 2)))
    if (more := len(simulation.broken) - _BROKEN) > 0:
        console.print(plain(f"and {more} more, which --json lists"))


def _broken(cases: Iterable[CaseResult]) -> Iterator[Text]:
    for case in cases:
        yield Text.assemble((clean(_told(case)), "bold"), f": {clean('; '.join(case.violations))}")


def _told(result: CaseResult) -> str:
    """Say what went wrong in a case."""
    told = [f"{fault.step}: {_FAULTS[fault.kind]}" for fault in result.case.faults] or [_FAULTS[None]]
    return " and ".join([*told, "the train is rolled back"] if result.taken_back else told)


def _time(seconds: int) -> str:
    return written(0, timedelta(seconds=seconds)) or "no time"


__all__ = ["print_simulation"]
