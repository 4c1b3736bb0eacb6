"""The port to a change management system. Each implementation speaks to one product by its documented interface."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Protocol

from releasepilot.errors import StepConflict
from releasepilot.model.change import ENDED, ChangeRecord, ChangeState, CloseCode, Sighting

#: Ask again after so many seconds where the other system does not say when.
AGAIN = 30.0


class ChangeSystem(Protocol):
    """Where change records are kept. Every verb may be called again and ends in the same state.

    All raise `StepRefused` where trying again cannot help, `StepNotReady` where the system asks to wait, `StepError`
    where its answer was lost: the call may then have had its effect, so the next attempt begins with `find`.
    """

    system: ClassVar[str]

    async def find(self, correlation_id: str) -> Sighting | None:
        """Return the change with this correlation id, which is looked for in the rows themselves; None without one.

        A cancelled one counts only where there is no other. `StepConflict` where there are several.
        """

    async def create(self, record: ChangeRecord) -> Sighting:
        """Make the change, and see to it that there is one: what somebody made at the same moment is adopted."""

    async def attach(self, change: Sighting, name: str, text: str) -> None:
        """Attach a text under a file name, unless the change has one of that name."""

    async def advance(self, change: Sighting, towards: Sequence[ChangeState]) -> Sighting:
        """Move the change into the first of these states that the system offers now; `StepNotReady` without one."""

    async def seen(self, change: Sighting) -> Sighting:
        """Look at the change again: its state with approval and hold, and its schedule."""

    async def close(self, change: Sighting, result: CloseCode, notes: str) -> Sighting:
        """Close the change with a result, by way of the review where there is one."""

    async def cancel(self, change: Sighting, reason: str) -> Sighting:
        """Cancel the change."""

    async def note(self, change: Sighting, text: str) -> None:
        """Add a text to what an ended change says of its end, unless it is there."""


def only(found: Sequence[Sighting], correlation_id: str) -> Sighting | None:
    """Return the one change among those with a correlation id; one that ended counts where no other is left.

    `StepConflict` where several are open: only people know which of them the board looked at.
    """
    alive = [one for one in found if one.state not in ENDED]
    if len(alive) > 1:
        numbers = ", ".join(one.external.number for one in alive)
        raise StepConflict(
            f"several changes have the correlation id {correlation_id}: {numbers}", hint="cancel all of them but one"
        )
    return alive[0] if alive else (found[-1] if found else None)
