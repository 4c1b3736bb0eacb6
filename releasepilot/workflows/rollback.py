"""Rolling back a train that has ended: the same engine, backward, from what the ledger says."""

from __future__ import annotations

import asyncio

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from releasepilot.model.event import EventType
    from releasepilot.model.gate import Actor
    from releasepilot.model.train import Outcome, Record
    from releasepilot.model.value import Value
    from releasepilot.workflows.engine import engine_of
    from releasepilot.workflows.journal import Journal
    from releasepilot.workflows.ports import Standing
    from releasepilot.workflows.steps import StepRunner
    from releasepilot.workflows.train import dependents, released_components, standing, undone_components


class RollbackStart(Value):
    """The workflow's input."""

    train: str
    requested_by: Actor
    #: Undo these and what was released on top of them; empty for all.
    components: tuple[str, ...] = ()


@workflow.defn(name="Rollback")
class RollbackWorkflow:
    """Undoes an ended train, or some components of it with those that depend on them."""

    @workflow.run
    async def run(self, start: RollbackStart) -> Record:
        """Undo, and return the record that replaces the train's."""
        stands = await standing(start.train)
        journal = Journal(start.train, stands.next_seq)
        keeper = asyncio.create_task(journal.keep(), name="journal")
        chosen = dependents(stands.outline, list(start.components)) or tuple(stands.outline.components)
        journal.note(EventType.ROLLBACK_STARTED, actor=str(start.requested_by), components=list(chosen))
        record = await self._undo(start, stands, journal, chosen)
        journal.note(EventType.ROLLBACK_ENDED, record=record.model_dump(mode="json"))
        journal.close()
        await keeper
        return record

    async def _undo(self, start: RollbackStart, stands: Standing, journal: Journal, chosen: tuple[str, ...]) -> Record:
        outline = stands.outline
        engine = engine_of(
            outline.steps,
            stands.statuses,
            cap=outline.concurrency,
            until=workflow.wait_condition,
            on_failure=outline.on_failure,
        )
        runner = StepRunner(journal, outline.digest, stands.started_at)
        engine.moved = runner.moved
        await engine.backward(runner.revert, engine.with_effect(chosen))
        released = released_components(outline, engine)
        released = {name: version for name, version in released.items() if name not in chosen}
        unresolved = any(item.unresolved for item in runner.residue)
        clean = Outcome.PARTLY_RELEASED if released else Outcome.ROLLED_BACK
        return Record(
            train=start.train,
            outcome=Outcome.RESIDUE if unresolved else clean,
            plan_digest=outline.digest,
            released=released,
            undone=undone_components(engine),
            residue=tuple(runner.residue),
            cause=f"rolled back by {start.requested_by}",
        )
