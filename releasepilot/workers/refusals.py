"""What workflows refuse is kept: a validator leaves no history and may do no I/O, so its worker hears of it and writes.

Refusals come from the threads that workflows run on, in their order. They are folded, so that no flood of them takes
room, and written by one task beside the work. Until then they are in this process and in its log alone.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress

from temporalio import workflow
from temporalio.exceptions import ApplicationError
from temporalio.worker import (
    HandleUpdateInput,
    Interceptor,
    WorkflowInboundInterceptor,
    WorkflowInterceptorClassInput,
)

from releasepilot.activities.ledger import Ledger
from releasepilot.errors import ReleasePilotError, StackError
from releasepilot.model.emergency import Override
from releasepilot.model.gate import Vote
from releasepilot.model.refusal import Refusal
from releasepilot.workflows.messages import Command
from releasepilot.workflows.ports import train_of_workflow

#: Different refusals that wait to be written; of more only the number is kept.
_WAITING = 1000
#: Seconds between two attempts where the database is away or a train is not open yet.
_PAUSE = 0.5
#: They grow to so much.
_LONGEST_PAUSE = 8.0
#: Seconds after which a train that nobody opened is taken for none.
_UNKNOWN_FOR = 30.0
#: Seconds that the end of a worker waits for the last of them.
_LAST = 10.0

_log = logging.getLogger(__name__)


class RefusalKeeper(Interceptor):
    """Hears what the validators of a worker's workflows refuse."""

    def __init__(self, ledger: Ledger) -> None:
        """Write through the ledger, in the loop that runs now."""
        self._ledger = ledger
        self._loop = asyncio.get_running_loop()
        self._news = asyncio.Event()
        self._waiting: dict[object, Refusal] = {}
        #: Those of one train that are about to be in the database.
        self._writing: list[Refusal] = []
        self._closed = False
        #: Train to when it was first found not to be open.
        self._unknown: dict[str, float] = {}

    def workflow_interceptor_class(self, _: WorkflowInterceptorClassInput) -> type[WorkflowInboundInterceptor]:
        """Return what is told of every update before its validator is."""
        tell = self.tell

        class Listener(WorkflowInboundInterceptor):
            """Tells of what a validator refuses, and lets it be refused."""

            def handle_update_validator(self, given: HandleUpdateInput) -> None:
                """Ask the validator."""
                try:
                    self.next.handle_update_validator(given)
                except (ApplicationError, ReleasePilotError) as error:
                    tell(_refusal(given, error))
                    raise

        return Listener

    def tell(self, refusal: Refusal) -> None:
        """Take a refusal; from any thread, at once, and without raising."""
        # A loop that has ended has nobody left who would write.
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._take, (refusal,))

    async def keep(self) -> None:
        """Write what is told, until closed and written."""
        pause = _PAUSE
        while self._waiting or not self._closed:
            await self._news.wait()
            if await self._write():
                pause = _PAUSE
            else:
                await asyncio.sleep(pause)
                pause = min(2 * pause, _LONGEST_PAUSE)

    def close(self) -> None:
        """Let `keep` end when everything is written."""
        self._closed = True
        self._news.set()

    @property
    def unwritten(self) -> int:
        """How many are not known to be written."""
        return sum(refusal.times for refusal in (*self._waiting.values(), *self._writing))

    def _take(self, refusals: Iterable[Refusal]) -> None:
        """Fold refusals into those that wait."""
        for refusal in refusals:
            known = refusal.key in self._waiting or len(self._waiting) < _WAITING
            one = refusal if known else Refusal.uncounted(refusal.train, refusal.at, refusal.last_at, refusal.times)
            earlier = self._waiting.get(one.key)
            self._waiting[one.key] = earlier.again(one) if earlier else one
        self._news.set()

    async def _write(self) -> bool:
        """Write what waits, train by train; return whether nothing of it was left."""
        if not self._closed:
            self._news.clear()
        done = True
        for train in dict.fromkeys(refusal.train for refusal in self._waiting.values()):
            mine = [self._waiting.pop(key) for key, one in tuple(self._waiting.items()) if one.train == train]
            self._writing = mine
            written = await self._written(train, mine)
            self._writing = []
            if not written:
                self._take(mine)
            done &= written
        return done

    async def _written(self, train: str, refusals: list[Refusal]) -> bool:
        """Write the refusals of one train; return whether nothing more can be done about them."""
        try:
            known = await self._ledger.refuse(train, refusals)
        except StackError as error:
            _log.warning("refusals of train %s wait for the database: %s", train, error)
            return False
        since = self._unknown.pop(train, time.monotonic())
        if not known and time.monotonic() - since < _UNKNOWN_FOR:
            # The first event of a train opens it in the ledger, and may be on its way.
            self._unknown[train] = since
            return False
        if not known:
            _log.warning("there is no train %s to keep %d refusals of", train, len(refusals))
        return True


@asynccontextmanager
async def keeping_refusals(ledger: Ledger) -> AsyncIterator[RefusalKeeper]:
    """Keep what workflows refuse while the block runs; at its end write what is left, within a bound."""
    keeper = RefusalKeeper(ledger)
    task = asyncio.create_task(keeper.keep(), name="refusals")
    try:
        yield keeper
    finally:
        keeper.close()
        with suppress(TimeoutError):
            await asyncio.wait_for(task, _LAST)
        if keeper.unwritten:
            _log.error("%d refusals could not be written; this log has each of them", keeper.unwritten)


def _refusal(given: HandleUpdateInput, error: ApplicationError | ReleasePilotError) -> Refusal:
    """Say who was refused what, of the run in whose context this is called."""
    said = given.args[0] if given.args else None
    return Refusal.of(
        train_of_workflow(workflow.info().workflow_id),
        _tried(given.update, said),
        said.actor.account if isinstance(said, Vote | Override | Command) else "",
        workflow.now(),
        code=(error.type if isinstance(error, ApplicationError) else error.code) or ReleasePilotError.code,
        reason=error.message,
    )


def _tried(update: str, said: object) -> str:
    """Name the command that sends an update."""
    if isinstance(said, Vote):
        return said.decision.value
    return "rollback" if isinstance(said, Command) and said.past_no_return else update
