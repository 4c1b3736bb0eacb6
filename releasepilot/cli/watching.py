"""Follow a train until it ends, or until only its requester can say how it goes on; come back to servers that left."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress

from rich.console import Console

from releasepilot.cli.exits import ServersLost
from releasepilot.cli.render.text import plain
from releasepilot.cli.render.train import Display
from releasepilot.cli.servers import return_to, were_stopped
from releasepilot.control import Control, Servers, connect
from releasepilot.errors import ReleasePilotError, StackError
from releasepilot.model.plan import Plan
from releasepilot.model.train import TrainPhase, TrainView
from releasepilot.settings import Settings

#: How often servers that went away are looked for, over the whole of a watch.
_RETURNS = 5
#: Seconds before each of these looks.
_PAUSE = 2.0


def watch(settings: Settings, servers: Servers, train: str, display: Display, *, confirmed: str = "") -> TrainView:
    """Follow the train as `follow` does, also over a restart of its servers.

    ServersLost where they were stopped on purpose, or do not come back.
    """
    for _ in range(_RETURNS):
        try:
            return asyncio.run(_connected(servers, train, display, confirmed))
        except StackError as error:
            display.pause()
            if were_stopped(settings):
                raise ServersLost(f"the servers were stopped while {train} was watched", hint=_later(train)) from error
        time.sleep(_PAUSE)
        with suppress(StackError):
            servers = return_to(settings, servers)
    raise ServersLost(f"the servers went away while {train} was watched, and do not come back", hint=_later(train))


def _later(train: str) -> str:
    return f"the train goes on as soon as they run again; then: releasepilot status {train} --watch"


async def _connected(servers: Servers, train: str, display: Display, confirmed: str) -> TrainView:
    async with connect(servers) as control:
        return await follow(control, train, display, confirmed=confirmed)


async def follow(control: Control, train: str, display: Display, *, confirmed: str = "") -> TrainView:
    """Show the train, with the plan that it has, until it has ended; return the last view.

    With `confirmed`, the digest of a plan that its requester has agreed to, it also returns when the train waits
    with another plan, which is not shown: the requester is asked about it.
    """
    async for view in control.watch(train):
        known = display.plan.digest if display.plan else ""
        if view.plan_digest not in ("", known):
            display.plan = await plan_or_none(control, view)
        if confirmed and asks_again(view, confirmed):
            return view
        display.show(view)
        if view.record is not None:
            return view
    return await control.view(train)


async def plan_or_none(control: Control, view: TrainView) -> Plan | None:
    """Return the plan that a train has now; None before it is planned."""
    if view.plan_digest:
        with suppress(ReleasePilotError):
            return await control.reader.plan(view.plan_digest)
    return None


def asks_again(view: TrainView, confirmed: str) -> bool:
    """Whether the train waits because its plan is no longer the one that was confirmed."""
    return view.phase is TrainPhase.WAITING and view.plan_digest not in ("", confirmed)


def detached(console: Console, train: str) -> None:
    """Say how to look at a train again after leaving it."""
    console.print(plain(f"left {train}, which goes on; look at it again with: releasepilot status {train} --watch"))
