"""A train while it runs: a calm table on a terminal, one line a change in a pipe."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Protocol, Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from releasepilot.cli.render.text import clean, plain
from releasepilot.model.plan import Plan
from releasepilot.model.step import MOVES, StepStatus
from releasepilot.model.train import Condition, TrainPhase, TrainView

#: Symbol and style of a status. The name of the step stands beside it, so colour is never the only sign.
MARKS: dict[StepStatus, tuple[str, str]] = {
    StepStatus.PENDING: ("·", "dim"),
    StepStatus.RUNNING: ("▸", "bold yellow"),
    StepStatus.DONE: ("✓", "green"),
    StepStatus.FAILED: ("✗", "bold red"),
    StepStatus.CANCELLED: ("■", "red"),
    StepStatus.BLOCKED: ("-", "dim"),
    StepStatus.UNDONE: ("↶", "cyan"),
    StepStatus.UNDO_FAILED: ("‼", "bold red"),
}

#: Lines of the table that are not components.
_FRAME = 8

#: Statuses that a reader wants to see first where not all components fit.
_URGENT = (StepStatus.RUNNING, StepStatus.FAILED, StepStatus.UNDO_FAILED, StepStatus.CANCELLED)


class Display(AbstractContextManager["Display"], Protocol):
    """Shows views of one train as they come."""

    #: Where the versions come from; whoever shows a view of another plan sets it before.
    plan: Plan | None

    def show(self, view: TrainView) -> None:
        """Show the newest view."""

    def pause(self) -> None:
        """Leave the screen to a question."""


def display_for(console: Console, plan: Plan | None, *, quiet: bool = False, seen: str = "") -> Display:
    """Choose the display that fits the console; a quiet one shows nothing.

    How the plan of the digest `seen` came about is not told: the reader knows it.
    """
    if console.is_terminal and not quiet:
        return LiveDisplay(console, plan, seen)
    return LineDisplay((lambda _: None) if quiet else (lambda line: console.print(plain(line))), plan, seen)


class LiveDisplay(AbstractContextManager["LiveDisplay"]):
    """A table on a terminal that is drawn anew in place."""

    def __init__(self, console: Console, plan: Plan | None, seen: str = "") -> None:
        self.plan = plan
        self._seen = seen
        self._console = console
        self._live: Live | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.pause()

    def show(self, view: TrainView) -> None:
        """Draw the newest view."""
        if self._live is None:
            self._live = Live(console=self._console, auto_refresh=False, vertical_overflow="visible")
            self._live.start()
        self._live.update(table(view, self.plan, height=self._console.height, seen=self._seen), refresh=True)

    def pause(self) -> None:
        """Leave the last table where it is and stop drawing."""
        if self._live is not None:
            self._live.stop()
            self._live = None


class LineDisplay(AbstractContextManager["LineDisplay"]):
    """One line a change, without colour or cursor movement."""

    def __init__(self, write: Callable[[str], None], plan: Plan | None = None, seen: str = "") -> None:
        self.plan = plan
        self._seen = seen
        self._write = write
        self._last: TrainView | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing is held."""

    def show(self, view: TrainView) -> None:
        """Write what changed since the last view."""
        newest = _onward(self._last, view) if self._last else view
        for line in changes(self._last, newest, seen=self._seen):
            self._write(line)
        self._last = newest

    def pause(self) -> None:
        """Nothing to stop."""


def _onward(before: TrainView, after: TrainView) -> TrainView:
    """Take nothing back that was told of the same plan: the ledger may know less than the workflow that told it."""
    if after.plan_digest != before.plan_digest:
        return after
    moved = {
        step: status
        for step, status in after.statuses.items()
        if may_follow(before.statuses.get(step, StepStatus.PENDING), status)
    }
    return after.model_copy(
        update={
            "statuses": before.statuses | moved,
            "past_no_return": before.past_no_return or after.past_no_return,
            "changes": after.changes or before.changes,
        }
    )


def may_follow(now: StepStatus, later: StepStatus) -> bool:
    """Whether a step that stands at `now` can come to stand at `later`, in any number of moves."""
    reached, new = {now}, {now}
    while new:
        new = {to for status in new for to in MOVES[status]} - reached
        reached |= new
    return later in reached


def changes(before: TrainView | None, after: TrainView, *, seen: str = "") -> list[str]:
    """Say what is new in a view, one line a change, in the order in which it happened.

    A change of the plan is told once, and not at all where the plan's digest is `seen`.
    """
    known = before.statuses if before else {}
    lines = [
        f"{step}: {status.value.replace('_', ' ')}"
        for step, status in after.statuses.items()
        if status is not known.get(step, StepStatus.PENDING)
    ]
    if after.past_no_return and not (before and before.past_no_return):
        lines.append("the point of no return is passed")
    if before is None or before.phase is not after.phase:
        # Steps begin after their train runs; every other phase comes of what steps did.
        at = 0 if after.phase is TrainPhase.RUNNING else len(lines)
        lines.insert(at, f"{after.train}: {phase_words(after.phase)}")
    replanned = before is None or (before.changes, before.plan_digest) != (after.changes, after.plan_digest)
    if replanned and after.plan_digest != seen:
        lines += change_lines(after.changes)
    if after.waiting_for and after.waiting_for != (before.waiting_for if before else ""):
        lines.append(f"waiting: {after.waiting_for}")
    opened = {gate.plan_digest for gate in after.gates} - {
        gate.plan_digest for gate in (before.gates if before else ())
    }
    return [*lines, *(f"plan {digest} waits" for digest in sorted(opened))]


