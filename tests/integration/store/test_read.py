"""Asking the read model."""

from __future__ import annotations

from datetime import timedelta

import psycopg
import pytest
from support.recorded_trains import NOW, a_plan, a_receipt, a_request, event, happy_history

from releasepilot.errors import StackError, TrainUnknown
from releasepilot.model.estimate import Measured
from releasepilot.model.event import EventType
from releasepilot.model.train import Outcome
from releasepilot.store.pool import Pool, open_pool
from releasepilot.store.read import Reader
from releasepilot.store.write import Writer
from releasepilot.workers.ports import free_port


async def test_a_plan_reads_back_to_its_digest(pool: Pool) -> None:
    """What is saved is the canonical text, whatever characters the changelog has, and saving twice is saving once."""
    plan = a_plan(3, changelog='"\\ \u2028 \U0001f680 \x00 {version} %s\r\n')
    writer = Writer(pool)
    await writer.save_plan(plan)
    await writer.save_plan(plan)
    found = await Reader(pool).plan(plan.digest)
    assert found == plan
    assert found.digest == plan.digest


async def test_a_plan_that_is_not_saved(pool: Pool) -> None:
    """An unknown digest is an error that names it."""
    with pytest.raises(StackError, match="sha256:00"):
        await Reader(pool).plan("sha256:00")


async def test_a_plan_that_was_changed_in_the_database(pool: Pool, database_url: str) -> None:
    """A body that is not what its digest says is refused."""
    plan = a_plan(1)
    await Writer(pool).save_plan(plan)
    async with await psycopg.AsyncConnection.connect(database_url) as connection:
        await connection.execute("update plan set body = replace(body, '1.1.0', '6.6.6')")
    with pytest.raises(StackError, match="reads as"):
        await Reader(pool).plan(plan.digest)


async def test_trains_are_found_by_id_name_and_prefix(pool: Pool) -> None:
    """The exact id wins, then the latest of the name, then a beginning that only one id has."""
    writer, reader = Writer(pool), Reader(pool)
    first, second, other = a_request("core"), a_request("core", 2), a_request("core-web")
    for number, request in enumerate((first, second, other)):
        await writer.open_train(request.train, request, NOW + timedelta(minutes=number))
    assert (await reader.train(first.train)).id == first.train
    assert (await reader.train("core")).id == second.train
    assert (await reader.train(first.train[:-3])).id == first.train
    assert (await reader.latest()).id == other.train
    assert await reader.request(first.train) == first


async def test_an_ambiguous_beginning_names_the_trains(pool: Pool) -> None:
    """A beginning of several ids is refused with the ids."""
    requests = [a_request("core"), a_request("core", 2)]
    for request in requests:
        await Writer(pool).open_train(request.train, request, NOW)
    with pytest.raises(TrainUnknown) as caught:
        await Reader(pool).train("cor")
    assert all(request.train in caught.value.message for request in requests)


@pytest.mark.parametrize(
    ("key", "remedy"), [("cire", "core"), ("%", "history"), ("a\x00b", "history"), ("", "history")]
)
async def test_an_unknown_train_names_what_comes_near(pool: Pool, key: str, remedy: str) -> None:
    """What is no train is an error, with the name that was meant or the command that lists them."""
    request = a_request("core")
    await Writer(pool).open_train(request.train, request, NOW)
    with pytest.raises(TrainUnknown) as caught:
        await Reader(pool).train(key)
    assert remedy in caught.value.hint


async def test_before_the_first_train(pool: Pool) -> None:
    """An empty database has no latest train, no history, and begins to count at 1."""
    reader = Reader(pool)
    with pytest.raises(TrainUnknown):
        await reader.latest()
    with pytest.raises(TrainUnknown):
        await reader.request("core-1")
    assert await reader.history(10) == []
    assert await reader.steps("core-1") == []
    assert await reader.next_seq("core-1") == 1


