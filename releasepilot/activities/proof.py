"""Who asks must be who they say they are, where the workers know whose word to take."""

from __future__ import annotations

from datetime import datetime

from releasepilot.errors import IdentityUnproven
from releasepilot.governance.tokens import doubt
from releasepilot.model.gate import Actor
from releasepilot.model.trust import Trust


def require_proof(actor: Actor | None, trust: Trust | None, at: datetime) -> None:
    """Raise IdentityUnproven where somebody had no valid token at a moment, and the workers ask for one."""
    said = doubt(actor or Actor(account="nobody"), trust, at)
    if said:
        raise IdentityUnproven(said, hint="RELEASEPILOT_TOKEN holds the token of whoever runs the command")
