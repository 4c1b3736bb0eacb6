"""The end of a train, and lists of trains: what is released, what was undone, what stays, what to do next."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from releasepilot.cli.render.plan import residue_lines
from releasepilot.cli.render.text import clean, plain
from releasepilot.cli.render.train import phase_words
from releasepilot.model.plan import Plan
from releasepilot.model.train import Outcome, Record
from releasepilot.store.read import TrainRow

#: Title and style of each outcome.
TITLES: dict[Outcome, tuple[str, str]] = {
    Outcome.RELEASED: ("Released.", "bold green"),
    Outcome.NOTHING: ("Nothing to release.", "bold"),
    Outcome.ROLLED_BACK: ("Rolled back: nothing of it is released.", "bold cyan"),
    Outcome.PARTLY_RELEASED: ("Partly released; the rest was rolled back.", "bold yellow"),
    Outcome.REJECTED: ("Rejected: nothing was done.", "bold yellow"),
    Outcome.FAILED: ("Failed; what was done stays.", "bold red"),
    Outcome.RESIDUE: ("Something stays that somebody must look at.", "bold red"),
}

_MEND = "mend the cause and run `releasepilot release` again"

_NEXT: dict[Outcome, str] = {
    Outcome.ROLLED_BACK: _MEND,
    Outcome.PARTLY_RELEASED: "mend the cause and run `releasepilot release` for the rest",
    Outcome.FAILED: "run `releasepilot rollback {train}` to take back what was done",
    Outcome.RESIDUE: "settle what is listed, then run `releasepilot rollback {train}` to undo the rest",
}


def print_record(console: Console, record: Record, plan: Plan | None = None, *, advise: bool = True) -> None:
    """Print how a train ended, and with `advise` what to do next; the plan knows the order of what was released."""
    title, style = TITLES[record.outcome]
    idle = record.outcome is Outcome.FAILED and not (record.released or record.undone or record.residue)
    if idle:
        # It failed before its first step; what has had an effect without a release would be listed as residue.
        title = "Failed: nothing was done."
    console.print(Text.assemble((title, style), (f"  {clean(record.train)}", "dim")))
    if record.cause:
        code = f"[{record.code}] " if record.code else ""
        console.print(plain(f"cause: {code}{record.cause}"))
    if record.hint:
        console.print(plain(f"hint: {record.hint}"))
    _print_released(console, record, plan)
    if record.undone:
        console.print(plain(f"undone, in this order: {', '.join(record.undone)}"))
    if record.residue:
        console.print(Text("What stays:"))
        for line in residue_lines(record.residue):
            console.print(Padding(line, (0, 0, 0, 2)))
    elif record.undone:
        console.print(Text("Nothing stays."))
    follow_up = _MEND if idle else _NEXT.get(record.outcome, "").format(train=clean(record.train))
    # Whoever took a train back on purpose has nothing to mend.
    wanted = record.outcome is Outcome.ROLLED_BACK and record.cause.startswith(("rolled back by ", "aborted by "))
    if follow_up and advise and not wanted:
        console.print(plain(f"next: {follow_up}", "dim"))


def _print_released(console: Console, record: Record, plan: Plan | None) -> None:
    """Print what is released, and what did not hold it back because people waived it."""
    for waived in record.waived:
        console.print(plain(f"waived: {waived}"))
    order = [release.component for release in plan.releases] if plan else sorted(record.released)
    for component in filter(record.released.__contains__, order):
        console.print(Text.assemble("  released ", (clean(component), "bold"), f" {clean(record.released[component])}"))


def print_trains(console: Console, rows: Iterable[TrainRow]) -> None:
    """Print trains, one to a line."""
    table = Table(box=None, padding=(0, 3, 0, 0), header_style="dim", pad_edge=False)
    for title in ("train", "outcome", "started", "took", "by"):
        table.add_column(title, no_wrap=True)
    for row in rows:
        told = row.outcome.value.replace("_", " ") if row.outcome else phase_words(row.phase)
        style = TITLES[row.outcome][1] if row.outcome else "bold"
        started = row.started_at.astimezone().strftime("%Y-%m-%d %H:%M")
        table.add_row(plain(row.id), Text(told, style=style), started, _took(row), plain(row.requested_by))
    console.print(table if table.row_count else Text("No train has been started yet."))


def _took(row: TrainRow) -> str:
    """Hours, minutes and seconds from start to end; empty while it runs."""
    if row.ended_at is None:
        return ""
    return str(timedelta(seconds=round((row.ended_at - row.started_at).total_seconds())))


def print_changes(console: Console, changes: Iterable[str], digest: str) -> None:
    """Print what differs between the plan that was seen before and the one of this digest that waits now."""
    console.print(Text("The plan has changed:", style="yellow"))
    for change in changes:
        console.print(plain(f"  {change}"))
    console.print(Text.assemble(("plan ", "dim"), digest))
