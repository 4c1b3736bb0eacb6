"""Write one release: by the catalog's template where there is one, else by its style."""

from __future__ import annotations

from releasepilot.versioning.changelog.look import Look, ReleaseNotes
from releasepilot.versioning.changelog.styles import styled
from releasepilot.versioning.changelog.template import templated


def section(notes: ReleaseNotes, look: Look) -> str:
    """Render one release in Markdown, with a line feed at its end. PlanError where the catalog's template fails."""
    return styled(notes, look) if look.template is None else templated(look.template, notes, look)
