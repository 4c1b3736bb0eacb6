"""What a source of secrets is, and what it says where it has none."""

from __future__ import annotations

from typing import Protocol

from releasepilot.plugins.secrets.reference import Reference


class SecretSource(Protocol):
    """One place where secrets stand: what a scheme means. A new scheme is a new source behind this port."""

    async def read(self, reference: Reference) -> str:
        """Return what the reference names, as it stands there, and keep it nowhere.

        SecretRefused where it is not there or may not be read, so that somebody has to act; SecretUnreachable where
        the same question can be answered later. Both name the reference and repeat nothing of what was read.
        """
