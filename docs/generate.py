"""Write the reference again: `python -m docs.generate`. A test holds the files against what this makes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from docs.pages import actuators, catalog, cli, errors, events, exit_codes, public, rules, settings
from releasepilot.cli.schema import schema_text
from releasepilot.plugins.registry import Registry

#: Where the pages lie.
REFERENCE = Path(__file__).parent / "reference"


def reference() -> Mapping[str, str]:
    """Return file name to text, for every file of the reference."""
    return {
        "actuators.md": actuators.page(),
        "catalog.md": catalog.page(),
        "cli.md": cli.page(),
        "errors.md": errors.page(),
        "events.md": events.page(),
        "exit-codes.md": exit_codes.page(),
        "public.md": public.page(),
        "releasepilot.schema.json": schema_text(Registry(actuators.shipped()).schemas()),
        "rules.md": rules.page(),
        "settings.md": settings.page(),
    }


def main() -> None:
    """Write every file."""
    REFERENCE.mkdir(exist_ok=True)
    for name, text in reference().items():
        (REFERENCE / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
