"""What is printed: plans, trains and records, on a terminal and in a pipe, with text that nobody vouches for."""

from __future__ import annotations

import io
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from releasepilot.cli.render.commits import SHOWN, print_commits_seen
from releasepilot.cli.render.graph import print_graph
from releasepilot.cli.render.plan import markdown, print_plan
from releasepilot.cli.render.record import print_record
from releasepilot.cli.render.text import PIPE_RULE_WIDTH, clean, clean_lines, console, plain
from releasepilot.cli.render.train import changes, display_for, may_follow, table
from releasepilot.graph.view import GraphView
from releasepilot.model.catalog import Author, Catalog, ComponentEntry, Ecosystem, OnFailure
from releasepilot.model.commit import TRAIN_TRAILER, Commit
from releasepilot.model.gate import OpenGate
from releasepilot.model.plan import Plan, Release, Residue
from releasepilot.model.snapshot import ComponentSource, Snapshot
from releasepilot.model.step import Phase, Queue, SagaClass, Step, StepStatus, Undo
from releasepilot.model.train import Condition, Outcome, Record, TrainPhase, TrainView
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
    open_still = Condition(what="gate cab: 1 of 2 approvals", who=("bo",), command="releasepilot approve shop-1")
    text = drawn(TrainView(train="shop-1", phase=TrainPhase.WAITING, conditions=(open_still,)))
    assert "gate cab: 1 of 2 approvals; bo may run: releasepilot approve shop-1" in text


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


def failed(**more: object) -> str:
    """Print the record of a train that failed."""
    stream = io.StringIO()
    record = Record(train="shop-1", outcome=Outcome.FAILED, cause="lib: no such branch", code="RP202", hint="name one")
    print_record(console(stream), record.model_copy(update=more))
    return stream.getvalue()


def test_a_train_that_failed_before_its_first_step_left_nothing() -> None:
    """Nothing is said to stay, and nothing to be rolled back; where something was done, both are."""
    text = failed()
    assert text.startswith("Failed: nothing was done.")
    assert "cause: [RP202] lib: no such branch\nhint: name one\n" in text
    assert "rollback" not in text
    done = failed(residue=(Residue(component="lib", step="push", undo=Undo.REVERT, what="was done", unresolved=True),))
    assert done.startswith("Failed; what was done stays.")
    assert "releasepilot rollback shop-1" in done


def replanned(**more: object) -> TrainView:
    """Make a train whose plan changed while it waited."""
    gate = OpenGate(name="cab", plan_digest="sha256:2", eligible=("ana",), quorum=1)
    view = TrainView(
        train="shop-1",
        phase=TrainPhase.WAITING,
        plan_digest="sha256:2",
        gates=(gate,),
        conditions=(
            Condition(
                what="gate cab: 0 of 1 approvals",
                who=("ana",),
                command="releasepilot approve shop-1 --plan sha256:2 --comment TEXT",
            ),
        ),
        changes=("lib: version 2.0.0 instead of 1.1.0",),
        waiting_for="cab: 1 more of ana must approve",
    )
    return view.model_copy(update=more)


def test_a_plan_that_changed_is_told_before_it_is_approved() -> None:
    """What changed, the digest that waits and the command that names it are there, drawn and as lines."""
    text = " ".join(drawn(replanned()).split())
    assert "the plan has changed: lib: version 2.0.0 instead of 1.1.0" in text
    assert "plan sha256:2 waits; see it with: releasepilot status shop-1 --plan" in text
    assert "releasepilot approve shop-1 --plan sha256:2 --comment TEXT" in text
    assert changes(None, replanned())[1:] == [
        "the plan has changed:",
        "  lib: version 2.0.0 instead of 1.1.0",
        "waiting: cab: 1 more of ana must approve",
        "plan sha256:2 waits",
    ]
    assert changes(replanned(), replanned(phase=TrainPhase.RUNNING, gates=(), waiting_for="")) == ["shop-1: running"]


def test_a_plan_that_the_reader_was_asked_about_is_not_told_again() -> None:
    """The changes of that digest are left out; those of any other are told."""
    assert "the plan has changed:" not in changes(None, replanned(), seen="sha256:2")
    assert "the plan has changed:" in changes(None, replanned(), seen="sha256:1")


