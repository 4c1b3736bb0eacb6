"""Brings the configured database to this version's schema: run it before the workers of a new version start.

python -m releasepilot.workers.upgrade

The embedded stack does this by itself.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Mapping

from releasepilot.errors import StackError
from releasepilot.settings import Settings
from releasepilot.store.migrate import migrate

_log = logging.getLogger("releasepilot.upgrade")


def main(environ: Mapping[str, str]) -> int:
    """Migrate, and return the exit code."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s")
    try:
        applied = migrate(_configured(Settings.load(environ)))
    except StackError as error:
        _log.error("%s (%s)", error, error.hint)
        return 1
    _log.info("the database is up to date, %d migrations applied", applied)
    return 0


def _configured(settings: Settings) -> str:
    """Return the database's URL."""
    if settings.embedded:
        raise StackError("no database is configured", hint="set RELEASEPILOT_DATABASE_URL and the Temporal address")
    return settings.database_url


if __name__ == "__main__":
    sys.exit(main(os.environ))
