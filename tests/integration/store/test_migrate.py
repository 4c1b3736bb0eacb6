"""Bringing a database to the schema that the queries need."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import psycopg
import pytest
from support.patience import PATIENCE
from support.postgres import fresh_database

from releasepilot.errors import StackError
from releasepilot.store.migrate import migrate, pending
from releasepilot.store.sql import queries
from releasepilot.workers.ports import free_port

_MIGRATE = "import sys; from releasepilot.store.migrate import migrate; print(migrate(sys.argv[1]))"


@pytest.fixture
def empty_url(server: str) -> Iterator[str]:
    """Yield the URL of a database without tables."""
    with fresh_database(server, migrated=False) as url:
        yield url


def test_an_empty_database_gets_what_every_query_needs(empty_url: str) -> None:
    """PostgreSQL can prepare each query of the package once the migrations are applied, and none before."""
    statements = [text for file in ("read.sql", "write.sql") for text in queries(file).values()]
    assert len(statements) > 15
    with psycopg.connect(empty_url) as connection, pytest.raises(psycopg.errors.UndefinedTable):
        connection.execute(b"prepare q as " + _with_nulls(statements[0]))
    assert migrate(empty_url) > 0
    with psycopg.connect(empty_url, autocommit=True) as connection:
        for number, text in enumerate(statements):
            connection.execute(f"prepare q{number} as ".encode() + _with_nulls(text))


def _with_nulls(query: bytes) -> bytes:
    """Put null where the query takes a value: types and names are checked all the same."""
    head, *rest = query.split(b"%(")
    return head + b"".join(b"null" + part.split(b")s", 1)[1] for part in rest)


def test_a_second_migration_changes_nothing(empty_url: str) -> None:
    """Migrating is idempotent, and says how much it did."""
    todo = pending(empty_url)
    assert migrate(empty_url) == todo > 0
    assert migrate(empty_url) == 0
    assert pending(empty_url) == 0


def test_processes_that_migrate_at_once_go_one_after_the_other(empty_url: str) -> None:
    """Of four processes one applies every migration, the others none, and none fails."""
    processes = [
        subprocess.Popen([sys.executable, "-c", _MIGRATE, empty_url], stdout=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    applied = []
    for process in processes:
        out, _ = process.communicate(timeout=PATIENCE)
        assert process.returncode == 0
        applied.append(int(out))
    assert sorted(applied) == [0, 0, 0, max(applied)]
    assert max(applied) > 0


def test_a_killed_migration_does_not_lock_the_next_one_out(empty_url: str) -> None:
    """What a killed process leaves in yoyo's lock table is removed by the next that migrates."""
    migrate(empty_url)
    with psycopg.connect(empty_url, autocommit=True) as connection:
        connection.execute("insert into yoyo_lock (locked, ctime, pid) values (1, now(), 4711)")
        connection.execute("delete from _yoyo_migration")
        connection.execute("drop table claim, refusal, assessment, event, step, train, plan_step, plan")
    assert migrate(empty_url) > 0


def test_no_server_is_an_error_that_says_so() -> None:
    """A database that does not answer is a StackError with a remedy, and the password stays out of it."""
    with pytest.raises(StackError) as caught:
        migrate(f"postgresql://rp:hunter2@127.0.0.1:{free_port()}/rp")
    assert "refused" in caught.value.message
    assert "doctor" in caught.value.hint
    assert "hunter2" not in str(caught.value)
