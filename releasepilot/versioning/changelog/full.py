"""Write the changelog of a whole history, release after release, in the memory of one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from releasepilot.versioning.changelog.look import Look, ReleaseNotes
from releasepilot.versioning.changelog.section import section

TITLE = "# Changelog"


def full(releases: Iterable[ReleaseNotes], look: Look) -> Iterator[str]:
    """Yield the parts of a changelog file: its title, then one section a release, in the order given.

    That order should be the newest first; one with an empty version is what is not released yet. Each release is
    written and forgotten before the next one is asked for, so that neither its commits nor its text are kept. Releases
    without a change keep their heading.
    """
    yield f"{TITLE}\n"
    for notes in releases:
        yield f"\n{section(notes, look)}"
