"""A claim: a train's hold on what it releases, so that no two trains release one thing at a time."""

from __future__ import annotations

from pydantic import AwareDatetime

from releasepilot.model.plan import Plan
from releasepilot.model.value import Value


class Wanted(Value):
    """What a workflow wants to hold."""

    train: str
    #: The workflow that asks.
    holder: str
    #: What it is, each with the component's name in its plan; see `claim_keys`.
    keys: dict[str, str]
    asked_at: AwareDatetime
    #: When the plan was made, which is old where others have released some of the same since; None for none.
    planned_at: AwareDatetime | None = None


class Ahead(Value):
    """A claim that came first and shares something."""

    train: str
    #: The workflow that holds it.
    holder: str
    #: When it was asked for.
    since: AwareDatetime
    #: Whether it is held, or waits itself.
    granted: bool = True
    #: Components of the plan that it shares.
    components: tuple[str, ...] = ()


class Claim(Value):
    """A claim as it stands."""

    #: Its place in the queue; of two holders of one thing the later one has the larger.
    ticket: int = 0
    #: Who has to end before it is held, first come first; empty where it is held.
    ahead: tuple[Ahead, ...] = ()
    #: Since the moment that was asked about, another train has ended that held some of the same.
    overtaken: bool = False
    #: Workflows that this has let go, and that do not know it yet.
    freed: tuple[str, ...] = ()


def claim_keys(plan: Plan, components: tuple[str, ...] = ()) -> dict[str, str]:
    """Return what the releases of a plan claim, each with its component; all of them where none is named.

    It is the repository and the folder, whatever a catalog calls the component.
    """
    return {
        f"{release.repo.rstrip('/').removesuffix('.git')}#{release.path}": release.component
        for release in plan.releases
        if not components or release.component in components
    }
