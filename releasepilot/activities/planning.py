"""Planning as an activity: read the repositories, make the plan, store it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from temporalio import activity

from releasepilot.activities.alive import alive
from releasepilot.activities.failure import failures_explained
from releasepilot.activities.ledger import Ledger
from releasepilot.activities.outline import measured_for, outline_of
from releasepilot.governance.assessment import assess
from releasepilot.governance.risk import TRAINS
from releasepilot.governance.rules import refuse_denied
from releasepilot.graph.planner import Planned, look_ahead
from releasepilot.model.assessment import Assessment
from releasepilot.model.plan import Plan, differences
from releasepilot.model.snapshot import Snapshot
from releasepilot.model.train import Outline
from releasepilot.model.trust import Trust
from releasepilot.repositories.snapshot import take_snapshot
from releasepilot.store.read import Reader
from releasepilot.workflows.ports import Activity, PrepareCall


def _now() -> datetime:
    return datetime.now(UTC)


class Planning:
    """Makes plans."""

    def __init__(
        self,
        ledger: Ledger,
        reader: Reader,
        *,
        cache: Path,
        git_timeout: float,
        trust: Trust | None = None,
        now: Callable[[], datetime] = _now,
    ) -> None:
        """Read repositories through the mirrors in `cache`; end a git command after `git_timeout` seconds.

        With `trust` only those who prove who they are may ask, and act on what is planned. `now` is the clock of the
        rules; it gives moments with their zone.
        """
        self._trust = trust
        self._ledger = ledger
        self._reader = reader
        self._cache = cache
        self._git_timeout = git_timeout
        self._now = now

    @activity.defn(name=Activity.PREPARE)
    async def prepare(self, call: PrepareCall) -> Outline:
        """Open the train, plan it, store the plan, judge it by the rules, and say what differs from the plan before.

        RuleDenied where a rule denies it. Plan and verdicts are stored then too, so that people can look at them.
        """
        with failures_explained():
            return await alive(self._prepare(call))

    async def _prepare(self, call: PrepareCall) -> Outline:
        await self._ledger.open(call)
        catalog = call.request.catalog
        snapshot = await take_snapshot(catalog, self._cache, concurrency=catalog.concurrency, timeout=self._git_timeout)
        planned = await asyncio.to_thread(look_ahead, snapshot, call.request)
        plan = planned.plan
        await self._ledger.keep(plan)
        assessment = await self._judge(call, planned, snapshot)
        changes = await self._changes(call, plan)
        measured = await measured_for(call.request, self._reader)
        return outline_of(plan, call.request, changes, measured=measured, trust=self._trust, assessment=assessment)

    async def _judge(self, call: PrepareCall, planned: Planned, snapshot: Snapshot) -> Assessment | None:
        """Judge the plan, keep what was said of it, and return it; RuleDenied where a rule denies it.

        None where neither rules nor gates ask for it.
        """
        catalog = call.request.catalog
        if not catalog.weighs_risk:
            return None
        now = self._now()
        assessment = await asyncio.to_thread(
            assess,
            planned.plan,
            snapshot,
            call.request,
            dependents=planned.dependents,
            now=now,
            past=await self._reader.failures(
                catalog.train, call.train, [release.component for release in planned.plan.releases], TRAINS
            ),
            checks=await self._reader.checks(
                catalog.train, call.train, [step.id for step in planned.plan.steps if not step.effect]
            ),
            # What was approved was another plan, and at its gates people have still to be asked.
            approvals=call.approvals if planned.plan.digest == call.previous else None,
        )
        await self._ledger.keep_assessment(call.train, planned.plan.digest, now, assessment)
        refuse_denied(assessment.verdicts)
        return assessment

    async def _changes(self, call: PrepareCall, plan: Plan) -> tuple[str, ...]:
        """Say what differs from the plan before, or from the one that came confirmed with the request."""
        if call.previous:
            return differences(await self._reader.plan(call.previous), plan)
        if call.request.confirmed in ("", plan.digest):
            return ()
        return (f"what would be released now is not the plan that {call.request.requested_by} confirmed",)
