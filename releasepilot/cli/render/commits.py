"""Why there is nothing to release: the commits that were seen since each component's last release."""

from __future__ import annotations

from rich.console import Console

from releasepilot.cli.render.text import plain
from releasepilot.model.catalog import Catalog
from releasepilot.model.snapshot import ComponentSource, Snapshot
from releasepilot.versioning import policy_of

#: Components that are named; the others are counted.
SHOWN = 10


def print_commits_seen(console: Console, catalog: Catalog, snapshot: Snapshot) -> None:
    """Print one line for each component that has commits, and one for all that have none."""
    policies = {entry.name: policy_of(catalog.versioning_of(entry).policy).name for entry in catalog.components}
    moved = [source for source in snapshot.components if _count(source)]
    for source in moved[:SHOWN]:
        console.print(plain(f"  {source.name}: {_commits(source)}, none that {policies[source.name]} releases"))
    if len(moved) > SHOWN:
        console.print(plain(f"  and {len(moved) - SHOWN} more with such commits"))
    still = [f"{source.name} ({source.last_tag or 'no tag'})" for source in snapshot.components if not _count(source)]
    if still:
        rest = f" and {len(still) - SHOWN} more" if len(still) > SHOWN else ""
        console.print(plain(f"  no commit since the last tag: {', '.join(still[:SHOWN])}{rest}"))


def _count(source: ComponentSource) -> int:
    """Count the commits that people made."""
    return sum(not commit.bookkeeping for commit in source.commits)


def _commits(source: ComponentSource) -> str:
    count = _count(source)
    since = f"since {source.last_tag}" if source.last_tag else "and no release yet"
    return f"{count} commit{'s' if count > 1 else ''} {since}"
