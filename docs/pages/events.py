"""`events.md`: what a train writes down."""

from __future__ import annotations

from docs.pages.comments import comments_of, told
from docs.pages.fields import fields_table
from docs.pages.markdown import code, document, prose, table
from releasepilot.model.event import Event, EventType
from releasepilot.model.refusal import Refusal

_WHERE = """
Events are rows of the table `event` of ReleasePilot's database. They are numbered from 1 in each train and never
changed. The tables `train` and `step`, which `status`, `history` and a later `rollback` read, follow from them in the
same transaction.
"""

_REFUSED = """
Refusals are rows of the table `refusal`. They have no number, because they moved nothing: their moment says where they
belong. `releasepilot events --json` gives both, told apart by `type`.
"""


def page() -> str:
    """Write the page."""
    meanings = comments_of(EventType)
    return document(
        "Events",
        "`releasepilot/model/event.py`",
        [
            prose(told(Event)),
            fields_table(Event, Event.model_json_schema(by_alias=True)),
            _WHERE,
            table(("type", "meaning"), ((code(kind.value), meanings.get(kind.name, "")) for kind in EventType)),
            "## Refusals",
            prose(told(Refusal)),
            fields_table(Refusal, Refusal.model_json_schema()),
            _REFUSED,
        ],
    )
