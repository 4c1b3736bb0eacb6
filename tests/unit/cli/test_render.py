"""What is printed: plans, trains and records, on a terminal and in a pipe, with text that nobody vouches for."""

from __future__ import annotations

import io
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from releasepilot.cli.render.plan import markdown, print_plan
from releasepilot.cli.render.record import print_record
from releasepilot.cli.render.text import PIPE_RULE_WIDTH, clean, clean_lines, console, plain
from releasepilot.cli.render.train import changes, display_for, table
from releasepilot.model.catalog import Author, Ecosystem, OnFailure
from releasepilot.model.gate import Actor, Decision, OpenGate, Vote
from releasepilot.model.plan import Plan, Release, Residue
from releasepilot.model.step import Phase, Queue, SagaClass, Step, StepStatus, Undo
from releasepilot.model.train import Outcome, Record, TrainPhase, TrainView
from releasepilot.model.version import Bump

ESCAPES = re.compile(r"\x1b\[")


def release(name: str, reason: str = "feat: x") -> Release:
    """One component of a plan."""
    return Release(
        component=name,
        repo=f"/srv/{name}",
        path=".",
        branch="main",
        head="a" * 40,
        ecosystem=Ecosystem.PYTHON,
        package=name,
        from_version="1.0.0",
        to_version="1.1.0",
        bump=Bump.MINOR,
        from_tag="v1.0.0",
        tag="v1.1.0",
        author=Author(),
        reasons=(reason,),
        changelog="",
    )


def step(component: str, name: str, phase: Phase, saga: SagaClass = SagaClass.COMPENSATABLE) -> Step:
    """One step of a plan."""
    return Step(
        id=f"{component}/{name}",
        component=component,
        name=name,
        uses="exec",
        saga_class=saga,
        undo=Undo.FULL if saga is SagaClass.COMPENSATABLE else Undo.NONE,
        phase=phase,
        queue=Queue.GIT,
    )


def a_plan(reason: str = "feat: x") -> Plan:
    """Two components, one of which cannot be taken back."""
    return Plan(
        train="shop",
        date="2026-01-05",
        on_failure=OnFailure.ROLLBACK_ALL,
        concurrency=8,
        releases=(release("lib", reason), release("app")),
        unchanged=("docs",),
        steps=(
            step("lib", "stage", Phase.STAGE),
            step("app", "stage", Phase.STAGE),
            step("lib", "push", Phase.COMMIT),
            step("app", "npm", Phase.PIVOT, SagaClass.PIVOT),
            step("app", "tell", Phase.FINISH, SagaClass.RETRIABLE),
        ),
        waves=(("lib",), ("app",)),
        critical_path=("lib", "app"),
        point_of_no_return="app/npm",
        worst_residue=(Residue(component="app", step="npm", undo=Undo.NONE, what="cannot be undone", unresolved=True),),
    )


def printed(plan: Plan) -> str:
    """Print a plan as a pipe gets it."""
    stream = io.StringIO()
    print_plan(console(stream), plan)
    return stream.getvalue()


def test_a_plan_shows_what_a_person_approves() -> None:
    """Versions, reasons, waves, the critical path, what stays, and the whole digest are there."""
    text = printed(a_plan())
    for part in ("1.0.0 → 1.1.0", "feat: x", "wave 2", "lib → app", "cannot be undone", a_plan().digest):
        assert part in text
    assert "2 of 3 components" in text


def test_the_point_of_no_return_stands_between_the_phases() -> None:
    """The line is below everything that can be undone and above what cannot."""
    lines = printed(a_plan()).splitlines()
    order = [next(n for n, line in enumerate(lines) if line.startswith(word)) for word in ("commit", "pivot", "finish")]
    line = next(n for n, line in enumerate(lines) if line.startswith("point of no return: app/npm"))
    assert order[0] < line < order[1] < order[2]


def test_the_point_of_no_return_is_not_wider_than_a_page() -> None:
    """A pipe has no width that a line could fill; a name that needs more room gets it."""
    line = next(line for line in printed(a_plan()).splitlines() if line.startswith("point of no return"))
    assert len(line) == PIPE_RULE_WIDTH
    long = "app/" + "x" * 150
    assert f"point of no return: {long} ─" in printed(_with_pivot(long))


def _with_pivot(name: str) -> Plan:
    """Give the plan's pivot another name."""
    plan = a_plan()
    steps = tuple(
        one.model_copy(update={"id": name}) if one.saga_class is SagaClass.PIVOT else one for one in plan.steps
    )
    return plan.model_copy(update={"steps": steps, "point_of_no_return": name})


def test_nothing_to_release_is_one_line() -> None:
    """An empty plan is said in a sentence, with its reason."""
    empty = a_plan().model_copy(update={"releases": (), "steps": (), "unchanged": ("lib", "app")})
    text = printed(empty)
    assert text.startswith("Nothing to release: no commit")
    assert len(text.splitlines()) == 1


def test_a_pipe_gets_no_colour_and_no_broken_lines() -> None:
    """Without a terminal there is no escape sequence, and a long reason stays on its line."""
    text = printed(a_plan("feat: " + "long words " * 30))
    assert not ESCAPES.search(text)
    assert "long words " * 29 in text


def test_no_color_is_honoured(monkeypatch: pytest.MonkeyPatch) -> None:
    """With NO_COLOR a terminal gets no colours (https://no-color.org)."""
    monkeypatch.setenv("NO_COLOR", "1")
    stream = io.StringIO()
    Console(file=stream, force_terminal=True, width=80).print(plain("x", "red"))
    assert "\x1b[31m" not in stream.getvalue()


