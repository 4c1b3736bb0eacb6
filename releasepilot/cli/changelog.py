"""`releasepilot changelog`: what the next release would tell, or everything that a component has ever released."""

from __future__ import annotations

import asyncio
import sys

import click

from releasepilot.cli.catalog_file import load
from releasepilot.cli.completion import complete_component
from releasepilot.cli.environment import settings_of
from releasepilot.cli.exits import Exit
from releasepilot.cli.invocation import Invocation, pass_invocation
from releasepilot.cli.prepare import branch_option, entry_of, prepare
from releasepilot.cli.render.text import clean_lines
from releasepilot.model.catalog import Catalog, ComponentEntry, Ecosystem
from releasepilot.repositories.contents import Folder, read_contents
from releasepilot.repositories.mirror import Mirror
from releasepilot.repositories.whole_changelog import whole_changelog


@click.command()
@click.argument("component", default="", shell_complete=complete_component)
@click.option("--all", "whole", is_flag=True, help="Write the changelog of all its releases, from its history.")
@branch_option
@pass_invocation
def changelog(invocation: Invocation, component: str, whole: bool, branch: str) -> int:
    """Print the changelog of what would be released, of one component or of the whole train, as Markdown.

    Reads the repositories and changes none.
    """
    if whole:
        _print_whole(invocation, component, branch)
        return Exit.OK
    prepared = asyncio.run(prepare(invocation, settings_of(invocation), branch))
    text = prepared.plan.changelog
    if component:
        entry = entry_of(prepared.request.catalog, component)
        text = next((one.changelog for one in prepared.plan.releases if one.component == entry.name), "")
    sys.stdout.write(clean_lines(text))
    return Exit.OK


def _print_whole(invocation: Invocation, component: str, branch: str) -> None:
    settings = settings_of(invocation)
    catalog, _ = load(invocation, settings, branch)
    entry = entry_of(catalog, component)
    mirror = Mirror(settings.cache_dir, entry.repo, timeout=settings.git_timeout)
    mirror.fetch()
    for part in whole_changelog(mirror, catalog, entry, _ecosystem(mirror, catalog, entry)):
        sys.stdout.write(clean_lines(part))


def _ecosystem(mirror: Mirror, catalog: Catalog, entry: ComponentEntry) -> Ecosystem | None:
    """Return the component's ecosystem, as its folder tells it; None where there is no such folder."""
    folder = Folder(head=f"refs/heads/{catalog.branch_of(entry)}", path=entry.path, ecosystem=entry.ecosystem)
    found = read_contents(mirror.git, [folder])[0]
    return found.ecosystem if found else None
