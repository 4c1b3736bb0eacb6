"""From the catalog to a plan that a person can look at: what `plan`, `release` and `graph` begin with."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import click

from releasepilot.cli.catalog_file import load
from releasepilot.cli.invocation import Invocation
from releasepilot.cli.render.progress import reading
from releasepilot.governance.assessment import assess
from releasepilot.graph.planner import look_ahead
from releasepilot.model.assessment import Assessment
from releasepilot.model.catalog import Catalog, ComponentEntry
from releasepilot.model.plan import Plan
from releasepilot.model.snapshot import Snapshot
from releasepilot.model.train import Request, request_of
from releasepilot.model.urgency import Urgency
from releasepilot.plugins.registry import Registry
from releasepilot.repositories.snapshot import take_snapshot
from releasepilot.settings import Settings


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """A plan, and the request and the snapshot that it was made of."""

    request: Request
    snapshot: Snapshot
    plan: Plan
    #: How many components of the catalog depend on each one.
    dependents: Mapping[str, int]

    def confirmed(self) -> Request:
        """Return the request again, now with this plan confirmed."""
        return self.request.model_copy(update={"confirmed": self.plan.digest})

    def assessed(self) -> Assessment:
        """Score the risk and judge by the rules, now. How earlier trains ended is not asked: that takes servers."""
        return assess(self.plan, self.snapshot, self.request, dependents=self.dependents, now=datetime.now(UTC))


#: For commands that plan.
branch_option = click.option(
    "--branch", default="", help="Release every component from this branch, not from the one of the catalog."
)

#: For commands that ask for trains.
urgency_option = click.option(
    "--urgency",
    type=click.Choice([one.value for one in Urgency]),
    default=Urgency.NORMAL.value,
    show_default=True,
    callback=lambda _ctx, _param, value: Urgency(value),
    help="Whose steps are taken first where many trains wait for workers.",
)


def entry_of(catalog: Catalog, name: str) -> ComponentEntry:
    """Return a component of the catalog, the only one where no name is given. A usage error where there is none."""
    names = [entry.name for entry in catalog.components]
    if not name and len(names) == 1:
        return catalog.components[0]
    if name not in names:
        what = f"there is no component {name!r}" if name else "the catalog has several components"
        raise click.UsageError(f"{what}: name one of {', '.join(names)}")
    return catalog.components[names.index(name)]


async def read_repositories(
    invocation: Invocation, settings: Settings, branch: str = ""
) -> tuple[Catalog, Registry, Snapshot]:
    """Read the catalog and all of its repositories. Nothing is written but the mirror cache.

    With `branch` every component is read there. Raises CatalogError and SnapshotError.
    """
    catalog, registry = load(invocation, settings, branch)
    with reading(sys.stderr, len(catalog.components), quiet=invocation.quiet) as progress:
        snapshot = await take_snapshot(
            catalog,
            settings.cache_dir,
            concurrency=catalog.concurrency,
            timeout=settings.git_timeout,
            progress=progress,
        )
    return catalog, registry, snapshot


async def prepare(
    invocation: Invocation,
    settings: Settings,
    branch: str = "",
    day: datetime | None = None,
    urgency: Urgency = Urgency.NORMAL,
) -> Prepared:
    """Make the plan, of today or of the day of a moment. Raises CatalogError, SnapshotError and PlanError."""
    catalog, registry, snapshot = await read_repositories(invocation, settings, branch)
    date = (day or datetime.now(UTC)).astimezone(UTC).date().isoformat()
    request = request_of(catalog, registry.traits(), date=date, actor=settings.actor, urgency=urgency)
    planned = await asyncio.to_thread(look_ahead, snapshot, request)
    return Prepared(request=request, snapshot=snapshot, plan=planned.plan, dependents=planned.dependents)
