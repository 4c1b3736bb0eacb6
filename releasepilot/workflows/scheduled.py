"""What a schedule starts: a request is made of the moment, and its train is started and awaited."""

from __future__ import annotations

from temporalio import workflow
from temporalio.workflow import ChildWorkflowCancellationType, ParentClosePolicy

with workflow.unsafe.imports_passed_through():
    from releasepilot.model.train import Record, Request
    from releasepilot.model.value import Value
    from releasepilot.workflows.messages import TrainStart
    from releasepilot.workflows.ports import train_workflow_id
    from releasepilot.workflows.precedence import Precedence
    from releasepilot.workflows.train import TrainWorkflow


class ScheduledStart(Value):
    """The workflow's input."""

    #: Without a date where each train takes that of its day.
    request: Request


@workflow.defn(name="Scheduled")
class ScheduledWorkflow:
    """Lasts as long as its train, so that the schedule knows whether the last one has ended."""

    @workflow.run
    async def run(self, start: ScheduledStart) -> Record:
        """Start the train, and return its record. Whatever becomes of this workflow, the train goes on."""
        changes = {
            # Temporal ends the id with the moment that was due, so that each is another train.
            "scheduled": workflow.info().workflow_id.removeprefix("schedule/"),
            "date": start.request.date or workflow.now().date().isoformat(),
        }
        request = start.request.model_copy(update=changes)
        record: Record = await workflow.execute_child_workflow(
            TrainWorkflow.run,
            TrainStart(request=request),
            id=train_workflow_id(request.train),
            parent_close_policy=ParentClosePolicy.ABANDON,
            cancellation_type=ChildWorkflowCancellationType.ABANDON,
            static_summary=f"release train {request.catalog.train}",
            priority=Precedence.of(request).train(),
        )
        return record
