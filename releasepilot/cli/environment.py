"""The settings of a command: from the environment and the global options."""

from __future__ import annotations

import os

from releasepilot.cli.invocation import Invocation
from releasepilot.settings import Settings


def settings_of(invocation: Invocation) -> Settings:
    """Read the settings from the environment and the global options."""
    return Settings.load(os.environ, state_dir=invocation.state_dir)
