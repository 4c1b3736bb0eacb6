"""The release train: plan, gates, steps, and the way back. One flat workflow, one activity a step."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from functools import partial

from temporalio import workflow
from temporalio.exceptions import ApplicationError

with workflow.unsafe.imports_passed_through():
    from releasepilot.governance.tokens import doubt
    from releasepilot.model.catalog import OnFailure
    from releasepilot.model.emergency import Override
    from releasepilot.model.event import EventType
    from releasepilot.model.gate import Actor, Decision, Vote
    from releasepilot.model.plan import Residue
    from releasepilot.model.rule_input import ApprovalFacts
    from releasepilot.model.step import Queue, StepStatus
    from releasepilot.model.train import (
        Condition,
        Outcome,
        Outline,
        Record,
        StepNode,
        TrainPhase,
        TrainView,
    )
    from releasepilot.model.window import Window
    from releasepilot.workflows.crossing import Close, WindowKeeper
    from releasepilot.workflows.engine import Engine, StepFailed, engine_of, uncancellable
    from releasepilot.workflows.failures import failures_in_words
    from releasepilot.workflows.gates import Gates
    from releasepilot.workflows.journal import Journal
    from releasepilot.workflows.messages import Command, TrainStart, TrainState
    from releasepilot.workflows.openings import Openings
    from releasepilot.workflows.overrides import Overrides
    from releasepilot.workflows.ports import (
        HEARTBEAT,
        PREPARE_RETRY,
        PREPARE_TIMEOUT,
        Activity,
        PrepareCall,
        WindowJudgement,
        task_queue,
    )
    from releasepilot.workflows.precedence import Precedence
    from releasepilot.workflows.remains import (
        left_in_place,
        outcome_of,
        released_components,
        turned_round,
        undone_components,
    )
    from releasepilot.workflows.standing import standing
    from releasepilot.workflows.steps import StepRunner
    from releasepilot.workflows.turn import FREED, Turn, tell


@workflow.defn(name="Train")
class TrainWorkflow:
    """One release train, from its request to its record."""

    @workflow.init
    def __init__(self, start: TrainStart) -> None:
        """Take the request, and the state of an earlier run where there is one."""
        state = start.resumed
        self._asked_by = start.request.requested_by
        # What is kept and shown has no proof in it.
        self._request = start.request.model_copy(update={"requested_by": self._asked_by.bare})
        self._train = start.request.train
        self._started_at = state.started_at if state else workflow.now()
        self._journal = Journal(self._train, state.next_seq if state else 1)
        self._phase = TrainPhase.PLANNING
        self._outline = Outline(digest=state.plan_digest, trust=state.trust) if state else Outline(digest="")
        self._overrides = Overrides(self._journal, state.emergency if state else None, state.overrides if state else ())
        self._gates = Gates(self._journal, self._overrides)
        self._changes: tuple[str, ...] = ()
        self._paused = state.paused if state else False
        self._undoing = state.undoing if state else None
        self._cause = state.cause if state else ""
        self._code = state.code if state else ""
        self._hint = state.hint if state else ""
        self._aborted = state.aborted if state else False
        self._engine: Engine | None = None
        self._runner: StepRunner | None = None
        self._yielding = False
        self._turn = Turn(self._journal, state.ticket if state else 0, state.plan_digest if state else "")
        self._planned_at = self._started_at
        #: Somebody has said something since the gates were last looked at.
        self._said = False
        self._openings = Openings(
            start.request.catalog.windows, self._journal, self._overrides, state.close if state else None
        )
        #: Whether the windows ended it, and it goes forward no more.
        self._expired = False
        self._record: Record | None = None

    @workflow.run
    async def run(self, start: TrainStart) -> Record:
        """Run the train to its record. Only a defect makes this fail."""
        keeper = asyncio.create_task(self._journal.keep(), name="journal")
        record = await self._resume(start.resumed) if start.resumed else await self._begin()
        if record is not None:
            self._record = record
            self._journal.note(EventType.TRAIN_ENDED, record=record.model_dump(mode="json"))
        await uncancellable(self._close(keeper))
        # Whoever sees that the train has ended finds the whole of it in the ledger.
        self._phase = TrainPhase.ENDED if record is not None else self._phase
        if record is None:
            self._note_cancellation()
            workflow.continue_as_new(TrainStart(request=self._request, resumed=self._state()))
        return record

    def _note_cancellation(self) -> None:
        """Take a cancellation that came between two runs as the abort that it is; the new run would not hear of it."""
        if workflow.cancellation_reason() is not None and not self._aborted and self._undoing is None:
            self._aborted, self._cause = True, "cancelled"

    async def _close(self, keeper: asyncio.Task[None]) -> None:
        """Let the journal and the updates come to their end."""
        self._journal.close()
        await keeper
        await tell(self._journal.freed)
        await workflow.wait_condition(workflow.all_handlers_finished)

    @workflow.signal(name=FREED)
    def freed(self) -> None:
        """Ask again for what it releases, because another train has let go."""
        self._turn.look()

    @workflow.query
    def view(self) -> TrainView:
        """Say where the train stands."""
        return TrainView(
            train=self._train,
            phase=TrainPhase.PAUSED if self._paused and self._phase is TrainPhase.RUNNING else self._phase,
            plan_digest=self._outline.digest,
            statuses=dict(self._engine.statuses) if self._engine else {},
            gates=self._gates.open_gates if self._phase is TrainPhase.WAITING else (),
            votes=tuple(self._gates.votes),
            verdicts=tuple(self._gates.verdicts(workflow.now()) if self._phase is TrainPhase.WAITING else ()),
            waiting_for=self._waiting_for(),
            conditions=tuple(self._conditions()),
            changes=self._changes,
            paused=self._paused,
            past_no_return=bool(self._engine and self._engine.past_no_return),
            record=self._record if self._phase is TrainPhase.ENDED else None,
        )

    @workflow.update
    async def decide(self, vote: Vote) -> TrainView:
        """Count a vote on the plan that waits."""
        if self._gates.count(vote, workflow.now()):
            self._journal.note(
                EventType.GATE_VOTED,
                actor=str(vote.actor),
                decision=vote.decision,
                comment=vote.comment,
                digest=vote.plan_digest,
            )
            self._advance()
        return self.view()

    @decide.validator
    def _may_decide(self, vote: Vote) -> None:
        """Refuse, without a trace in the history, a vote that could not count."""
        self._refuse_unproven(vote.actor)
        if self._phase is not TrainPhase.WAITING:
            raise _refused(f"train {self._train} is at no gate: it is {self._phase.value}", _VOTE)
        if vote.plan_digest != self._outline.digest:
            raise _refused("the plan has changed since you saw it: look at it again, then vote on the new one", _VOTE)
        objection = self._gates.objection(vote, workflow.now())
        if objection:
            raise _refused(objection, _VOTE)

    @workflow.update
    async def override(self, override: Override) -> TrainView:
        """Let the train past some gates and windows in an emergency, once enough people say so."""
        self._overrides.take(override, workflow.now())
        self._said = True
        # A train that runs is past its gates, and does not come back to them.
        if self._phase is TrainPhase.WAITING:
            self._advance()
        return self.view()

    @override.validator
    def _may_override(self, override: Override) -> None:
        """Refuse, without a trace in the history, what could not count."""
        self._refuse_unproven(override.actor)
        if self._phase is not TrainPhase.WAITING and not self._openings.reason and not self._asks():
            raise _refused(f"train {self._train} waits for nothing: it is {self._phase.value}")
        if override.plan_digest != self._outline.digest:
            raise _refused("the plan has changed since you saw it: look at it again, then override for the new one")
        known = [gate.name for gate in self._outline.gates] + [window.name for window in self._request.catalog.windows]
        known += [step.id for step in self._outline.steps if step.escalates]
        objection = self._overrides.objection(override, known)
        if objection:
            raise _refused(objection)

    def _asks(self) -> bool:
        """Whether a step runs that would take another way in an emergency."""
        statuses = self._engine.statuses if self._engine else {}
        return any(step.escalates and statuses.get(step.id) is StepStatus.RUNNING for step in self._outline.steps)

    @workflow.update
    async def pause(self, command: Command) -> TrainView:
        """Start nothing new until resumed."""
        if not self._paused:
            self._paused = True
            self._journal.note(EventType.TRAIN_PAUSED, actor=str(command.actor), reason=command.reason)
            if self._engine:
                self._engine.pause()
        return self.view()

    @workflow.update
    async def resume(self, command: Command) -> TrainView:
        """Go on."""
        if self._paused:
            self._paused = False
            self._journal.note(EventType.TRAIN_RESUMED, actor=str(command.actor), reason=command.reason)
            if self._engine:
                self._engine.resume()
        return self.view()

    @workflow.update
    async def abort(self, command: Command) -> TrainView:
        """Stop, and undo what was done."""
        if not self._aborted and self._undoing is None:
            self._aborted = True
            self._cause = f"aborted by {command.actor}" + (f": {command.reason}" if command.reason else "")
            self._journal.note(EventType.TRAIN_ABORTED, actor=str(command.actor), reason=command.reason)
            if self._engine:
                self._engine.stop()
        return self.view()

    @pause.validator
    def _may_pause(self, command: Command) -> None:
        self._refuse_ended(command)
        self._refuse_turned(command)

    @resume.validator
    def _may_resume(self, command: Command) -> None:
        self._refuse_ended(command)
        self._refuse_turned(command)

    @abort.validator
    def _may_abort(self, command: Command) -> None:
        self._refuse_ended(command)
        if not command.past_no_return:
            self._refuse_turned(command)
        if self._engine and self._engine.past_no_return and not command.past_no_return:
            raise _refused(
                "a step that cannot be taken back has started, so an abort could not keep its word; "
                "`releasepilot rollback` undoes what can be undone and lists the rest"
            )

    def _refuse_unproven(self, actor: Actor) -> None:
        """Take nobody for somebody else. Before it is planned a train knows nobody's keys, and can only be stopped."""
        doubted = doubt(actor, self._outline.trust, workflow.now())
        if doubted:
            raise _refused(doubted, "RP503")

    def _refuse_ended(self, command: Command) -> None:
        self._refuse_unproven(command.actor)
        if self._record is not None:
            raise _refused(f"train {self._train} has ended; {command.actor} cannot steer it any more")

    def _refuse_turned(self, command: Command) -> None:
        if self._aborted or self._undoing is not None:
            raise _refused(f"train {self._train} is on its way back already; {command.actor} cannot change that")

    async def _begin(self) -> Record | None:
        """Plan, pass the gates, then run; a cancellation before the first step is an abort."""
        request = self._request.model_dump(mode="json", by_alias=True, exclude_unset=True)
        self._journal.note(EventType.TRAIN_STARTED, actor=str(self._request.requested_by), request=request)
        try:
            self._outline = await self._prepare("")
            self._changes = self._outline.changes
            self._replace_gates()
            self._confirm()
            refused = await self._agree() if self._outline.steps else Record(train=self._train, outcome=Outcome.NOTHING)
        except StepFailed as failure:
            return Record(
                train=self._train,
                outcome=Outcome.FAILED,
                cause=failure.error,
                code=failure.code,
                hint=failure.hint,
                plan_digest=self._outline.digest,
            )
        except asyncio.CancelledError:
            refused = Record(train=self._train, outcome=Outcome.REJECTED, cause="cancelled before its first step")
        if refused is None and self._aborted:
            refused = Record(train=self._train, outcome=Outcome.REJECTED, cause=self._cause)
        if refused is not None:
            return refused.model_copy(update={"plan_digest": self._outline.digest})
        return await self._drive({}, ())

    async def _resume(self, state: TrainState) -> Record | None:
        """Take up the work of the run before."""
        stands = await uncancellable(standing(self._train))
        # Whose tokens are asked for was said with the plan; a worker that knows less does not lift that.
        self._outline = stands.outline.model_copy(update={"trust": state.trust})
        self._note_cancellation()
        return await self._drive(state.statuses, state.residue)

    async def _prepare(self, previous: str, approvals: tuple[ApprovalFacts, ...] | None = None) -> Outline:
        """Have the snapshot taken and the plan made and stored; raise StepFailed where that cannot be."""
        self._planned_at = workflow.now()
        with failures_in_words():
            outline: Outline = await workflow.execute_activity(
                Activity.PREPARE,
                PrepareCall(
                    train=self._train,
                    request=self._request,
                    previous=previous,
                    started_at=self._started_at,
                    asked_by=self._asked_by,
                    approvals=approvals,
                ),
                result_type=Outline,
                task_queue=task_queue(Queue.GIT),
                start_to_close_timeout=PREPARE_TIMEOUT,
                heartbeat_timeout=HEARTBEAT,
                retry_policy=PREPARE_RETRY,
                priority=Precedence.of(self._request).train(emergency=self._overrides.declared is not None),
                summary="snapshot and plan",
            )
        self._journal.note(EventType.TRAIN_PLANNED, digest=outline.digest)
        return outline

    async def _agree(self) -> Record | None:
        """Wait until all let a plan go that is still the plan; return a record where people say no."""
        old = False
        while True:
            waited = await self._await_leave() or old
            if (refused := self._refused_record()) is not None:
                return refused
            if not (waited or self._outline.rules_left):
                return None
            # Time has passed: what was agreed on may no longer be what would be released.
            self._enter(TrainPhase.PLANNING)
            again = await self._prepare(self._outline.digest, self._gates.approvals(workflow.now()))
            before, self._outline = self._outline, again
            if again.digest != before.digest:
                self._changes = again.changes
                self._journal.note(EventType.TRAIN_REPLANNED, digest=again.digest, changes=list(again.changes))
            # Also where the plan is the same its risk may be another, and with it the gates.
            if (again.digest, again.gates) != (before.digest, before.gates):
                self._replace_gates()
            elif self._agreed() and not (old := await self._await_turn()):
                return None
            if not again.steps:
                return Record(train=self._train, outcome=Outcome.NOTHING)

    async def _await_leave(self) -> bool:
        """Wait for people, windows and other trains until somebody says no; return whether that took a wait."""
        waited = await self._await_votes()
        if self._stopped():
            return waited
        for verdict in self._gates.verdicts(workflow.now()):
            self._journal.note(EventType.GATE_PASSED, gate=verdict.gate, approved_by=list(verdict.approved_by))
        waited = await self._await_windows() or waited
        # What is planned again needs no place in a queue yet.
        if self._stopped() or waited or self._outline.rules_left:
            return waited
        return await self._await_turn()

    async def _await_turn(self) -> bool:
        """Wait until no other train holds what this one releases; return whether the plan may be old by now."""
        return await self._turn.take(
            self._outline.digest,
            planned_at=self._planned_at,
            stopped=self._stopped,
            waits=partial(self._enter, TrainPhase.WAITING),
        )

    async def _await_votes(self) -> bool:
        """Wait until the gates have passed, or somebody says no; return whether that took a wait."""
        if self._aborted or self._agreed():
            return False
        # Nobody waits for a train that waits for people.
        await self._turn.let_go()
        self._enter(TrainPhase.WAITING)
        self._gates.advance(workflow.now())
        while not (self._agreed() or self._stopped()):
            coming = self._gates.next_moment(workflow.now())
            self._said = False
            with suppress(TimeoutError):
                await workflow.wait_condition(
                    # What was said may have opened a gate, or begun a term.
                    lambda: self._agreed() or self._stopped() or self._said,
                    timeout=coming - workflow.now() if coming else None,
                    timeout_summary="a gate changes by itself",
                )
            self._advance()
        return True

    def _confirm(self) -> None:
        """Take the requester's word for the plan that came with the request, where no gate asks for more than that."""
        declared = [gate.name for gate in self._request.catalog.gates]
        if self._request.confirmed and not any(gate.name in declared for gate in self._outline.gates):
            actor = self._request.requested_by
            # It says nothing at a gate that a later plan may have.
            parts = {gate.name: gate.part for gate in self._outline.gates}
            digest = self._request.confirmed
            self._gates.votes.append(Vote(actor=actor, decision=Decision.APPROVE, plan_digest=digest, parts=parts))

    def _replace_gates(self) -> None:
        """Take the gates of the plan, and who may let the train past them."""
        self._overrides.emergency = self._outline.emergency
        self._gates.replace(self._outline.gates, workflow.now())

    def _advance(self) -> None:
        """Open the gates whose turn has come, and say so."""
        self._said = True
        if self._gates.advance(workflow.now()):
            self._enter(TrainPhase.WAITING)

    async def _await_windows(self) -> bool:
        """Wait until the windows let the components go, or somebody says no; return whether that took a wait.

        Windows that never open again raise StepFailed.
        """
        openings = self._openings
        waited = False
        while (in_force := openings.in_force()) and not self._stopped():
            asked_at = workflow.now()
            judged = await self._judge_windows()
            openings.close = Close.of(judged.closing, asked_at)
            if judged.verdict.open:
                openings.opened(judged)
                break
            waited = True
            await self._turn.let_go()
            self._hold(judged, TrainPhase.WAITING)
            with suppress(TimeoutError):
                await workflow.wait_condition(
                    partial(self._has_reason_to_look, in_force), timeout=timedelta(seconds=judged.wait)
                )
        openings.reason = ""
        return waited

    def _has_reason_to_look(self, asked: tuple[Window, ...]) -> bool:
        """Whether people have changed what a wait for these windows is for."""
        return self._stopped() or self._openings.in_force() != asked

    def _hold(self, judged: WindowJudgement, phase: TrainPhase) -> None:
        """Say that the windows hold the train back, in a phase."""
        self._openings.closed(judged)
        self._enter(phase)
        self._openings.tell_closed(judged)

    def _told_of_windows(self, judged: WindowJudgement) -> None:
        """Say that the windows hold a running train back, or that they do no longer."""
        if not judged.verdict.open:
            self._hold(judged, TrainPhase.RUNNING)
        elif self._openings.opened(judged):
            self._enter(TrainPhase.RUNNING)

    async def _judge_windows(self, needs: int = 0) -> WindowJudgement:
        return await self._openings.judge(self._request.catalog.labelled(self._outline.components), needs)

    def _stopped(self) -> bool:
        """Whether somebody has said no."""
        return self._aborted or self._gates.rejection(workflow.now()) is not None

    def _refused_record(self) -> Record | None:
        """Return the record of a train that somebody stopped before it began."""
        if self._aborted:
            return Record(train=self._train, outcome=Outcome.REJECTED, cause=self._cause)
        rejection = self._gates.rejection(workflow.now())
        if rejection is None:
            return None
        self._journal.note(EventType.GATE_REJECTED, gate=rejection.gate, reason=rejection.reason)
        return Record(train=self._train, outcome=Outcome.REJECTED, cause=rejection.reason)

    async def _drive(self, statuses: dict[str, StepStatus], residue: tuple[Residue, ...]) -> Record | None:
        """Run the steps forward and, where that fails, back; return None to continue as a new run."""
        outline = self._outline
        engine = engine_of(
            outline.steps,
            statuses,
            cap=outline.concurrency,
            until=workflow.wait_condition,
            on_failure=OnFailure(outline.on_failure),
        )
        runner = StepRunner(
            self._journal,
            outline.digest,
            self._started_at,
            precedence=Precedence.of(self._request, outline.teams),
            ticket=self._turn.ticket,
            emergency=lambda: self._overrides.declared,
        )
        runner.residue.extend(residue)
        engine.paused = self._paused
        engine.moved = self._moved
        engine.cancelled = lambda: workflow.cancellation_reason() is not None
        self._engine, self._runner = engine, runner
        if self._undoing is None:
            self._enter(TrainPhase.RUNNING)
            await self._forward(engine, runner)
            others_go_on = not engine.failures or engine.on_failure is OnFailure.ROLLBACK_DEPENDENTS
            if self._yielding and not self._aborted and not self._expired and others_go_on:
                return None
            self._undoing = turned_round(
                outline, engine, wanted=self._aborted or (self._expired and not engine.past_no_return)
            )
        if self._undoing:
            self._yielding = False
            # A cancellation that comes now would leave half of it undone; it wants what is happening anyway.
            if await uncancellable(self._backward(engine, runner, self._undoing)):
                return None
        return self._final_record(engine, runner)

    async def _forward(self, engine: Engine, runner: StepRunner) -> None:
        if self._aborted:
            return
        openings = self._openings
        keeper = WindowKeeper(engine, openings, self._judge_windows, self._told_of_windows)
        try:
            await keeper.keep(engine.forward(runner.apply))
        except asyncio.CancelledError:
            self._aborted, self._cause = True, "cancelled"
        openings.close, openings.reason = keeper.close, ""
        if engine.failures and not self._cause:
            step, failure = next(iter(engine.failures.items()))
            self._cause, self._code, self._hint = f"{step}: {failure.error}", failure.code, failure.hint
        elif (ended := keeper.failure) and not self._cause:
            self._expired = True
            self._cause, self._code, self._hint = ended.error, ended.code, ended.hint

    async def _backward(self, engine: Engine, runner: StepRunner, components: tuple[str, ...]) -> list[str]:
        """Undo what may have had an effect; return what a new run has to go on with."""
        self._enter(TrainPhase.ROLLING_BACK)
        # An undo may need the receipt of its step, which is in the ledger once this returns.
        await self._journal.flush()
        fresh = [step for step in engine.with_effect(components) if engine.statuses[step] is not StepStatus.UNDO_FAILED]
        return await engine.backward(runner.revert, fresh)

    def _moved(self, node: StepNode, status: StepStatus, failure: StepFailed | None) -> None:
        """Journal a move, and yield to a new run when the server finds the history long."""
        if self._runner is not None:
            self._runner.moved(node, status, failure)
        if self._engine is not None and not self._yielding and workflow.info().is_continue_as_new_suggested():
            self._yielding = True
            self._engine.drain()

    def _final_record(self, engine: Engine, runner: StepRunner) -> Record:
        """Say what is true now."""
        residue = list(runner.residue)
        released = released_components(self._outline, engine)
        residue += left_in_place(engine, {*released, *(self._undoing or ())})
        return Record(
            train=self._train,
            outcome=outcome_of(self._outline, released, residue, undoing=bool(self._undoing)),
            plan_digest=self._outline.digest,
            released=released,
            undone=undone_components(engine),
            residue=tuple(residue),
            cause=self._cause,
            code=self._code,
            hint=self._hint,
            waived=self._overrides.told(),
        )

    def _agreed(self) -> bool:
        return self._gates.agreed(workflow.now())

    def _waiting_for(self) -> str:
        if self._phase in (TrainPhase.WAITING, TrainPhase.RUNNING) and self._openings.reason:
            return self._openings.reason
        if self._phase is TrainPhase.WAITING and self._turn.reason:
            return self._turn.reason
        if self._phase is TrainPhase.WAITING:
            return self._gates.reason(workflow.now())
        if self._paused and self._phase is TrainPhase.RUNNING:
            return "somebody to resume it"
        return ""

    def _conditions(self) -> Iterator[Condition]:
        """Yield what has to come about before the train moves."""
        held = self._openings.condition(self._train)
        turn = self._turn.condition()
        if held is not None and self._phase in {TrainPhase.WAITING, TrainPhase.RUNNING}:
            yield held
        elif turn is not None and self._phase is TrainPhase.WAITING:
            yield turn
        elif self._phase is TrainPhase.WAITING:
            yield from self._gates.conditions(self._train, workflow.now(), changed=bool(self._changes))
        if self._phase in {TrainPhase.WAITING, TrainPhase.RUNNING}:
            yield from self._overrides.conditions(self._train, workflow.now())
        if self._paused and self._phase in {TrainPhase.WAITING, TrainPhase.RUNNING}:
            yield Condition(what="paused", command=f"releasepilot resume {self._train}")

    def _enter(self, phase: TrainPhase) -> None:
        self._phase = phase
        self._journal.note(EventType.TRAIN_PHASE, phase=phase, waiting_for=self._waiting_for())

    def _state(self) -> TrainState:
        statuses = self._engine.statuses if self._engine else {}
        return TrainState(
            plan_digest=self._outline.digest,
            started_at=self._started_at,
            statuses={step: status for step, status in statuses.items() if status is not StepStatus.PENDING},
            next_seq=self._journal.next_seq,
            paused=self._paused,
            undoing=self._undoing,
            cause=self._cause,
            code=self._code,
            hint=self._hint,
            aborted=self._aborted,
            residue=tuple(self._runner.residue) if self._runner else (),
            close=self._openings.close,
            emergency=self._overrides.emergency,
            overrides=tuple(self._overrides.given),
            trust=self._outline.trust,
            ticket=self._turn.ticket,
        )


#: The codes of what is refused: a vote, and any other command.
_VOTE, _COMMAND = "RP502", "RP500"


def _refused(message: str, code: str = _COMMAND) -> ApplicationError:
    # It leaves no trace in the history. The worker's interceptor keeps it in the ledger, and the log has it at once.
    workflow.logger.warning("refused: %s", message)
    return ApplicationError(message, type=code, non_retryable=True)
