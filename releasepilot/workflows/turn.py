"""A workflow's turn: it waits until nobody else holds what it would change."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final

from temporalio import workflow
from temporalio.exceptions import FailureError

with workflow.unsafe.imports_passed_through():
    from releasepilot.model.claim import Ahead, Claim
    from releasepilot.model.event import EventType
    from releasepilot.model.step import Queue
    from releasepilot.model.train import Condition
    from releasepilot.workflows.failures import failures_in_words
    from releasepilot.workflows.journal import Journal
    from releasepilot.workflows.ports import LEDGER_RETRY, LEDGER_TIMEOUT, Activity, ClaimCall, task_queue

#: The name of the signal that tells a workflow to ask again.
FREED: Final = "freed"
#: So many components are named.
_NAMED: Final = 3
#: Seconds between two looks of one that is not told, at first and at most: whoever holds it may have died. Each look is
#: eleven events, so that a wait of months stays within one history.
_LOOKS: Final = (5, 1800)
#: Histories of before there were claims have none.
_PATCH: Final = "claims"


class Turn:
    """The claim of one workflow."""

    def __init__(self, journal: Journal, ticket: int = 0, digest: str = "") -> None:
        """Begin without a claim, or with that of the run before, on the plan of this digest."""
        self._journal = journal
        #: Of the claim that is held; 0 for none.
        self.ticket = ticket
        self._digest = digest
        self._ahead: tuple[Ahead, ...] = ()
        self._since: datetime | None = None
        self._told = False

    def look(self) -> None:
        """Ask again, because somebody has let go."""
        self._told = True

    @property
    def reason(self) -> str:
        """What it waits for, in words; empty where it does not."""
        if not self._ahead:
            return ""
        first = self._ahead[0]
        shared = ", ".join(first.components[:_NAMED]) + (" and more" if len(first.components) > _NAMED else "")
        since = f"since {self._since:%H:%M} UTC, " if self._since else ""
        return f"train {first.train}, which has {shared}; {since}ahead: {len(self._ahead)}"

    def condition(self) -> Condition | None:
        """Return what it waits for, and how that could be hurried."""
        if not self._ahead:
            return None
        first = self._ahead[0]
        return Condition(what=self.reason, command=f"releasepilot explain {first.train}", since=self._since)

    async def take(
        self,
        digest: str,
        *,
        planned_at: datetime | None = None,
        components: tuple[str, ...] = (),
        stopped: Callable[[], bool] = lambda: False,
        waits: Callable[[], None] = lambda: None,
    ) -> bool:
        """Claim what a plan releases; return whether the plan may be old by now.

        `waits` is told whenever what it waits for has changed. It gives up, without a claim, once it is `stopped`.
        """
        if self._digest == digest or not workflow.patched(_PATCH):
            return False
        waited = False
        pause = _LOOKS[0]
        while True:
            self._told = False
            claim = await self._ask(digest, components, planned_at)
            if not claim.ahead:
                self._granted(claim, digest)
                return waited or claim.overtaken
            self._waits(claim, waits)
            waited = True
            with suppress(TimeoutError):
                await workflow.wait_condition(
                    lambda: self._told or stopped(), timeout=timedelta(seconds=pause), timeout_summary="a claim"
                )
            if stopped():
                return waited
            pause = min(2 * pause, _LOOKS[1])

    async def let_go(self) -> None:
        """Leave it to others, as before a wait for people."""
        if self._digest:
            self.ticket, self._digest = 0, ""
            await self._call(ClaimCall(train=self._journal.train, holder=_holder(), asked_at=workflow.now()))

    async def _ask(self, digest: str, components: tuple[str, ...], planned_at: datetime | None) -> Claim:
        return await self._call(
            ClaimCall(
                train=self._journal.train,
                holder=_holder(),
                asked_at=workflow.now(),
                plan_digest=digest,
                components=components,
                planned_at=planned_at,
            )
        )

    async def _call(self, call: ClaimCall) -> Claim:
        with failures_in_words():
            claim: Claim = await workflow.execute_activity(
                Activity.CLAIM,
                call,
                result_type=Claim,
                task_queue=task_queue(Queue.ENGINE),
                start_to_close_timeout=LEDGER_TIMEOUT,
                retry_policy=LEDGER_RETRY,
            )
        await tell(claim.freed)
        return claim

    def _granted(self, claim: Claim, digest: str) -> None:
        if self._ahead:
            self._journal.note(EventType.CLAIM_GRANTED, ticket=claim.ticket)
        self._ahead, self._since = (), None
        self.ticket, self._digest = claim.ticket, digest

    def _waits(self, claim: Claim, waits: Callable[[], None]) -> None:
        if claim.ahead == self._ahead:
            return
        self._since = self._since or workflow.now()
        self._ahead = claim.ahead
        self._journal.note(
            EventType.CLAIM_WAITING, ticket=claim.ticket, ahead=list(dict.fromkeys(one.train for one in claim.ahead))
        )
        waits()


async def tell(freed: Iterable[str]) -> None:
    """Tell workflows that they may have their turn; those that are no more need not hear of it."""
    for holder in freed:
        with suppress(FailureError):
            await workflow.get_external_workflow_handle(holder).signal(FREED)


def _holder() -> str:
    return workflow.info().workflow_id