def change_lines(changed: Sequence[str]) -> list[str]:
    """Say what differs from the plan before, one line each; nothing where nothing does."""
    return ["the plan has changed:", *(f"  {change}" for change in changed)] if changed else []


def phase_words(phase: TrainPhase) -> str:
    """Name a phase for people."""
    return phase.value.replace("_", " ")


def table(view: TrainView, plan: Plan | None, *, height: int = 1000, seen: str = "") -> RenderableType:
    """Draw a train: a heading, a row a component, how its plan changed, and what it waits for.

    A change that led to the plan of the digest `seen` is left out.
    """
    parts: list[RenderableType] = [heading(view)]
    changed = _changed(view, seen, max(3, height // 3))
    if view.statuses:
        parts.append(_rows(view, plan, max(3, height - _FRAME - len(changed))))
    parts += changed
    parts += waiting_lines(view)
    return Group(*parts)


def print_view(console: Console, view: TrainView, plan: Plan | None) -> None:
    """Print a train as it stands."""
    console.print(table(view, plan))


def heading(view: TrainView) -> Text:
    """One line: which train, which phase, how far."""
    done = sum(status is StepStatus.DONE for status in view.statuses.values())
    line = Text.assemble((clean(view.train), "bold"), f"  {phase_words(view.phase)}")
    if view.statuses:
        line.append(f"  {done} of {len(view.statuses)} steps done", style="dim")
    if view.past_no_return and view.record is None:
        line.append("  past the point of no return", style="red")
    return line


def _changed(view: TrainView, seen: str, room: int) -> list[Text]:
    """Tell as many changes of the plan as fit."""
    if view.record is not None or view.plan_digest == seen:
        return []
    lines = change_lines(view.changes)
    hidden = len(lines) - 1 - room
    if hidden > 0:
        lines = [*lines[: room + 1], f"  and {hidden} more; see: releasepilot status {view.train} --plan"]
    return [plain(line, "yellow") for line in lines]


def _rows(view: TrainView, plan: Plan | None, room: int) -> Table:
    rows = Table(box=None, show_header=False, padding=(0, 2, 0, 0), pad_edge=False)
    rows.add_column(no_wrap=True, style="bold")
    rows.add_column(no_wrap=True, style="dim")
    rows.add_column()
    names = _shown(view, room)
    for name in names:
        rows.add_row(plain(name), plain(_version(plan, name)), _steps(view, name))
    hidden = len(_components(view)) - len(names)
    if hidden:
        rows.add_row(Text(f"and {hidden} more", style="dim"))
    return rows


def _components(view: TrainView) -> dict[str, list[StepStatus]]:
    found: dict[str, list[StepStatus]] = {}
    for step, status in view.statuses.items():
        found.setdefault(step.partition("/")[0], []).append(status)
    return found


def _shown(view: TrainView, room: int) -> list[str]:
    """Choose the components that fit: those where something happens, then those that are not done, in plan order."""
    components = _components(view)
    if len(components) <= room:
        return list(components)

    def urgency(name: str) -> int:
        statuses = components[name]
        if any(status in _URGENT for status in statuses):
            return 0
        return 1 if StepStatus.PENDING in statuses else 2

    chosen = set(sorted(components, key=urgency)[:room])
    return [name for name in components if name in chosen]


def _version(plan: Plan | None, component: str) -> str:
    found = [release.to_version for release in plan.releases if release.component == component] if plan else []
    return found[0] if found else ""


def _steps(view: TrainView, component: str) -> Text:
    line = Text()
    for step, status in view.statuses.items():
        owner, _, name = step.partition("/")
        if owner == component:
            mark, style = MARKS[status]
            line.append(f"{mark} {clean(name)}  ", style=style)
    return line


def waiting_lines(view: TrainView) -> list[Text]:
    """Say why a train does not move, and which command lets it."""
    if view.record is not None:
        return []
    told = view.waiting_for and not view.conditions
    lines = [plain(f"waiting: {view.waiting_for}", "yellow")] if told else []
    if view.phase is TrainPhase.WAITING and view.plan_digest:
        lines.append(plain(f"plan {view.plan_digest} waits; see it with: releasepilot status {view.train} --plan"))
    return [*lines, *(plain(line) for line in condition_lines(view.conditions))]


def condition_lines(conditions: Sequence[Condition]) -> list[str]:
    """Say what has to come about, who can bring it about, and how."""
    lines = []
    for one in conditions:
        who = f"; {', '.join(one.who)} may run: " if one.who else "; go on with: "
        lines.append(one.what + (f"{who}{one.command}" if one.command else ""))
    return lines
