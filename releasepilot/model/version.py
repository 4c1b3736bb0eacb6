"""How much a version changes."""

from __future__ import annotations

from enum import StrEnum


class Bump(StrEnum):
    """The part of a version that a change raises."""

    NONE = "none"
    PATCH = "patch"
    MINOR = "minor"
    MAJOR = "major"

    @property
    def rank(self) -> int:
        """Order bumps: none 0, patch 1, minor 2, major 3."""
        return tuple(Bump).index(self)
