"""Planning as an activity: read the repositories, make the plan, store it."""

from __future__ import annotations

import asyncio
from pathlib import Path

from temporalio import activity

from releasepilot.activities.alive import alive
from releasepilot.activities.failure import failures_explained
from releasepilot.activities.ledger import Ledger
from releasepilot.activities.outline import measured_for, outline_of
from releasepilot.graph.planner import make_plan
from releasepilot.model.plan import Plan, differences
from releasepilot.model.train import Outline
from releasepilot.repositories.snapshot import take_snapshot
from releasepilot.store.read import Reader
from releasepilot.workflows.ports import Activity, PrepareCall


class Planning:
    """Makes plans."""

    def __init__(self, ledger: Ledger, reader: Reader, *, cache: Path, git_timeout: float) -> None:
        """Read repositories through the mirrors in `cache`; end a git command after `git_timeout` seconds."""
        self._ledger = ledger
        self._reader = reader
        self._cache = cache
        self._git_timeout = git_timeout

    @activity.defn(name=Activity.PREPARE)
    async def prepare(self, call: PrepareCall) -> Outline:
        """Open the train, plan it, store the plan, and say what differs from the plan before."""
        with failures_explained():
            return await alive(self._prepare(call))

    async def _prepare(self, call: PrepareCall) -> Outline:
        await self._ledger.open(call)
        catalog = call.request.catalog
        snapshot = await take_snapshot(catalog, self._cache, concurrency=catalog.concurrency, timeout=self._git_timeout)
        plan = await asyncio.to_thread(make_plan, snapshot, call.request)
        await self._ledger.keep(plan)
        measured = await measured_for(call.request, self._reader)
        return outline_of(plan, call.request, await self._changes(call, plan), measured)

    async def _changes(self, call: PrepareCall, plan: Plan) -> tuple[str, ...]:
        """Say what differs from the plan before, or from the one that came confirmed with the request."""
        if call.previous:
            return differences(await self._reader.plan(call.previous), plan)
        if call.request.confirmed in ("", plan.digest):
            return ()
        return (f"what would be released now is not the plan that {call.request.requested_by} confirmed",)
