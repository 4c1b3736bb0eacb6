"""Rolling back a train that has ended: the same engine, backward, from what the ledger says."""

from __future__ import annotations

import asyncio
from functools import partial

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from releasepilot.model.event import EventType
    from releasepilot.model.gate import Actor
    from releasepilot.model.plan import Residue
    from releasepilot.model.step import StepStatus
    from releasepilot.model.train import Outcome, Outline, Record, StepNode, TrainPhase, with_dependents
    from releasepilot.model.value import Value
    from releasepilot.workflows.engine import Engine, StepFailed, engine_of, uncancellable
    from releasepilot.workflows.journal import Journal
    from releasepilot.workflows.precedence import Precedence
    from releasepilot.workflows.remains import released_components, undone_components
    from releasepilot.workflows.standing import standing
    from releasepilot.workflows.steps import StepRunner
    from releasepilot.workflows.turn import FREED, Turn, tell


class RollbackStart(Value):
    """The workflow's input."""

    train: str
    requested_by: Actor
    #: Undo these and what was released on top of them; empty for all.
    components: tuple[str, ...] = ()
    reason: str = ""
    #: Taken along when the rollback continues as a new run: what it could not undo, and what stays of the rest.
    given_up: tuple[str, ...] = ()
    residue: tuple[Residue, ...] = ()
    resumed: bool = False
    #: The claim that it holds; 0 for none.
    ticket: int = 0


@workflow.defn(name="Rollback")
class RollbackWorkflow:
    """Undoes an ended train, or some components of it with those that depend on them."""

    def __init__(self) -> None:
        """Begin without a turn."""
        self._turn: Turn | None = None

    @workflow.signal(name=FREED)
    def freed(self) -> None:
        """Ask again for what it changes, because somebody has let go."""
        if self._turn is not None:
            self._turn.look()

    @workflow.run
    async def run(self, start: RollbackStart) -> Record:
        """Undo, and return the record that replaces the train's. A cancellation does not stop it half way."""
        stands = await uncancellable(standing(start.train, None if start.resumed else start.requested_by))
        journal = Journal(start.train, stands.next_seq)
        keeper = asyncio.create_task(journal.keep(), name="journal")
        outline = stands.outline
        chosen = with_dependents(outline.components, start.components)
        if not start.resumed:
            journal.note(
                EventType.ROLLBACK_STARTED,
                actor=str(start.requested_by),
                components=list(chosen),
                reason=start.reason,
            )
        turn = self._turn = Turn(journal, start.ticket, outline.digest if start.ticket else "")
        await uncancellable(turn.take(outline.digest, components=chosen, waits=partial(_waits, journal, turn)))
        precedence = Precedence(teams=outline.teams)
        runner = StepRunner(journal, outline.digest, stands.started_at, precedence=precedence, ticket=turn.ticket)
        engine = self._engine(outline, stands.statuses, runner)
        left = [step for step in engine.with_effect(chosen) if step not in start.given_up]
        # What an earlier undo left stays left; what is undone now speaks for itself.
        before = start.residue if start.resumed else stands.residue
        runner.residue.extend(item for item in before if f"{item.component}/{item.step}" not in left)
        todo = await uncancellable(engine.backward(runner.revert, left))
        failed = [step for step in left if engine.statuses[step] is StepStatus.UNDO_FAILED and step not in todo]
        record = None if todo else _record(start, outline, engine, runner, chosen)
        if record is not None:
            journal.note(EventType.ROLLBACK_ENDED, record=record.model_dump(mode="json"))
        journal.close()
        await uncancellable(keeper)
        await uncancellable(tell(journal.freed))
        if record is None:
            workflow.continue_as_new(
                start.model_copy(
                    update={
                        "components": chosen,
                        "given_up": (*start.given_up, *failed),
                        "residue": tuple(runner.residue),
                        "resumed": True,
                        "ticket": turn.ticket,
                    }
                )
            )
        return record

    @staticmethod
    def _engine(outline: Outline, statuses: dict[str, StepStatus], runner: StepRunner) -> Engine:
        """Build the engine; it drains when the server finds the history long."""
        engine = engine_of(
            outline.steps,
            statuses,
            cap=outline.concurrency,
            until=workflow.wait_condition,
            on_failure=outline.on_failure,
        )

        def moved(node: StepNode, status: StepStatus, failure: StepFailed | None) -> None:
            runner.moved(node, status, failure)
            if workflow.info().is_continue_as_new_suggested():
                engine.drain()

        engine.moved = moved
        return engine


def _waits(journal: Journal, turn: Turn) -> None:
    journal.note(EventType.TRAIN_PHASE, phase=TrainPhase.ROLLING_BACK, waiting_for=turn.reason)


def _record(
    start: RollbackStart, outline: Outline, engine: Engine, runner: StepRunner, chosen: tuple[str, ...]
) -> Record:
    """Say what is true after the rollback."""
    released = {name: version for name, version in released_components(outline, engine).items() if name not in chosen}
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
