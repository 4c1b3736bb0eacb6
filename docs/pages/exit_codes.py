"""`exit-codes.md`: what a command ends with, by outcome."""

from __future__ import annotations

from docs.pages.comments import comments_of
from docs.pages.markdown import code, document, table
from releasepilot.cli.exits import Exit, of_outcome
from releasepilot.model.train import Outcome

#: What codes mean that have no comment.
_PLAINLY = {Exit.OK: "Done.", Exit.FAILED: "It failed.", Exit.REJECTED: "People said no."}

_EXCEPTIONS = """
Two commands ask for an undoing, so 0 means there that it was done: `rollback`, and `demo --break`. `doctor` ends with
1 where something is missing. `release` and `status --watch` that were left with Ctrl-C end with 5; the train goes on.
"""


def page() -> str:
    """Write the page."""
    meanings, outcomes = comments_of(Exit), comments_of(Outcome)
    by_code = ((code(str(int(one))), meanings.get(one.name) or _PLAINLY[one]) for one in Exit)
    by_outcome = ((code(one.value), outcomes.get(one.name, ""), code(str(int(of_outcome(one))))) for one in Outcome)
    return document(
        "Exit codes",
        "`releasepilot/cli/exits.py`",
        [
            "The numbers do not change.",
            table(("code", "meaning"), by_code),
            "`release` and `status` end with the code of their train:",
            table(("outcome", "meaning", "exit code"), by_outcome),
            _EXCEPTIONS,
        ],
    )