def test_untrusted_text_is_neither_markup_nor_a_control_sequence() -> None:
    """Markup stays as it was written, and ESC, CR and direction marks do not reach the terminal."""
    text = printed(a_plan("fix: [red]x[/red] \x1b]0;owned\x07 \x9b31m \r\u202egpj.exe"))
    assert "[red]x[/red]" in text
    assert not set("\x1b\x07\x9b\r\u202e") & set(text)


@given(st.text(alphabet=st.characters()))
def test_clean_text_is_one_printable_line(text: str) -> None:
    """Whatever comes in, what goes out has no control character and can be encoded."""
    assert isinstance(clean(text).encode(), bytes)
    assert not [character for character in clean(text) if ord(character) < 32 or 127 <= ord(character) < 160]
    assert clean_lines("a\nb") == "a\nb"


def test_markdown_escapes_what_people_wrote() -> None:
    """A commit message cannot add links, images, tables or HTML to a ticket."""
    text = markdown(a_plan("fix: |x| ![p](http://e/) <script> [a](b)"))
    row = next(line for line in text.splitlines() if line.startswith("| lib"))
    assert row.replace("\\|", "").count("|") == 5
    assert "<script>" not in row.replace("\\<", "")
    assert "](" not in row.replace("\\](", "").replace("\\]\\(", "")


def view(**statuses: StepStatus) -> TrainView:
    """Make a running train with these steps of one component."""
    return TrainView(
        train="shop-1", phase=TrainPhase.RUNNING, statuses={f"lib/{name}": status for name, status in statuses.items()}
    )


def test_changes_are_one_line_each_and_told_once() -> None:
    """A view that says nothing new gives no line."""
    first = view(stage=StepStatus.RUNNING, push=StepStatus.PENDING)
    second = view(stage=StepStatus.DONE, push=StepStatus.RUNNING)
    assert changes(None, first) == ["shop-1: running", "lib/stage: running"]
    assert changes(first, second) == ["lib/stage: done", "lib/push: running"]
    assert changes(second, second) == []


def test_changes_come_in_the_order_in_which_they_happened() -> None:
    """A train runs before its steps do, and ends or turns round after them."""
    running = view(stage=StepStatus.DONE, push=StepStatus.RUNNING)
    planning = running.model_copy(update={"phase": TrainPhase.PLANNING, "statuses": {}})
    ended = view(stage=StepStatus.DONE, push=StepStatus.DONE).model_copy(update={"phase": TrainPhase.ENDED})
    failed = view(stage=StepStatus.DONE, push=StepStatus.FAILED).model_copy(update={"phase": TrainPhase.ROLLING_BACK})
    assert changes(planning, running) == ["shop-1: running", "lib/stage: done", "lib/push: running"]
    assert changes(running, ended) == ["lib/push: done", "shop-1: ended"]
    assert changes(running, failed) == ["lib/push: failed", "shop-1: rolling back"]
    assert changes(None, ended) == ["lib/stage: done", "lib/push: done", "shop-1: ended"]


def test_a_pipe_gets_a_line_a_change() -> None:
    """Without a terminal the display writes plain lines."""
    stream = io.StringIO()
    with display_for(console(stream), None) as display:
        display.show(view(stage=StepStatus.RUNNING))
        display.show(view(stage=StepStatus.FAILED))
    assert stream.getvalue().splitlines() == ["shop-1: running", "lib/stage: running", "lib/stage: failed"]


def drawn(shown: TrainView, **options: int) -> str:
    """Draw a train as text."""
    out = Console(file=io.StringIO(), width=100, record=True)
    out.print(table(shown, a_plan(), **options))
    return out.export_text()


def test_a_gate_says_who_can_pass_it_and_how() -> None:
    """The votes so far, the people, and the command are shown."""
    gate = OpenGate(name="cab", plan_digest="sha256:1", eligible=("ana", "bo"), quorum=2)
    vote = Vote(actor=Actor(account="ana"), decision=Decision.APPROVE, plan_digest="sha256:1")
    text = drawn(TrainView(train="shop-1", phase=TrainPhase.WAITING, gates=(gate,), votes=(vote,)))
    assert "gate cab: 1 of 2 approvals" in text
    assert "releasepilot approve shop-1" in text


def test_a_large_train_fits_the_terminal_and_shows_where_something_happens() -> None:
    """Of 200 components those that run or failed are shown, and the others are counted."""
    statuses = {f"c{n}/push": StepStatus.DONE for n in range(200)} | {"c150/push": StepStatus.FAILED}
    text = drawn(TrainView(train="t", phase=TrainPhase.RUNNING, statuses=statuses), height=24)
    assert len(text.splitlines()) <= 24
    assert "c150" in text
    assert "and 184 more" in text


def test_a_record_says_what_stays_and_what_to_do() -> None:
    """Outcome, cause with its code, what was undone, what stays and the next command are printed."""
    stream = io.StringIO()
    residue = Residue(component="app", step="npm", undo=Undo.NONE, what="app 1.1.0 on npm", unresolved=True)
    print_record(
        console(stream),
        Record(
            train="shop-1",
            outcome=Outcome.RESIDUE,
            undone=("lib",),
            residue=(residue,),
            cause="app/health: no answer",
            code="RP400",
            hint="look at its log",
        ),
    )
    text = stream.getvalue()
    for part in (
        "[RP400] app/health",
        "hint: look at its log",
        "undone, in this order: lib",
        "app/npm: app 1.1.0 on npm",
        "rollback shop-1",
    ):
        assert part in text
