"""Where a train stands by the ledger: asked by later runs of it, and by whatever changes it afterwards."""

from __future__ import annotations

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from releasepilot.model.gate import Actor
    from releasepilot.model.step import Queue
    from releasepilot.workflows.ports import (
        LEDGER_RETRY,
        LEDGER_TIMEOUT,
        Activity,
        Standing,
        StandingCall,
        task_queue,
    )


async def standing(train: str, asked_by: Actor | None = None) -> Standing:
    """Read from the ledger where a train stands, on behalf of somebody who is about to change that."""
    call = StandingCall(train=train)
    if asked_by is not None:
        call = StandingCall(train=train, asked_by=asked_by, asked_at=workflow.now())
    stands: Standing = await workflow.execute_activity(
        Activity.STANDING,
        call,
        result_type=Standing,
        task_queue=task_queue(Queue.ENGINE),
        start_to_close_timeout=LEDGER_TIMEOUT,
        retry_policy=LEDGER_RETRY,
    )
    return stands
