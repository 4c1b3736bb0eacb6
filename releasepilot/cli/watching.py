"""Follow a train until it ends, or until only its requester can say how it goes on."""

from __future__ import annotations

from rich.console import Console

from releasepilot.cli.render.text import plain
from releasepilot.cli.render.train import Display
from releasepilot.control import Control
from releasepilot.model.train import TrainPhase, TrainView


async def follow(control: Control, train: str, display: Display, *, confirmed: str = "") -> TrainView:
    """Show the train until it has ended, and return the last view.

    With `confirmed`, the digest of a plan that its requester has agreed to, it also returns when the train waits
    with another plan.
    """
    async for view in control.watch(train):
        display.show(view)
        if view.record is not None or (confirmed and asks_again(view, confirmed)):
            return view
    return await control.view(train)


def asks_again(view: TrainView, confirmed: str) -> bool:
    """Whether the train waits because its plan is no longer the one that was confirmed."""
    return view.phase is TrainPhase.WAITING and view.plan_digest not in ("", confirmed)


def detached(console: Console, train: str) -> None:
    """Say how to look at a train again after leaving it."""
    console.print(plain(f"left {train}, which goes on; look at it again with: releasepilot status {train} --watch"))
