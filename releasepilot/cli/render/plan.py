"""A plan for people: what is released and why, in which order, and what could not be taken back."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console, Group, RenderableType
from rich.constrain import Constrain
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from releasepilot.cli.render.assessment import print_assessment, said_by_rules
from releasepilot.cli.render.text import PIPE_RULE_WIDTH, clean, clean_lines, plain
from releasepilot.model.assessment import Assessment
from releasepilot.model.gate import ApprovalGate
from releasepilot.model.plan import Plan, Release, Residue
from releasepilot.model.step import PHASES, Phase, Step, Undo

#: Reasons that are shown of one release; the changelog has them all.
SHOWN_REASONS = 3

#: What an undo leaves behind, in words.
LEAVES: dict[Undo, str] = {
    Undo.FULL: "nothing",
    Undo.REVERT: "a visible change and its revert",
    Undo.WINDOW: "nothing for a time, then everything",
    Undo.YANK: "the artefact, no longer chosen",
    Undo.DEPRECATE: "the artefact, marked",
    Undo.NONE: "everything",
}

_PHASE_WORDS: dict[Phase, str] = {
    Phase.STAGE: "prepared out of sight",
    Phase.COMMIT: "public, can be undone",
    Phase.PIVOT: "cannot be undone",
    Phase.FINISH: "tried until it works",
}


def print_plan(console: Console, plan: Plan, assessment: Assessment | None = None) -> None:
    """Print a plan, and what is thought of it; a plan with nothing to release is one line."""
    if not plan.releases:
        console.print(plain(f"Nothing to release: {nothing(plan)}"))
        return
    console.print(_heading(plan))
    console.print(Padding(_releases(plan), (1, 0)))
    console.print(_facts(plan))
    console.print(Padding(_order(plan, None if console.is_terminal else PIPE_RULE_WIDTH), (1, 0)))
    _print_residue(console, plan.worst_residue)
    for notice in plan.notices:
        console.print(plain(f"note: {notice}", "yellow"))
    if assessment:
        print_assessment(console, assessment)
    console.print(Text.assemble(("plan ", "dim"), plan.digest))


def nothing(plan: Plan) -> str:
    """Say why a plan is empty."""
    which = "its one component" if len(plan.unchanged) == 1 else f"any of its {len(plan.unchanged)} components"
    return f"no commit since the last release of {which} asks for a new one."


def _heading(plan: Plan) -> Text:
    total = len(plan.releases) + len(plan.unchanged)
    return Text.assemble(
        (clean(plan.train), "bold"),
        f": {len(plan.releases)} of {total} components, {len(plan.steps)} steps, {plan.date}",
    )


def _releases(plan: Plan) -> Table:
    table = Table(box=None, padding=(0, 3, 0, 0), header_style="dim", pad_edge=False)
    table.add_column("component", no_wrap=True)
    table.add_column("version", no_wrap=True)
    table.add_column("why", ratio=1)
    table.add_column("steps", no_wrap=True)
    for release in plan.releases:
        steps = " ".join(step.name for step in plan.steps if step.component == release.component)
        table.add_row(plain(release.component, "bold"), _version(release), _why(release), plain(steps, "dim"))
    return table


def _version(release: Release) -> Text:
    styles = {"major": "red", "minor": "green", "patch": "cyan"}
    start = f"{release.from_version} → " if release.from_version else "first → "
    return Text.assemble((clean(start), "dim"), (clean(release.to_version), styles.get(release.bump.value, "")))


def _why(release: Release) -> Text:
    shown = [clean(reason) for reason in release.reasons[:SHOWN_REASONS]]
    rest = len(release.reasons) - SHOWN_REASONS
    return Text("\n".join([*shown, f"and {rest} more"] if rest > 0 else shown), overflow="ellipsis")


def _facts(plan: Plan) -> Table:
    """Waves, critical path and gates, one to a line."""
    table = Table(box=None, show_header=False, padding=(0, 3, 0, 0), pad_edge=False)
    table.add_column(no_wrap=True, style="dim")
    table.add_column()
    for number, wave in enumerate(plan.waves, 1):
        table.add_row(f"wave {number}", plain(", ".join(wave)))
    if len(plan.critical_path) > 1:
        table.add_row("critical path", plain(" → ".join(plan.critical_path)))
    for gate in plan.gates:
        table.add_row("gate", plain(gate_words(gate)))
    for rule in below_one(plan):
        table.add_row("below 1.0.0", plain(rule))
    table.add_row("on failure", plain(plan.on_failure.value.replace("_", " ")))
    return table


def below_one(plan: Plan) -> list[str]:
    """Say how versions below 1.0.0 are raised, one line a policy, with the components that it concerns."""
    rules: dict[tuple[str, str], list[str]] = {}
    for release in plan.releases:
        if release.below_one:
            rules.setdefault((release.policy, release.below_one), []).append(release.component)
    return [f"{', '.join(names)} by {policy}: {rule}" for (policy, rule), names in rules.items()]


def gate_words(gate: ApprovalGate) -> str:
    """Say what a gate asks for."""
    owners = ("the code owners",) if gate.code_owners else ()
    who = ", ".join((*gate.roles, *gate.groups, *gate.users, *owners))
    risk = f" where the risk is {' or '.join(level.value for level in gate.risk)}" if gate.risk else ""
    part = f" the part of {', '.join(gate.components)}" if gate.components else ""
    return f"{gate.name}: {gate.quorum} of {who} must approve{part}{risk}"


def _order(plan: Plan, width: int | None) -> RenderableType:
    """Draw the phases from top to bottom, with the point of no return as a line between them: `width`, or all of it."""
    parts: list[RenderableType] = []
    for phase in PHASES:
        steps = [step for step in plan.steps if step.phase is phase]
        if not steps:
            continue
        if any(step.id == plan.point_of_no_return for step in steps):
            title = plain(f"point of no return: {plan.point_of_no_return}", "bold red")
            # A title that does not fit would be cut.
            room = width and max(width, title.cell_len + 4)
            parts.append(Constrain(Rule(title, style="red", align="left"), room))
        parts.append(_phase(phase, steps))
    if plan.point_of_no_return is None:
        parts.append(Text("No point of no return: every step can be undone.", style="green"))
    return Group(*parts)


def _phase(phase: Phase, steps: list[Step]) -> Text:
    counts: dict[str, int] = {}
    for step in steps:
        counts[step.name] = counts.get(step.name, 0) + 1
    names = ", ".join(f"{count} {clean(name)}" if count > 1 else clean(name) for name, count in counts.items())
    return Text.assemble((f"{phase.value:<8}", "bold"), names, (f"  ({_PHASE_WORDS[phase]})", "dim"))


def _print_residue(console: Console, residue: Iterable[Residue]) -> None:
    rows = list(residue)
    if not rows:
        console.print(Text("If all of it were done and then undone, nothing would stay."))
        return
    console.print(Text("If all of it were done and then undone, this would stay:"))
    for line in residue_lines(rows):
        console.print(Padding(line, (0, 0, 0, 2)))


def residue_lines(rows: Iterable[Residue]) -> list[Text]:
    """One line for each kind of thing that stays, with the steps that leave it."""
    kinds: dict[tuple[str, bool], list[str]] = {}
    for row in rows:
        name = f"{row.component}/{row.step.rpartition('/')[2]}"
        kinds.setdefault((row.what or LEAVES[row.undo], row.unresolved), []).append(name)
    lines = []
    for (what, unresolved), names in kinds.items():
        line = Text.assemble((clean(", ".join(names)), "bold"), f": {clean(what)}")
        lines.append(line.append("  (somebody must act)", style="bold red") if unresolved else line)
    return lines


def markdown(plan: Plan, assessment: Assessment | None = None) -> str:
    """Write a plan as Markdown, for a pull request or a change ticket. Names and reasons are escaped."""
    lines = [f"# Release train {_escaped(plan.train)}, {plan.date}", "", f"Plan `{plan.digest}`", ""]
    if not plan.releases:
        return "\n".join([*lines, f"Nothing to release: {nothing(plan)}", ""])
    lines += ["| component | from | to | why |", "|---|---|---|---|"]
    for release in plan.releases:
        cells = (release.component, release.from_version or "first", release.to_version, "; ".join(release.reasons))
        lines.append(f"| {' | '.join(_escaped(cell) for cell in cells)} |")
    lines += ["", "Order: " + ", then ".join(_escaped(" and ".join(wave)) for wave in plan.waves) + ".", ""]
    for rule in below_one(plan):
        lines += [f"Below 1.0.0, {_escaped(rule)}", ""]
    if plan.point_of_no_return:
        lines += [f"Point of no return: {_escaped(plan.point_of_no_return)}.", ""]
    if plan.worst_residue:
        lines += ["If all of it were done and then undone, this would stay:", ""]
        lines += [f"- {_escaped(line.plain)}" for line in residue_lines(plan.worst_residue)] + [""]
    lines += [f"- {_escaped(notice)}" for notice in plan.notices]
    if assessment:
        lines += ["", *_assessed(assessment), ""]
    return "\n".join([*lines, clean_lines(plan.changelog).strip(), ""])


def _assessed(assessment: Assessment) -> list[str]:
    """Write risk and verdicts as Markdown."""
    risk = assessment.risk
    lines = [f"Risk: **{risk.level.value}**, {risk.score} of 100.", "", "| factor | score | why |", "|---|---|---|"]
    lines += [f"| {one.name} | {one.score} of 5 | {_escaped(one.explanation)} |" for one in risk.factors]
    said = [f"- **{word}**: {_escaped(what)}" for word, what, _ in said_by_rules(assessment)]
    return [*lines, "", *said] if said else lines


def _escaped(text: str) -> str:
    """Let no character of untrusted text be Markdown or HTML (CommonMark 0.31.2, section 2.4)."""
    return "".join(f"\\{character}" if character in "\\`*_{}[]<>()#+!|~&@" else character for character in clean(text))
