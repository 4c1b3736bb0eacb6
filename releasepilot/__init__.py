"""ReleasePilot releases many repositories as one durable, compensable transaction.

This module stays light on purpose: `releasepilot --version` imports nothing else of the package.
"""

__version__ = "0.1.0"
