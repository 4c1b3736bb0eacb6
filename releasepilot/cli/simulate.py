"""`releasepilot simulate`: run the plan's train with faults, on servers that are there for that alone."""

from __future__ import annotations

import asyncio
import logging
import re
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

import click

from releasepilot.cli.environment import settings_of
from releasepilot.cli.exits import Exit
from releasepilot.cli.invocation import Invocation, json_option, pass_invocation
from releasepilot.cli.prepare import Prepared, branch_option, prepare
from releasepilot.cli.render.plan import nothing
from releasepilot.cli.render.progress import counting, waiting
from releasepilot.cli.render.simulation import print_simulation
from releasepilot.cli.render.text import console, plain, print_json
from releasepilot.plugins.registry import Registry
from releasepilot.plugins.spec import Tools
from releasepilot.simulate.faults import Case, cases_of, count_of
from releasepilot.simulate.rehearsal import rehearsal, theatre
from releasepilot.simulate.result import CaseResult, Simulation, expected_seconds, summed_up

#: Trains, of which some ten end in a second: nobody waits for more.
_MOST = 20_000
_DRAWN = re.compile(r"random:[1-9]\d{0,4}")


class Faults(click.ParamType[str]):
    """Which faults a simulation makes."""

    name = "faults"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Read `single`, `pairs` or `random:N`."""
        if value not in {"single", "pairs"} and not _DRAWN.fullmatch(value):
            self.fail(f"{value!r} is none of single, pairs, or random:N such as random:200", param, ctx)
        return value


@click.command()
@click.option(
    "--faults",
    type=Faults(),
    default="single",
    show_default=True,
    metavar="single|pairs|random:N",
    help="One fault in each train, two, or N trains with up to three that are drawn.",
)
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="What random faults come from.")
@branch_option
@json_option
@pass_invocation
def simulate(invocation: Invocation, faults: str, seed: int, branch: str, as_json: bool) -> int:
    """Run the train that would be released with faults at every step, and show how it can end.

    Reads every repository and changes none: the train is real, and what it acts on is in memory, on servers that are
    started for this alone. Gates and windows are taken to be open. Ends with 1 where a train does not end as promised:
    released everywhere, undone everywhere, or with a list of what stays.
    """
    settings = settings_of(invocation)
    prepared = asyncio.run(prepare(invocation, settings, branch))
    if not prepared.plan.steps:
        if as_json:
            sys.stdout.write("null\n")
        else:
            console().print(plain(f"Nothing to release: {nothing(prepared.plan)}"))
        return Exit.OK
    _refuse_endless(prepared, faults)
    results = _results(prepared, cases_of(prepared.plan, faults, seed), quiet=invocation.quiet)
    expected = expected_seconds(prepared.plan)
    found = summed_up(prepared.plan, results, faults=faults, seed=seed, expected=expected)
    if as_json:
        print_json(found)
    else:
        print_simulation(console(), found)
    return ended(found)


def ended(found: Simulation) -> Exit:
    """Return the exit code of a simulation: 1 where a train did not end as promised."""
    return Exit.OK if found.kept else Exit.FAILED


def _refuse_endless(prepared: Prepared, faults: str) -> None:
    """Refuse more trains than anybody would wait for."""
    number = count_of(prepared.plan, faults)
    if number > _MOST:
        raise click.UsageError(
            f"--faults {faults} would run {number} trains: draw some of them with --faults random:1000"
        )


def _results(prepared: Prepared, cases: tuple[Case, ...], *, quiet: bool) -> list[CaseResult]:
    """Run a train for each case. The servers are started here, in the main thread, and end with it."""
    for name in ("releasepilot", "temporalio"):
        # Steps fail here on purpose, and workers would tell of each.
        logging.getLogger(name).setLevel(logging.CRITICAL)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="releasepilot-")))
        registry = Registry.load(Tools(cache=folder))
        with waiting(sys.stderr, "starting servers for the simulation", quiet=quiet):
            servers = stack.enter_context(theatre(folder))
        told = stack.enter_context(counting(sys.stderr, "simulating trains", len(cases), quiet=quiet))

        async def run() -> list[CaseResult]:
            async with rehearsal(servers, folder, registry) as rehearsed:
                return await rehearsed.run_all(prepared.plan, prepared.request, cases, lambda _: told(""))

        return asyncio.run(run())