async def test_history_is_the_latest_first_and_bounded(pool: Pool) -> None:
    """`history` returns so many trains, of one name or all."""
    writer, reader = Writer(pool), Reader(pool)
    for number in range(5):
        request = a_request(("core", "web")[number % 2], attempt=number)
        await writer.open_train(request.train, request, NOW + timedelta(hours=number))
    assert [row.started_at.hour - NOW.hour for row in await reader.history(3)] == [4, 3, 2]
    assert [row.name for row in await reader.history(10, "web")] == ["web", "web"]


async def test_receipts_and_the_next_number(pool: Pool) -> None:
    """A step's receipt is there once it is done; events are counted on."""
    request, plan = a_request(), a_plan(2)
    writer, reader = Writer(pool), Reader(pool)
    await writer.save_plan(plan)
    await writer.record(request.train, happy_history(request, plan)[:5])
    assert await reader.receipt(request.train, "c0/stage") == a_receipt("c0/stage")
    assert await reader.receipt(request.train, "c1/stage") is None
    assert await reader.receipt(request.train, "nothing") is None
    assert await reader.next_seq(request.train) == 6


async def test_a_step_that_no_saved_plan_names(pool: Pool) -> None:
    """Its component is the first part of its id, so it is not lost."""
    request = a_request()
    writer = Writer(pool)
    await writer.open_train(request.train, request, NOW)
    await writer.record(request.train, [event(1, EventType.STEP_STARTED, "api/publish")])
    (step,) = await Reader(pool).steps(request.train)
    assert (step.component, step.uses) == ("api", "")


async def test_no_server_is_a_stack_error() -> None:
    """A pool to nowhere says that the database cannot be used, at once."""
    with pytest.raises(StackError) as caught:
        async with open_pool(f"postgresql://rp:hunter2@127.0.0.1:{free_port()}/rp"):
            pass
    assert "doctor" in caught.value.hint
    assert "hunter2" not in caught.value.message


async def test_a_database_without_tables_is_a_stack_error(pool: Pool, database_url: str) -> None:
    """A schema of another version is named as such."""
    async with await psycopg.AsyncConnection.connect(database_url) as connection:
        await connection.execute("drop table train cascade")
    with pytest.raises(StackError, match="tables"):
        await Reader(pool).latest()


async def test_broken_connections_are_replaced(pool: Pool, server: str) -> None:
    """After the server ended every connection, the next question is answered."""
    reader = Reader(pool)
    request, plan = a_request(), a_plan(1)
    await Writer(pool).save_plan(plan)
    await Writer(pool).record(request.train, happy_history(request, plan))
    async with await psycopg.AsyncConnection.connect(server, autocommit=True) as connection:
        await connection.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'releasepilot'"
        )
    assert (await reader.train("core")).outcome is Outcome.RELEASED


async def test_what_steps_took_in_earlier_trains(pool: Pool) -> None:
    """The 95th percentile of what was done in the trains of a name; what was found done or failed does not count."""
    writer, plan = Writer(pool), a_plan(2)
    await writer.save_plan(plan)
    for number in range(20):
        request = a_request(attempt=number + 1)
        await writer.open_train(request.train, request, NOW + timedelta(minutes=number))
        adopted = a_receipt("c1/stage").model_copy(update={"adopted": number > 0})
        events = [
            event(1, EventType.TRAIN_PLANNED, digest=plan.digest),
            event(2, EventType.STEP_STARTED, "c0/stage"),
            event(3 + number, EventType.STEP_DONE, "c0/stage", receipt=a_receipt("c0/stage").model_dump(mode="json")),
            event(100, EventType.STEP_STARTED, "c1/stage"),
            event(104, EventType.STEP_DONE, "c1/stage", receipt=adopted.model_dump(mode="json")),
        ]
        await writer.record(request.train, events)
    failed = a_request(attempt=21)
    await writer.open_train(failed.train, failed, NOW + timedelta(hours=1))
    lost = [event(1, EventType.STEP_STARTED, "c0/stage"), event(900, EventType.STEP_FAILED, "c0/stage", error="no")]
    await writer.record(failed.train, lost)
    assert await Reader(pool).measured("core") == [
        Measured(step="c0/stage", uses="git.stage", seconds=19, runs=20),
        Measured(step="c1/stage", uses="git.stage", seconds=4, runs=1),
    ]
    assert await Reader(pool).measured("another") == []
