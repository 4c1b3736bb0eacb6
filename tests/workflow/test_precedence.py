"""What Temporal is told of who goes first: by the urgency of a train, by its way back, and in an emergency."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

from support.temporal import Stage, train_name
from support.world import plan_of, step
from temporalio.client import WorkflowHistory
from workflow.test_emergency import GATE, override, start
from workflow.test_windows import waiting

from releasepilot.model.plan import Plan
from releasepilot.model.step import Queue
from releasepilot.model.train import Outcome
from releasepilot.model.urgency import Urgency
from releasepilot.workflows.ports import task_queue, train_workflow_id
from releasepilot.workflows.scheduled import ScheduledStart, ScheduledWorkflow

Place = tuple[int, str]


def places(history: WorkflowHistory) -> Iterator[tuple[str, Place]]:
    """Yield the activities of a workflow, each with its number and its share; 0 and none are those of the workflow."""
    for event in history.events:
        if event.HasField("activity_task_scheduled_event_attributes"):
            asked = event.activity_task_scheduled_event_attributes
            yield asked.activity_type.name, (asked.priority.priority_key, asked.priority.fairness_key)


async def told(stage: Stage, workflow_id: str) -> tuple[Place, dict[str, set[Place]]]:
    """Return the place of a workflow, and those of its activities by name."""
    handle = stage.client.get_workflow_handle(workflow_id)
    found: dict[str, set[Place]] = {}
    for name, place in places(await handle.fetch_history()):
        found.setdefault(name, set()).add(place)
    own = (await handle.describe()).raw_description.workflow_execution_info.priority
    return (own.priority_key, own.fairness_key), found


def two_teams() -> Plan:
    """Plan two components, the second of which needs the first."""
    steps = [step("lib", "push"), step("web", "push", "lib/push", attempts=1)]
    return plan_of(train_name(), steps, {"lib": (), "web": ("lib",)})


async def test_a_train_has_the_place_of_its_urgency_and_its_steps_the_share_of_their_team(stage: Stage) -> None:
    """What concerns the whole train is of no team, and what is undone is as urgent as a hotfix."""
    plan = two_teams()
    stage.world.order("web/push", "refuse")
    train = await stage.control.start(stage.request(plan, teams={"web": "shop"}, urgency=Urgency.LOW))
    assert (await stage.ended(train)).outcome is Outcome.ROLLED_BACK
    own, found = await told(stage, train_workflow_id(train))
    assert own == (4, "")
    assert found["prepare"] == {(4, "")}
    assert found["apply_step"] == {(4, ""), (4, "shop")}
    assert found["revert_step"] == {(2, ""), (2, "shop")}
    # The ledger has that of its workflow.
    assert found["record"] == {(0, "")}


async def test_a_train_whose_components_are_of_one_team_is_that_teams(stage: Stage) -> None:
    """Without an urgency it is a normal one; its rollback later is the share of the same team."""
    plan = two_teams()
    train = await stage.control.start(stage.request(plan, teams={"lib": "shop", "web": "shop"}))
    assert (await stage.ended(train)).outcome is Outcome.RELEASED
    own, found = await told(stage, train_workflow_id(train))
    assert own == (3, "shop")
    assert found["prepare"] | found["apply_step"] == {(3, "shop")}
    await stage.control.rollback(train)
    await stage.control.rolled_back(train)
    own, found = await told(stage, f"rollback/{plan.train}/{train}")
    assert own == (2, "")
    assert found["revert_step"] == {(2, "shop")}


async def test_an_emergency_goes_before_everything(stage: Stage) -> None:
    """From the moment in which enough people say so: what is planned anew then, what is done, and what is undone."""
    plan = plan_of(train_name(), [step("lib", "push", attempts=1)], {"lib": ()}, gates=(GATE,))
    train = await start(stage, plan)
    stage.world.order("lib/push", "after")
    await waiting(stage, train, "managers")
    for account in ("cora", "carl"):
        await override(stage, account, train, "managers")
    assert (await stage.ended(train)).outcome is Outcome.ROLLED_BACK
    _, found = await told(stage, train_workflow_id(train))
    assert found["prepare"] == {(3, ""), (1, "")}
    assert found["apply_step"] | found["revert_step"] == {(1, "")}


async def test_a_train_of_a_schedule_has_its_urgency(stage: Stage) -> None:
    """The workflow that starts it gives it the place of the request."""
    plan = two_teams()
    request = stage.request(plan, urgency=Urgency.HOTFIX)
    schedule = f"schedule/{uuid4().hex}"
    stage.workflow_ids[:] = [schedule]
    await stage.client.execute_workflow(
        ScheduledWorkflow.run, ScheduledStart(request=request), id=schedule, task_queue=task_queue(Queue.ENGINE)
    )
    history = await stage.client.get_workflow_handle(schedule).fetch_history()
    (child,) = [
        event.start_child_workflow_execution_initiated_event_attributes
        for event in history.events
        if event.HasField("start_child_workflow_execution_initiated_event_attributes")
    ]
    own, found = await told(stage, child.workflow_id)
    assert own == (2, "")
    assert found["apply_step"] == {(2, "")}
