"""`exit-codes.md`: what a command ends with, by outcome."""

from __future__ import annotations

from docs.pages.comments import comments_of
from docs.pages.markdown import code, document, table
from releasepilot.cli.exits import Exit, of_outcome
from releasepilot.model.train import Outcome

#: What codes mean that have no comment.
_PLAINLY = {Exit.OK: "Done.", Exit.FAILED: "It failed.", Exit.REJECTED: "People said no."}

#: What the exit code of a command says, where it is not simply that of its train.
_COMMANDS = (
    ("plan, release", "5 also where a rule of the catalog denies the plan: nothing is released then."),
    ("rules test", "0: every test passes. 1: one fails."),
    (
        "status TRAIN",
        (
            "The train's own code, as above; 5 while it has not ended. A train that was rolled back is 3, even if "
            "that is what was asked for."
        ),
    ),
    ("status TRAIN --plan", "0: the plan is printed."),
    (
        "rollback TRAIN",
        "0: all of it is undone. 6: something stays that somebody must look at. 1: the rollback was refused.",
    ),
    (
        "rollback TRAIN --component X",
        (
            "0: the components that were named are no longer released, even if others are. 6: something of them, or of "
            "what depends on them, stays that somebody must look at. 1: one of them is still released, or the rollback "
            "was refused."
        ),
    ),
    ("demo", "The code of its train."),
    (
        "demo --break X",
        "0: all of it was rolled back, as it should be. Else the code of its train, and 1 if that is 0.",
    ),
    (
        "approve, reject, pause, resume, abort",
        (
            "0: the train was told, whatever comes of it. 1: it refused. `approve` is 2 where the plan has changed "
            "since the train began, `--plan` is not given and there is no terminal to ask on."
        ),
    ),
    ("windows check", "0: the components may be released at that moment. 5: they may not."),
    ("windows next", "0: the opening is printed. 5: none is known within five years."),
    ("doctor", "1: something is missing."),
)

_LEFT = """
`release` and `status --watch` that are left with Ctrl-C, or whose servers go away for good, end with 5; the train goes
on.
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
            "These commands say something else, or more:",
            table(("command", "exit code"), ((code(name), said) for name, said in _COMMANDS)),
            _LEFT,
        ],
    )
