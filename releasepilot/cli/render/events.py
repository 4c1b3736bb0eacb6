"""What happened to a train, one line an event: number, moment, kind, who, and what there is to say."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from pydantic import JsonValue
from rich.console import Console
from rich.table import Table
from rich.text import Text

from releasepilot.cli.render.text import clean, plain
from releasepilot.model.event import Event, EventType
from releasepilot.model.refusal import Refusal

#: Characters of what is said of one event, and of one name; the rest is in the JSON.
_WIDEST, _NAME = 240, 40
#: Characters of a digest that tell plans apart.
_DIGEST = 12

#: Kinds that a reader looks for, and how they stand out. The word stands there too, so colour is never the only sign.
_STYLES: Mapping[str, str] = {
    "refused": "red",
    EventType.STEP_FAILED: "bold red",
    EventType.STEP_UNDO_FAILED: "bold red",
    EventType.STEP_UNDONE: "cyan",
    EventType.STEP_DONE: "green",
    EventType.GATE_VOTED: "bold",
    EventType.GATE_REJECTED: "bold yellow",
    EventType.EMERGENCY_OVERRIDDEN: "bold yellow",
    EventType.EMERGENCY_REVIEW_DUE: "yellow",
    EventType.TRAIN_ABORTED: "bold yellow",
    EventType.TRAIN_ENDED: "bold",
    EventType.ROLLBACK_ENDED: "bold",
}


def print_events(console: Console, happened: Iterable[Event | Refusal]) -> None:
    """Print what happened; names and words are cut to the width of a terminal, and to a bound in a pipe."""
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", pad_edge=False)
    table.add_column("nr", justify="right", style="dim", no_wrap=True)
    table.add_column("when", no_wrap=True)
    table.add_column("what", no_wrap=True)
    table.add_column("who", no_wrap=True, overflow="ellipsis", max_width=_NAME)
    table.add_column("", no_wrap=True, overflow="ellipsis", max_width=_WIDEST)
    for one in happened:
        kind, told = (str(one.type), _refused(one)) if isinstance(one, Refusal) else (one.type.value, _told(one))
        number = "" if isinstance(one, Refusal) else str(one.seq)
        at = one.at.astimezone().strftime("%Y-%m-%d %H:%M:%S")
        said = Text(_cut(told, _WIDEST))
        table.add_row(number, at, Text(kind, style=_STYLES.get(kind, "")), plain(_cut(one.actor, _NAME)), said)
    console.print(table if table.row_count else Text("Nothing has happened since."))


def _refused(one: Refusal) -> str:
    often = f" ({one.times} times, last {one.last_at.astimezone():%Y-%m-%d %H:%M:%S})" if one.times > 1 else ""
    return " ".join(filter(None, (one.tried, f"[{one.code}]" if one.code else "", one.reason))) + often


def _told(event: Event) -> str:
    tell = _WORDS.get(event.type, _fields)
    return " ".join(filter(None, (event.step, tell(event.data))))


def _fields(data: Mapping[str, JsonValue]) -> str:
    """Tell the fields by name, as they come; empty ones say nothing."""
    return ", ".join(f"{name.replace('_', ' ')} {_value(name, value)}" for name, value in data.items() if value)


def _value(name: str, value: JsonValue) -> str:
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return text.removeprefix("sha256:")[:_DIGEST] if name == "digest" else text


def _of_request(data: Mapping[str, JsonValue]) -> str:
    components = _at(data, "request", "catalog", "components")
    names = [str(_at(one, "name") or "") for one in components] if isinstance(components, list) else []
    return f"{len(names)} component{'' if len(names) == 1 else 's'}: {', '.join(names)}"


def _of_record(data: Mapping[str, JsonValue]) -> str:
    outcome, cause = _at(data, "record", "outcome"), _at(data, "record", "cause")
    return str(outcome or "").replace("_", " ") + (f": {cause}" if cause else "")


def _of_receipt(data: Mapping[str, JsonValue]) -> str:
    found = str(_at(data, "receipt", "found") or "")
    return f"{found}, found done" if _at(data, "receipt", "adopted") else found


def _of_failure(data: Mapping[str, JsonValue]) -> str:
    code = f"[{data['code']}] " if data.get("code") else ""
    return f"{code}{data.get('error', '')}"


def _of_vote(data: Mapping[str, JsonValue]) -> str:
    comment = f": {data['comment']}" if data.get("comment") else ""
    return f"{data.get('decision', '')}{comment}"


#: How the kinds are told whose fields are more than a line, or say it better in another order.
_WORDS: Mapping[EventType, Callable[[Mapping[str, JsonValue]], str]] = {
    EventType.TRAIN_STARTED: _of_request,
    EventType.TRAIN_ENDED: _of_record,
    EventType.ROLLBACK_ENDED: _of_record,
    EventType.STEP_DONE: _of_receipt,
    EventType.STEP_FAILED: _of_failure,
    EventType.STEP_UNDO_FAILED: _of_failure,
    EventType.GATE_VOTED: _of_vote,
}


def _at(value: Any, *path: str) -> Any:
    """Return what lies below a path in JSON; None where nothing does."""
    for key in path:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


def _cut(text: str, longest: int) -> str:
    """Make one line of untrusted text, cut where it is too long."""
    line = clean(text)
    return line if len(line) <= longest else line[: longest - 1] + "…"
