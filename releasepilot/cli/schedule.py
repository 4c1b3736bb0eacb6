"""`releasepilot schedule`: trains that begin by themselves. The clock is read here."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import click
from pydantic import TypeAdapter, ValidationError

from releasepilot.cli.catalog_file import load
from releasepilot.cli.environment import settings_of
from releasepilot.cli.exits import Exit
from releasepilot.cli.invocation import Invocation, json_option, pass_invocation, yes_option
from releasepilot.cli.prepare import Prepared, branch_option, prepare, urgency_option
from releasepilot.cli.release import ask_is_possible
from releasepilot.cli.render.plan import print_plan
from releasepilot.cli.render.schedules import print_schedules
from releasepilot.cli.render.text import console, plain, print_json_list
from releasepilot.cli.render.windows import moment
from releasepilot.cli.servers import reach
from releasepilot.cli.when import Length
from releasepilot.cli.windows import Moment
from releasepilot.control import Servers, connect
from releasepilot.errors import CatalogError
from releasepilot.governance.expansion import zone_of
from releasepilot.governance.windows import next_opening
from releasepilot.model.names import Name
from releasepilot.model.schedule import Overlap, ScheduleView, Timetable
from releasepilot.model.train import Request, request_of
from releasepilot.model.urgency import Urgency
from releasepilot.settings import Settings

T = TypeVar("T")
_NAME: TypeAdapter[str] = TypeAdapter(Name)


class _ByName(click.Group):
    """A group whose first word may be the name of a schedule, which is then set."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Take what is no command for a name."""
        return super().resolve_command(ctx, args if args[0] in self.commands else ["set", *args])


@click.group(cls=_ByName)
def schedule() -> None:
    """Have trains begin by themselves: `releasepilot schedule NAME --at TIME`, `--cron EXPR` or `--next-window`.

    What no gate and no person has agreed to waits: see `releasepilot schedule set --help`.
    """


def _named(_ctx: click.Context, _param: click.Parameter, value: str) -> str:
    """Accept what can be the name of a schedule."""
    return _checked(_NAME.validate_python, value)


@schedule.command(name="set", short_help="Have trains begin by themselves.")
@click.argument("name", callback=_named)
@click.option("--at", type=Moment(), help="Once, at this moment, with its offset.")
@click.option("--cron", default="", help="Again and again: five fields as crontab has them.")
@click.option("--zone", default="UTC", show_default=True, help="Whose clocks --cron goes by, such as Europe/Berlin.")
@click.option("--next-window", is_flag=True, help="Once, when the windows open next.")
@click.option(
    "--overlap",
    type=click.Choice([one.value for one in Overlap]),
    default=Overlap.SKIP.value,
    show_default=True,
    help="What becomes of a train that is due while the last one has not ended: left out, or begun after it.",
)
@click.option("--catch-up", type=Length(), default="10m", show_default=True, help="Begin so much late, but not later.")
@branch_option
@urgency_option
@yes_option
@pass_invocation
def set_schedule(
    invocation: Invocation,
    *,
    name: str,
    at: datetime | None,
    cron: str,
    zone: str,
    next_window: bool,
    overlap: str,
    catch_up: timedelta,
    branch: str,
    urgency: Urgency,
    yes: bool,
) -> int:
    """Have a train begin at a moment, when the windows open, or again and again.

    Each train makes its own plan when it begins. With gates it waits at them. Without gates, what you confirm here is
    the plan that is shown, for `--at` and `--next-window`: if anything else would be released then, the train waits
    for `releasepilot approve`; a train of `--cron` always does.
    """
    if (at is not None) + bool(cron) + next_window != 1:
        raise click.UsageError("give one of --at, --cron and --next-window")
    if not cron and zone != "UTC":
        raise click.UsageError("--zone is for --cron: --at has its offset, and windows have their zones")
    ask_is_possible(yes=yes)
    settings = settings_of(invocation)
    begin = None if cron else at or _next_window(invocation, settings)
    told = {"at": begin, "cron": cron, "zone": zone, "overlap": overlap, "catch_up": int(catch_up.total_seconds())}
    timetable = _checked(Timetable.model_validate, told)
    if begin is None:
        _check_zone(zone)
        request = _recurring(invocation, settings, branch, urgency)
    else:
        if begin <= datetime.now(UTC):
            raise click.UsageError(f"{begin.isoformat(timespec='minutes')} is past")
        request = _once(invocation, settings, branch, begin, urgency)
    if not yes:
        click.confirm(f"Schedule this {_words(timetable)}?", abort=True)
    asyncio.run(_set(reach(settings, quiet=invocation.quiet), name, request, timetable))
    console().print(plain(f"{name}: {request.catalog.train} {_words(timetable)}"))
    return Exit.OK


