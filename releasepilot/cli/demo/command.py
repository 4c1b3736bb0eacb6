"""`releasepilot demo`: make six repositories, release them, and show with plain git what they hold afterwards."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import click

from releasepilot.cli.demo.services import serving
from releasepilot.cli.demo.shop import SHOP
from releasepilot.cli.demo.world import BREAKS, Break, Breakable, World, make_world, services, write_catalog
from releasepilot.cli.environment import settings_of
from releasepilot.cli.exits import Exit
from releasepilot.cli.invocation import Invocation, pass_invocation
from releasepilot.cli.prepare import prepare
from releasepilot.cli.release import run_train
from releasepilot.cli.render.demo import print_chapter, print_remote
from releasepilot.cli.render.plan import print_plan
from releasepilot.cli.render.text import console, plain
from releasepilot.cli.servers import reach
from releasepilot.settings import Settings
from releasepilot.workers.local import ensure_stack, remove_stack


def _broken(_: click.Context, __: click.Parameter, value: str | None) -> Break:
    """Read `COMPONENT` or `COMPONENT:STEP`; refuse what the demonstration does not have."""
    if not value:
        return Break()
    component, _colon, step = value.partition(":")
    names = [one.name for one in SHOP]
    if component not in names:
        raise click.BadParameter(f"{component!r} is not one of {', '.join(names)}")
    steps = [one.value for one in Breakable if one is not Breakable.HEALTH or component in services()]
    if (step or Breakable.HEALTH.value) not in steps:
        raise click.BadParameter(f"{component} has no step {step or 'health'!r} to break; it has {', '.join(steps)}")
    return Break(component=component, step=Breakable(step or Breakable.HEALTH))


@click.command()
@click.option(
    "--break",
    "broken",
    metavar="COMPONENT[:STEP]",
    callback=_broken,
    help="Make this step fail: verify, push, registry or health, which is the default.",
)
@click.option("--keep", is_flag=True, help="Keep the folder and leave the servers running.")
@pass_invocation
def demo(invocation: Invocation, broken: Break, keep: bool) -> int:
    """Release six small repositories made on the spot, with real git, servers and services.

    With --break a step fails for real, and everything that was done is undone; 0 then means that the rollback
    kept its promise.
    """
    with _folder(keep=keep) as folder:
        settings = settings_of(Invocation(state_dir=invocation.state_dir or folder / "state"))
        if not settings.embedded:
            raise click.UsageError("the demo brings its own servers: unset RELEASEPILOT_DATABASE_URL")
        try:
            return _play(invocation, settings, folder, broken)
        finally:
            if keep:
                _tell_kept(settings, folder)
            else:
                remove_stack(settings)


@contextmanager
def _folder(*, keep: bool) -> Iterator[Path]:
    """Make a folder, and remove it afterwards unless it is to be kept."""
    folder = Path(tempfile.mkdtemp(prefix="releasepilot-demo-")).resolve()
    try:
        yield folder
    finally:
        if not keep:
            shutil.rmtree(folder, ignore_errors=True)


def _play(invocation: Invocation, settings: Settings, folder: Path, broken: Break) -> int:
    """Make the world, plan, release, and look at what is there."""
    out = console()
    with ThreadPoolExecutor(1) as background:
        # The servers take as long to start as the rest to be made and read.
        started = background.submit(ensure_stack, settings)
        print_chapter(out, "Six repositories with their history")
        world = make_world(folder, broken)
        out.print(plain(f"{', '.join(world.remotes)} in {folder / 'remotes'}"))
        health = broken.component if broken.step is Breakable.HEALTH else ""
        with serving(world.registry, services(), broken=health) as addresses:
            write_catalog(world, addresses)
            print_chapter(out, "The plan")
            prepared = asyncio.run(prepare(_at(invocation, world), settings))
            print_plan(out, prepared.plan)
            started.result()
            _announce(broken)
            code = run_train(settings, reach(settings), prepared, yes=True, quiet=invocation.quiet)
    print_chapter(out, "What the remotes hold now, by plain git")
    for name in world.remotes:
        _show(world, name)
    if broken.component:
        return Exit.OK if code == Exit.ROLLED_BACK else code or Exit.FAILED
    return code


def _at(invocation: Invocation, world: World) -> Invocation:
    return Invocation(state_dir=invocation.state_dir, catalog=world.catalog, quiet=invocation.quiet)


def _announce(broken: Break) -> None:
    out = console()
    print_chapter(out, "The release")
    if broken.component:
        out.print(plain(f"broken on purpose: {BREAKS[broken.step].format(name=broken.component)}", "yellow"))


def _show(world: World, name: str) -> None:
    git = world.remotes[name]
    log = git.run("log", "--oneline", "--max-count=4", "main").decode("utf-8", "replace")
    tags = git.run("tag", "--list", "--sort=creatordate").decode("utf-8", "replace")
    print_remote(console(), name, log=log, tags=tags, published=world.published(name))


def _tell_kept(settings: Settings, folder: Path) -> None:
    out = console()
    out.print(plain(f"kept in {folder}; the servers run on. Look around with:"))
    out.print(plain(f"  releasepilot --state-dir {settings.state_dir} history"))
    out.print(plain(f"  releasepilot --state-dir {settings.state_dir} down"))
