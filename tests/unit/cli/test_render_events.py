"""What happened, one line an event, on a terminal and in a pipe, with text that nobody vouches for."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta

from rich.console import Console

from releasepilot.cli.render.events import print_events
from releasepilot.cli.render.text import console
from releasepilot.model.event import Event, EventType
from releasepilot.model.refusal import Refusal
from releasepilot.model.train import Outcome, Record

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
DIGEST = "sha256:" + "ab" * 32


def an_event(seq: int, kind: EventType, step: str = "", actor: str = "", **data: object) -> Event:
    """Make an event of one second after the other."""
    return Event.model_validate(
        {"seq": seq, "at": NOW + timedelta(seconds=seq), "type": kind, "step": step, "actor": actor, "data": data}
    )


def piped(*happened: Event | Refusal) -> list[str]:
    """Print into a pipe."""
    stream = io.StringIO()
    print_events(console(stream), happened)
    return stream.getvalue().splitlines()


def a_refusal(actor: str = "mallory", reason: str = "mallory may not vote at managers") -> Refusal:
    """Refuse somebody three times."""
    first = Refusal.of("core-1", "approve", actor, NOW, code="RP502", reason=reason)
    return first.model_copy(update={"times": 3, "last_at": NOW + timedelta(minutes=5)})


def test_each_kind_is_told_on_one_line() -> None:
    """Every kind of event has a line with its number, its kind and whoever did it."""
    record = Record(train="core-1", outcome=Outcome.ROLLED_BACK, cause="lib/push: no").model_dump(mode="json")
    data = {"record": record, "digest": DIGEST, "reason": "because", "error": "no route", "code": "RP400"}
    kinds = list(EventType)
    lines = piped(*(an_event(seq, kind, "lib/push", "anna", **data) for seq, kind in enumerate(kinds, 1)))
    assert len(lines) == len(kinds) + 1
    for seq, (kind, line) in enumerate(zip(kinds, lines[1:], strict=True), 1):
        assert line.split()[0] == str(seq)
        assert kind.value in line
        assert "anna" in line


def test_what_matters_of_an_event_is_told() -> None:
    """The components that were asked for, the vote with its comment, why a step failed, how it ended."""
    request = {"catalog": {"components": [{"name": "lib"}, {"name": "app"}]}}
    record = Record(train="core-1", outcome=Outcome.ROLLED_BACK, cause="lib/push: no").model_dump(mode="json")
    lines = piped(
        an_event(1, EventType.TRAIN_STARTED, request=request),
        an_event(2, EventType.GATE_VOTED, actor="mia", decision="approve", comment="seen", digest=DIGEST),
        an_event(3, EventType.STEP_FAILED, "lib/push", error="no route", code="RP400", hint="x"),
        an_event(4, EventType.STEP_DONE, "lib/tag", receipt={"found": "v1.0.0", "adopted": True}),
        an_event(5, EventType.GATE_OPENED, gate="managers", digest=DIGEST),
        an_event(6, EventType.TRAIN_ENDED, record=record),
    )
    ends = ["2 components: lib, app", "approve: seen", "lib/push [RP400] no route", "lib/tag v1.0.0, found done"]
    ends += ["gate managers, digest abababababab", "rolled back: lib/push: no"]
    for line, end in zip(lines[1:], ends, strict=True):
        assert line.endswith(end)


def test_a_refusal_says_who_tried_what_and_how_often() -> None:
    """It has no number, because no event is made of it."""
    _, line = piped(a_refusal())
    assert "refused" in line
    assert "mallory  approve [RP502] mallory may not vote at managers (3 times, last " in line


def test_hostile_text_is_one_line_of_bounded_width() -> None:
    """A reason of a thousand characters with escapes and line breaks steers no terminal and forges no line."""
    nasty = "\x1b[2J\nforged line\u202e" + "x" * 5000
    for lines in (
        piped(a_refusal(nasty, nasty), an_event(1, EventType.GATE_VOTED, nasty, nasty, comment=nasty)),
        piped(an_event(1, EventType.STEP_FAILED, nasty, error=nasty, code=nasty)),
    ):
        for line in lines[1:]:
            assert line.isprintable()
            assert len(line) < 400
        assert not any(line.startswith("forged") for line in lines)


def test_a_terminal_gets_lines_of_its_width() -> None:
    """However narrow it is, an event is one line."""
    for width in (40, 80, 120):
        stream = io.StringIO()
        terminal = Console(file=stream, width=width, force_terminal=True, color_system=None)
        print_events(terminal, (a_refusal(reason="very " * 100), an_event(1, EventType.TRAIN_PAUSED, reason="y" * 300)))
        lines = stream.getvalue().splitlines()
        assert len(lines) == 3
        assert all(len(line) <= width for line in lines)


def test_nothing_is_said_in_words() -> None:
    """A question about later events has an answer, too."""
    assert piped() == ["Nothing has happened since."]
