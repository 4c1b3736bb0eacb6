"""How long a test waits for what has to come: it only guards against hanging, so it costs nothing when all is well."""

from __future__ import annotations

#: Seconds. Far beyond what the slowest machine needs, and well below the time that a test may take.
PATIENCE = 120
