"""From the catalog to a plan that a person can look at: what `plan`, `release` and `graph` begin with."""

from __future__ import annotations

import asyncio
import sys
from dataclasses import dataclass
from datetime import UTC, datetime

from releasepilot.cli.catalog_file import load
from releasepilot.cli.invocation import Invocation
from releasepilot.cli.render.progress import reading
from releasepilot.graph.planner import make_plan
from releasepilot.model.catalog import Catalog
from releasepilot.model.plan import Plan
from releasepilot.model.snapshot import Snapshot
from releasepilot.model.train import Request, request_of
from releasepilot.plugins.registry import Registry
from releasepilot.repositories.snapshot import take_snapshot
from releasepilot.settings import Settings


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """A plan, and the request and the snapshot that it was made of."""

    request: Request
    snapshot: Snapshot
    plan: Plan

    def confirmed(self) -> Request:
        """Return the request again, now with this plan confirmed."""
        return self.request.model_copy(update={"confirmed": self.plan.digest})


async def read_repositories(invocation: Invocation, settings: Settings) -> tuple[Catalog, Registry, Snapshot]:
    """Read the catalog and all of its repositories. Nothing is written but the mirror cache.

    Raises CatalogError and SnapshotError.
    """
    catalog, registry = load(invocation, settings)
    with reading(sys.stderr, len(catalog.components), quiet=invocation.quiet) as progress:
        snapshot = await take_snapshot(
            catalog,
            settings.cache_dir,
            concurrency=catalog.concurrency,
            timeout=settings.git_timeout,
            progress=progress,
        )
    return catalog, registry, snapshot


async def prepare(invocation: Invocation, settings: Settings) -> Prepared:
    """Make the plan. Raises CatalogError, SnapshotError and PlanError."""
    catalog, registry, snapshot = await read_repositories(invocation, settings)
    today = datetime.now(UTC).date().isoformat()
    request = request_of(catalog, registry.traits(), date=today, actor=settings.actor)
    plan = await asyncio.to_thread(make_plan, snapshot, request)
    return Prepared(request=request, snapshot=snapshot, plan=plan)