def test_many_changes_of_a_plan_leave_room_on_the_terminal() -> None:
    """Those that do not fit are counted, with the command that shows the plan."""
    many = replanned(changes=tuple(f"c{n}: now released as 1.0.0" for n in range(100)))
    text = drawn(many, height=24)
    assert len(text.splitlines()) <= 24
    assert "and 92 more; see: releasepilot status shop-1 --plan" in text
    assert "c99: now released" in drawn(many)


def test_an_older_view_takes_nothing_back() -> None:
    """Where the ledger answers for the workflow and knows less, each line is still told once."""
    newest = view(stage=StepStatus.DONE, push=StepStatus.RUNNING).model_copy(update={"past_no_return": True})
    older = view(stage=StepStatus.RUNNING, push=StepStatus.PENDING)
    stream = io.StringIO()
    with display_for(console(stream), None) as display:
        for one in (newest, older, newest):
            display.show(one)
    assert stream.getvalue().splitlines() == [
        "shop-1: running",
        "lib/stage: done",
        "lib/push: running",
        "the point of no return is passed",
    ]


def test_a_step_moves_on_and_never_back() -> None:
    """A step can be undone after it was done, and does not run after it was done."""
    assert may_follow(StepStatus.PENDING, StepStatus.UNDONE)
    assert may_follow(StepStatus.DONE, StepStatus.DONE)
    assert not may_follow(StepStatus.DONE, StepStatus.RUNNING)


_TIDY = Commit(sha="c" * 40, message="chore: tidy up")


def seen(*commits: tuple[str, int], commit: Commit = _TIDY) -> list[str]:
    """Print what was seen of components with so many commits since their release."""
    entries = tuple(ComponentEntry(name=name, repo=f"/srv/{name}") for name, _ in commits)
    sources = tuple(
        ComponentSource(
            name=name, head="a" * 40, ecosystem=Ecosystem.PYTHON, last_tag="v1.0.0", commits=(commit,) * count
        )
        for name, count in commits
    )
    stream = io.StringIO()
    print_commits_seen(
        console(stream), Catalog(version=1, train="shop", components=entries), Snapshot(components=sources)
    )
    return stream.getvalue().splitlines()


def test_nothing_to_release_says_what_was_looked_at() -> None:
    """Commits since which tag, and the policy that releases none of them; unmoved components are one line."""
    assert seen(("lib", 2), ("api", 1), ("app", 0)) == [
        "  lib: 2 commits since v1.0.0, none that semantic-release releases",
        "  api: 1 commit since v1.0.0, none that semantic-release releases",
        "  no commit since the last tag: app (v1.0.0)",
    ]


def test_nothing_to_release_is_short_for_a_large_train() -> None:
    """Of many components the first are named and the others counted."""
    lines = seen(*((f"c{n}", n % 2) for n in range(100)))
    assert len(lines) == SHOWN + 2
    assert lines[SHOWN] == "  and 40 more with such commits"
    assert lines[-1].endswith("and 40 more")


def test_commits_of_releasepilot_itself_are_not_counted() -> None:
    """A release commit and its revert after a rollback are no commits that anybody waits for."""
    made = Commit(sha="c" * 40, message=f"chore: release lib 1.1.0\n\n{TRAIN_TRAILER}: shop-1")
    assert seen(("lib", 1), commit=made) == ["  no commit since the last tag: lib (v1.0.0)"]


@pytest.mark.parametrize(
    ("impact", "words"),
    [((), "reaches 0 components: nothing"), (("a",), "1 component: a"), (("a", "b"), "2 components:")],
)
def test_the_blast_radius_counts_in_english(impact: tuple[str, ...], words: str) -> None:
    """One component is not components."""
    stream = io.StringIO()
    graph = GraphView(components=("x", *impact), edges=(), waves=(), critical_path=(), impact_of="x", impact=impact)
    print_graph(console(stream), graph)
    assert words in stream.getvalue()


def test_a_wanted_rollback_leaves_nothing_to_mend() -> None:
    """Advice follows a failure, and not what somebody did on purpose."""
    for cause, advised in (("lib/push: refused", True), ("rolled back by anna", False), ("aborted by anna: no", False)):
        output = io.StringIO()
        record = Record(train="june-1", outcome=Outcome.ROLLED_BACK, undone=("lib",), cause=cause)
        print_record(Console(file=output, width=100), record)
        assert ("next: " in output.getvalue()) is advised, cause
