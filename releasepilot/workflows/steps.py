"""How a workflow has a step applied and reverted: the activities' options, and what comes of them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TypeVar

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from pydantic import JsonValue

    from releasepilot.model.emergency import Emergency
    from releasepilot.model.event import EventType
    from releasepilot.model.plan import Residue
    from releasepilot.model.receipt import Receipt, Undone
    from releasepilot.model.step import StepStatus
    from releasepilot.model.train import StepNode
    from releasepilot.model.value import bounded
    from releasepilot.workflows.engine import StepFailed
    from releasepilot.workflows.failures import failures_in_words
    from releasepilot.workflows.journal import Journal
    from releasepilot.workflows.ports import HEARTBEAT, UNDO_ATTEMPTS, Activity, StepCall, step_retry, task_queue
    from releasepilot.workflows.precedence import Precedence

_Given = TypeVar("_Given", Receipt, Undone)

#: The whole list is one payload when a train continues or ends; the ledger has each error in full.
_RESIDUE_BYTES = 400

_EVENT_OF = {
    StepStatus.RUNNING: EventType.STEP_STARTED,
    StepStatus.DONE: EventType.STEP_DONE,
    StepStatus.FAILED: EventType.STEP_FAILED,
    StepStatus.CANCELLED: EventType.STEP_CANCELLED,
    StepStatus.BLOCKED: EventType.STEP_BLOCKED,
    StepStatus.UNDONE: EventType.STEP_UNDONE,
    StepStatus.UNDO_FAILED: EventType.STEP_UNDO_FAILED,
}


class StepRunner:
    """Applies and reverts the steps of one plan, and journals what comes of it."""

    def __init__(
        self,
        journal: Journal,
        plan_digest: str,
        started_at: datetime,
        *,
        precedence: Precedence,
        ticket: int = 0,
        emergency: Callable[[], Emergency | None] = lambda: None,
    ) -> None:
        """Run steps of the plan with this digest, for the journal's train, under a claim.

        `precedence` is whose steps theirs come before. `emergency` says which one the train goes through at the moment.
        """
        self.journal = journal
        self.plan_digest = plan_digest
        self.started_at = started_at
        self._precedence = precedence
        self._ticket = ticket
        self._emergency = emergency
        #: What undone steps left behind.
        self.residue: list[Residue] = []
        self._receipts: dict[str, Receipt] = {}
        self._undone: dict[str, Undone] = {}

    async def apply(self, node: StepNode) -> None:
        """Have a step applied; raise StepFailed when it was tried often enough, or trying cannot help."""
        receipt = await (self._escalating(node) if node.escalates else self._applied(node))
        self._receipts[node.id] = receipt

    async def _escalating(self, node: StepNode) -> Receipt:
        """Apply a step that takes another way in an emergency: where one begins meanwhile, call it off, and anew."""
        while True:
            emergency = self._emergency()
            work = asyncio.create_task(self._applied(node, emergency), name=node.id)
            try:
                called_off = await self._called_off(work, calm=emergency is None)
            except asyncio.CancelledError:
                work.cancel()
                return await work
            if not called_off:
                return await work

    async def _called_off(self, work: asyncio.Task[Receipt], *, calm: bool) -> bool:
        """Wait until a step's work is over; return whether that is because an emergency began, where it was calm."""
        await workflow.wait_condition(lambda: work.done() or (calm and self._emergency() is not None))
        if work.done():
            return False
        work.cancel()
        await workflow.wait_condition(work.done)
        # An attempt that fails in the moment in which it is called off is the last one, and says nothing of the next.
        return work.cancelled() or isinstance(work.exception(), StepFailed)

    async def _applied(self, node: StepNode, emergency: Emergency | None = None) -> Receipt:
        return await self._activity(Activity.APPLY, node, node.attempts, Receipt, emergency)

    async def revert(self, node: StepNode) -> None:
        """Have a step reverted; raise StepFailed as `apply` does. What stays goes to `residue`."""
        try:
            undone = await self._activity(Activity.REVERT, node, UNDO_ATTEMPTS, Undone)
        except StepFailed as failure:
            self._leave(node, failure.error, unresolved=True)
            raise
        if undone.unresolved:
            self._leave(node, undone.remains, unresolved=True)
            raise StepFailed(undone.remains, "RP402")
        self._undone[node.id] = undone
        if undone.remains:
            self._leave(node, undone.remains, unresolved=False)

    def moved(self, node: StepNode, status: StepStatus, failure: StepFailed | None) -> None:
        """Journal a move of the engine."""
        data: dict[str, JsonValue] = {}
        if status is StepStatus.DONE and node.id in self._receipts:
            data = {"receipt": self._receipts.pop(node.id).model_dump(mode="json", exclude_unset=True)}
        elif status is StepStatus.UNDONE and node.id in self._undone:
            data = {"remains": self._undone.pop(node.id).remains}
        elif failure is not None:
            data = {"error": failure.error, "code": failure.code, "hint": failure.hint}
        self.journal.note(_EVENT_OF[status], node.id, "", **data)

    def _leave(self, node: StepNode, what: str, *, unresolved: bool) -> None:
        name = node.id.removeprefix(f"{node.component}/")
        self.residue.append(
            Residue(
                component=node.component,
                step=name,
                undo=node.undo,
                what=bounded(what, _RESIDUE_BYTES),
                unresolved=unresolved,
            )
        )

    async def _activity(
        self,
        which: Activity,
        node: StepNode,
        attempts: int,
        gives: type[_Given],
        emergency: Emergency | None = None,
    ) -> _Given:
        call = StepCall(
            train=self.journal.train, plan_digest=self.plan_digest, step=node.id, train_started_at=self.started_at
        )
        # What nobody set does not travel.
        if self._ticket:
            call = call.model_copy(update={"ticket": self._ticket})
        if emergency is not None:
            call = call.model_copy(update={"emergency": emergency})
        precedence = self._precedence.undoing() if which is Activity.REVERT else self._precedence
        with failures_in_words():
            given: _Given = await workflow.execute_activity(
                which.value,
                call,
                result_type=gives,
                task_queue=task_queue(node.queue),
                start_to_close_timeout=timedelta(seconds=node.timeout),
                heartbeat_timeout=HEARTBEAT,
                retry_policy=step_retry(attempts),
                cancellation_type=workflow.ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
                priority=precedence.step(node.component, emergency=self._emergency() is not None),
                # The step's name in Temporal's own views. A summary would cost each step another payload.
                activity_id=f"{which.value} {node.id}",
            )
        return given