def _checked(check: Callable[[object], T], value: object) -> T:
    """Return what a check makes of a value; a usage error where it is refused."""
    try:
        return check(value)
    except ValidationError as error:
        told = error.errors(include_url=False)[0]
        where = ".".join(str(key).replace("_", "-") for key in told["loc"])
        raise click.UsageError(f"{where}: {told['msg']}".removeprefix(": ").replace("Value error, ", "")) from None


def _words(timetable: Timetable) -> str:
    """Say when trains begin."""
    if timetable.at is None:
        return f"by {timetable.cron!r} on the clocks of {timetable.zone}"
    return f"at {moment(timetable.at, 'UTC')}"


def _check_zone(zone: str) -> None:
    try:
        zone_of(zone)
    except CatalogError as error:
        raise click.UsageError(f"{error.message}; {error.hint}") from None


def _recurring(invocation: Invocation, settings: Settings, branch: str, urgency: Urgency) -> Request:
    """Ask for trains of which nobody knows the plan yet, each with the date of its day."""
    catalog, registry = load(invocation, settings, branch)
    return request_of(catalog, registry.traits(), date="", actor=settings.actor, urgency=urgency)


def _once(invocation: Invocation, settings: Settings, branch: str, begin: datetime, urgency: Urgency) -> Request:
    """Ask for what would be released on that day as the repositories are now, and show it."""
    prepared: Prepared = asyncio.run(prepare(invocation, settings, branch, day=begin, urgency=urgency))
    print_plan(console(), prepared.plan)
    return prepared.confirmed() if prepared.plan.releases else prepared.request


def _next_window(invocation: Invocation, settings: Settings) -> datetime:
    """Return when all components of the catalog may be released next."""
    catalog, now = load(invocation, settings)[0], datetime.now(UTC)
    found = next_opening(catalog.windows, now, catalog.labelled(one.name for one in catalog.components))
    if found is None:
        raise click.UsageError("the windows are not known to open: `releasepilot windows next` asks them")
    if found.begin <= now:
        raise click.UsageError("the windows are open now: use `releasepilot release`")
    return found.begin


async def _set(servers: Servers, name: str, request: Request, timetable: Timetable) -> None:
    async with connect(servers) as control:
        await control.schedule(name, request, timetable)


@schedule.command(name="list", short_help="List the schedules.")
@json_option
@pass_invocation
def list_schedules(invocation: Invocation, as_json: bool) -> int:
    """List the schedules, with when each is due next."""
    found = asyncio.run(_schedules(reach(settings_of(invocation), quiet=invocation.quiet)))
    if as_json:
        print_json_list(tuple(found))
    else:
        print_schedules(console(), found)
    return Exit.OK


async def _schedules(servers: Servers) -> list[ScheduleView]:
    async with connect(servers) as control:
        return await control.schedules()


@schedule.command(short_help="Remove a schedule.")
@click.argument("name")
@pass_invocation
def remove(invocation: Invocation, name: str) -> int:
    """Remove a schedule. A train that it has started goes on."""
    asyncio.run(_remove(reach(settings_of(invocation), quiet=invocation.quiet), name))
    console().print(plain(f"{name} is removed"))
    return Exit.OK


async def _remove(servers: Servers, name: str) -> None:
    async with connect(servers) as control:
        await control.unschedule(name)
