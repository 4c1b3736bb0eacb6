"""`releasepilot windows`: when the components may be released, and when not. The clock is read here."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from importlib import import_module
from typing import BinaryIO

import click

from releasepilot.cli.catalog_file import load
from releasepilot.cli.completion import complete_component
from releasepilot.cli.environment import settings_of
from releasepilot.cli.exits import Exit
from releasepilot.cli.invocation import Invocation, json_option, pass_invocation
from releasepilot.cli.prepare import entry_of
from releasepilot.cli.render.text import console, print_json, print_json_list
from releasepilot.cli.render.windows import print_occurrences, print_opening, print_verdict, windows_as_yaml
from releasepilot.errors import CalendarError
from releasepilot.governance.scope import concerns
from releasepilot.governance.windows import next_opening, occurrences, verdict
from releasepilot.model.catalog import Catalog
from releasepilot.model.recurrence import YEARS
from releasepilot.model.window import Window, WindowEffect


class Moment(click.ParamType[datetime]):
    """A time with its offset, as ISO 8601 writes it."""

    name = "time"

    def convert(self, value: str | datetime, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """Read the time; one without an offset could be any of two dozen moments."""
        try:
            moment = value if isinstance(value, datetime) else datetime.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is not a time: write 2026-01-05T09:00+01:00", param, ctx)
        if moment.tzinfo is None:
            remedy = f"write {moment.isoformat(timespec='minutes')} with its offset, such as +01:00, or Z for UTC"
            self.fail(f"{value!r} has no time zone: {remedy}", param, ctx)
        if moment.year not in YEARS:
            self.fail(f"the year is from {YEARS[0]} to {YEARS[-1]}", param, ctx)
        return moment


at_option = click.option("--at", type=Moment(), help="The moment to look at, with its offset; now where absent.")
component_option = click.option(
    "--component",
    "names",
    multiple=True,
    shell_complete=complete_component,
    help="Look at this component; may be given several times. All of the catalog where absent.",
)


@click.group()
def windows() -> None:
    """Show when the components of the catalog may be released, by its windows and blackouts.

    `check` is for scripts: it ends with 0 where all may be released, and with 5 where not.
    """


@windows.command(short_help="Say whether they may be released.")
@at_option
@component_option
@json_option
@pass_invocation
def check(invocation: Invocation, at: datetime | None, names: tuple[str, ...], as_json: bool) -> int:
    """Say whether the components may be released, by which window, and until when.

    Several components may be released when each of them may. Ends with 0 where they may, and with 5 where not.
    """
    catalog = _catalog(invocation)
    found = verdict(catalog.windows, at or _now(), catalog.labelled(_components(catalog, names)))
    if as_json:
        print_json(found)
    else:
        print_verdict(console(), found, catalog.windows)
    return Exit.OK if found.open else Exit.WAITING


@windows.command(name="next", short_help="Print the next opening.")
@at_option
@component_option
@json_option
@pass_invocation
def next_window(invocation: Invocation, at: datetime | None, names: tuple[str, ...], as_json: bool) -> int:
    """Print the next span in which the components may be released, from now on where they may now.

    Ends with 5 where none is known within five years.
    """
    catalog = _catalog(invocation)
    found = next_opening(catalog.windows, at or _now(), catalog.labelled(_components(catalog, names)))
    if not as_json:
        print_opening(console(), found, catalog.windows)
    elif found:
        print_json(found)
    else:
        sys.stdout.write("null\n")
    return Exit.OK if found else Exit.WAITING


@windows.command(name="list", short_help="List the coming occurrences.")
@click.option("--days", type=click.IntRange(1, 1830), default=14, show_default=True, help="How far to look ahead.")
@at_option
@component_option
@json_option
@pass_invocation
def coming(invocation: Invocation, days: int, at: datetime | None, names: tuple[str, ...], as_json: bool) -> int:
    """List the coming occurrences of the windows that concern the components, each in its own zone."""
    catalog = _catalog(invocation)
    begin = at or _now()
    concerned = _concerning(catalog, names)
    found = [one for window in concerned for one in occurrences(window, begin, begin + timedelta(days=days))]
    found.sort(key=lambda one: (one.begin.astimezone(UTC), one.window))
    if as_json:
        print_json_list(tuple(found))
    else:
        print_occurrences(console(), found, days)
    return Exit.OK


@windows.command(name="import", short_help="Print a calendar as YAML.")
@click.argument("file", type=click.File("rb"))
@click.option("--zone", default="", help="The zone of times that name none, such as Europe/Berlin.")
@click.option(
    "--effect",
    type=click.Choice([effect.value for effect in WindowEffect]),
    default=WindowEffect.DENY.value,
    show_default=True,
    help="What events do whose categories hold neither ALLOW nor DENY.",
)
@json_option
def import_calendar(file: BinaryIO, zone: str, effect: str, as_json: bool) -> int:
    """Print the windows of an iCalendar file as the YAML of a catalog; `-` reads standard input."""
    try:
        text = file.read().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise CalendarError(
            f"{file.name}: byte {error.start} is not UTF-8", hint="save the calendar as UTF-8"
        ) from error
    # Looked up late, because only calendars need icalendar.
    calendars = import_module("releasepilot.governance.calendars")
    found: tuple[Window, ...] = calendars.read_calendar(
        text, zone=zone, effect=WindowEffect(effect), source=str(file.name)
    )
    if as_json:
        print_json_list(found)
    else:
        sys.stdout.write(windows_as_yaml(found))
    return Exit.OK


@windows.command(name="export", short_help="Print the windows as a calendar.")
@component_option
@json_option
@pass_invocation
def export_calendar(invocation: Invocation, names: tuple[str, ...], as_json: bool) -> int:
    """Print the windows of the catalog as an iCalendar file, or those that concern the components."""
    found = _concerning(_catalog(invocation), names)
    if as_json:
        print_json_list(found)
    else:
        text: str = import_module("releasepilot.governance.calendars").write_calendar(found)
        # The lines of a calendar end by CR and LF, whatever the system's do.
        sys.stdout.buffer.write(text.encode())
    return Exit.OK


def _now() -> datetime:
    return datetime.now(UTC)


def _catalog(invocation: Invocation) -> Catalog:
    return load(invocation, settings_of(invocation))[0]


def _components(catalog: Catalog, names: tuple[str, ...]) -> tuple[str, ...]:
    """Return the components that were named, or all. CatalogError where one is not in the catalog."""
    return tuple(entry_of(catalog, name).name for name in names) or tuple(one.name for one in catalog.components)


def _concerning(catalog: Catalog, names: tuple[str, ...]) -> tuple[Window, ...]:
    """Return the windows that concern any of the components that were named, or all windows."""
    chosen = catalog.labelled(_components(catalog, names))
    return tuple(
        one for one in catalog.windows if not names or any(concerns(one, name, has) for name, has in chosen.items())
    )
