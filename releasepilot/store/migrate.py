"""Bringing a database to this version's schema."""

from __future__ import annotations

import logging
from importlib.resources import as_file, files

import psycopg
from yoyo import get_backend, read_migrations  # type: ignore[import-untyped]
from yoyo.exceptions import LockTimeout  # type: ignore[import-untyped]

from releasepilot.errors import StackError
from releasepilot.store.pool import unreachable

#: An arbitrary number that every version agrees on: "release" in ASCII.
_LOCK = 0x72656C65617365

_log = logging.getLogger(__name__)


def migrate(database_url: str) -> int:
    """Apply the migrations that the database lacks and return how many these were.

    Processes that do this at once go one after the other. StackError where the database does not answer or a
    migration fails; a migration is applied as a whole or not at all.
    """
    try:
        # The session's lock goes with the session, also when a process is killed; yoyo's is a row that would stay,
        # and whoever holds ours may remove it.
        with psycopg.connect(database_url, autocommit=True, connect_timeout=15) as connection:
            connection.execute("select pg_advisory_lock(%s)", (_LOCK,))
            return _apply(database_url) if _names() - _applied(connection) else 0
    except (psycopg.Error, LockTimeout) as error:
        cause = error if isinstance(error, psycopg.Error) else psycopg.OperationalError(str(error))
        raise unreachable(cause) from error


def pending(database_url: str) -> int:
    """Return how many migrations the database lacks; StackError where it does not answer."""
    try:
        with psycopg.connect(database_url, autocommit=True, connect_timeout=5) as connection:
            return len(_names() - _applied(connection))
    except psycopg.Error as error:
        raise unreachable(error) from error


def _apply(database_url: str) -> int:
    backend = get_backend(_yoyo_url(database_url))
    try:
        with as_file(files("releasepilot.store") / "migrations") as folder:
            migrations = read_migrations(str(folder))
        backend.break_lock()
        with backend.lock():
            todo = backend.to_apply(migrations)
            backend.apply_migrations(todo)
        _log.info("applied %d migrations", len(todo))
        return len(todo)
    finally:
        backend.connection.close()


def _yoyo_url(database_url: str) -> str:
    """Name the driver the way yoyo does."""
    _, separator, rest = database_url.partition("://")
    if not separator:
        raise StackError("the database is not named by a URL", hint="write postgresql://user:password@host:5432/name")
    return f"postgresql+psycopg://{rest}"


def _names() -> set[str]:
    """Return the names of this version's migrations."""
    names = {entry.name for entry in (files("releasepilot.store") / "migrations").iterdir()}
    return {name.removesuffix(".sql") for name in names if name.endswith(".sql") and not name.endswith(".rollback.sql")}


def _applied(connection: psycopg.Connection) -> set[str]:
    """Return the names of the migrations that the database has had."""
    if connection.execute("select to_regclass('_yoyo_migration')").fetchone() == (None,):
        return set()
    return {str(name) for (name,) in connection.execute("select migration_id from _yoyo_migration").fetchall()}
