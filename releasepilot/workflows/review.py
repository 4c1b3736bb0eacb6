"""The review of an emergency: what somebody writes down of a train that ended."""

from __future__ import annotations

import asyncio

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from pydantic import Field

    from releasepilot.model.event import EventType
    from releasepilot.model.gate import Actor
    from releasepilot.model.value import Value
    from releasepilot.workflows.engine import uncancellable
    from releasepilot.workflows.journal import Journal
    from releasepilot.workflows.standing import standing


class ReviewStart(Value):
    """The workflow's input."""

    train: str
    actor: Actor
    comment: str = Field(min_length=1, max_length=4000)


@workflow.defn(name="Review")
class ReviewWorkflow:
    """Adds the review of an emergency to the ledger of an ended train."""

    @workflow.run
    async def run(self, start: ReviewStart) -> None:
        """Write it down."""
        stands = await uncancellable(standing(start.train, start.actor))
        journal = Journal(start.train, stands.next_seq)
        keeper = asyncio.create_task(journal.keep(), name="journal")
        journal.note(EventType.EMERGENCY_REVIEWED, actor=str(start.actor), comment=start.comment)
        journal.close()
        await uncancellable(keeper)
