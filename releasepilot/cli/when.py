"""`releasepilot when`: the earliest that the plan could be carried out. The clock is read here."""

from __future__ import annotations

import asyncio
import sys
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import click

from releasepilot.cli.environment import settings_of
from releasepilot.cli.exits import Exit
from releasepilot.cli.invocation import Invocation, json_option, pass_invocation
from releasepilot.cli.prepare import Prepared, branch_option, prepare
from releasepilot.cli.render.forecast import print_forecast
from releasepilot.cli.render.text import console, print_json
from releasepilot.cli.windows import Moment
from releasepilot.errors import StackError
from releasepilot.governance.estimates import estimates_of
from releasepilot.governance.windows import known_openings
from releasepilot.governance.zone_data import zone_data_version
from releasepilot.graph.timeline import forecast
from releasepilot.model.estimate import Measured
from releasepilot.model.forecast import Forecast
from releasepilot.model.value import read_seconds
from releasepilot.settings import Settings
from releasepilot.store.pool import open_pool
from releasepilot.store.read import Reader
from releasepilot.workers.local import stack_status


class Length(click.ParamType[timedelta]):
    """A time span, as a catalog writes it."""

    name = "span"

    def convert(self, value: str | timedelta, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        """Read `90m`, `48h` or `2d`."""
        try:
            return value if isinstance(value, timedelta) else timedelta(seconds=read_seconds(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)


@click.command()
@click.option("--at", type=Moment(), help="Begin not before this moment, with its offset; now where absent.")
@click.option(
    "--lead",
    type=Length(),
    default="0",
    show_default=True,
    help="What approvals take before it can begin: 90m, 48h, 2d.",
)
@branch_option
@json_option
@pass_invocation
def when(invocation: Invocation, at: datetime | None, lead: timedelta, branch: str, as_json: bool) -> int:
    """Say when what would be released now could be: its earliest start and end, and what if that is missed.

    Counts windows, soak times, what steps took in earlier trains, needs, phases and the cap. No server is started;
    where none runs, steps take what the catalog declares. Ends with 5 where no opening is known.
    """
    settings = settings_of(invocation)
    prepared = asyncio.run(prepare(invocation, settings, branch))
    measured = asyncio.run(_measured(settings, prepared.plan.train))
    begin = (at or datetime.now(UTC)).astimezone(UTC) + lead
    found = _forecast(prepared, measured, begin) if prepared.plan.steps else None
    if not as_json:
        print_forecast(console(), found, prepared.plan, prepared.request.catalog.windows)
    elif found:
        print_json(found)
    else:
        sys.stdout.write("null\n")
    return Exit.OK if found or not prepared.plan.steps else Exit.WAITING


async def _measured(settings: Settings, train: str) -> list[Measured] | None:
    """Ask the ledger what steps took in earlier trains; None where it does not answer, or its server does not run."""
    state = stack_status(settings) if settings.embedded else None
    url = settings.database_url or (state.endpoints.database_url if state else "")
    with suppress(StackError):
        if url:
            async with open_pool(url, max_size=1) as pool:
                return await Reader(pool).measured(train)
    return None


def _forecast(prepared: Prepared, measured: list[Measured] | None, begin: datetime) -> Forecast | None:
    plan, catalog = prepared.plan, prepared.request.catalog
    components = catalog.labelled(release.component for release in plan.releases)
    found = forecast(
        plan,
        estimates_of(plan.steps, measured or ()),
        known_openings(catalog.windows, begin, components),
        begin,
        ledger=measured is not None,
    )
    return found and found.model_copy(update={"tzdata": zone_data_version() if catalog.windows else ""})
