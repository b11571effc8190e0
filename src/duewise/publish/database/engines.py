"""Three kinds of databases behind one small interface: run a statement, load rows, commit."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any, Protocol

import duckdb
import pyarrow as pa

from duewise.database_url import DatabaseKind, DatabaseUrl
from duewise.errors import DuewiseError
from duewise.sources.databases import duckdb_file, postgresql, sqlite
from duewise.sources.databases.relation import Relation
from duewise.sources.sql import ident

KEY = "publish.database"
_PATIENCE_SECONDS = 60
_ONE_AT_A_TIME = 6_287_391
"""Number of the advisory lock under which nights of several portfolios take turns."""


class Engine(Protocol):
    """An open transaction; what is not committed is undone."""

    kind: DatabaseKind

    def execute(self, statement: str) -> list[tuple[Any, ...]]:
        """Run a statement and return its rows."""

    def load(self, table: str, rows: pa.RecordBatchReader) -> None:
        """Create the temporary table `table` from `rows`."""

    def relation(self, name: str) -> Relation | None:
        """Return the table or view called `name`."""

    def commit(self) -> None:
        """Make everything since the connection was opened last."""


@contextmanager
def connected(url: DatabaseUrl) -> Iterator[Engine]:
    """Yield a transaction on the database; SQLite and DuckDB files are made when absent.

    Raises
    ------
    DuewiseError
        When the database does not answer, refuses, is full or goes away.
    """
    if url.path is None:
        with postgresql.connected(url, KEY) as connection:
            yield _PostgreSql(connection)
        return
    try:
        with _private_files(), closing(_opened(url)) as connection:
            yield _Sqlite(connection) if url.kind == "sqlite" else _DuckDb(connection)
    except (sqlite3.Error, duckdb.Error) as error:
        raise _failure(url, error) from error


@contextmanager
def _private_files() -> Iterator[None]:
    """Let whatever file the body makes, journals of engines too, be for its owner only."""
    before = os.umask(0o077)
    try:
        yield
    finally:
        os.umask(before)


def _opened(url: DatabaseUrl) -> Any:
    if url.kind == "sqlite":
        return sqlite3.connect(url.path or "", timeout=_PATIENCE_SECONDS)
    return duckdb.connect(str(url.path), config=_NO_DOWNLOADS)


def _failure(url: DatabaseUrl, error: Exception) -> DuewiseError:
    reason = str(error).strip().splitlines()[0][:300]
    return DuewiseError(
        f"{KEY}: {url.path} cannot be written ({reason}). Check that its folder exists and has room, that "
        "nobody else holds the file open, and its permissions; then run again."
    )


_NO_DOWNLOADS: dict[str, str | bool | int | float | list[str]] = {"autoinstall_known_extensions": "false"}


class _PostgreSql:
    kind: DatabaseKind = "postgresql"

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self.execute(f"SELECT pg_advisory_xact_lock({_ONE_AT_A_TIME})::text")

    def execute(self, statement: str) -> list[tuple[Any, ...]]:
        with self._connection.cursor() as cursor:
            cursor.execute(statement)
            rows: list[tuple[Any, ...]] = cursor.fetchall() if cursor.description else []
        return rows

    def load(self, table: str, rows: pa.RecordBatchReader) -> None:
        with self._connection.cursor() as cursor:
            cursor.adbc_ingest(table, rows, mode="create", temporary=True)

    def relation(self, name: str) -> Relation | None:
        return postgresql.relation_named(self._connection, name)

    def commit(self) -> None:
        self._connection.commit()


class _Sqlite:
    kind: DatabaseKind = "sqlite"

    def __init__(self, connection: sqlite3.Connection) -> None:
        connection.isolation_level = None
        connection.execute("BEGIN IMMEDIATE")
        self._connection = connection

    def execute(self, statement: str) -> list[tuple[Any, ...]]:
        return self._connection.execute(statement).fetchall()

    def load(self, table: str, rows: pa.RecordBatchReader) -> None:
        names = rows.schema.names
        self.execute(f"CREATE TEMP TABLE {ident(table)} ({', '.join(map(ident, names))})")
        places = ", ".join("?" * len(names))
        for batch in rows:
            values = zip(*(column.to_pylist() for column in batch.columns), strict=True)
            self._connection.executemany(f"INSERT INTO {ident(table)} VALUES ({places})", values)

    def relation(self, name: str) -> Relation | None:
        return sqlite.relation_named(self._connection, name)

    def commit(self) -> None:
        self._connection.execute("COMMIT")


class _DuckDb:
    kind: DatabaseKind = "duckdb"

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        connection.execute("BEGIN")
        self._connection = connection

    def execute(self, statement: str) -> list[tuple[Any, ...]]:
        rows: list[tuple[Any, ...]] = self._connection.execute(statement).fetchall()
        return rows

    def load(self, table: str, rows: pa.RecordBatchReader) -> None:
        self._connection.register("rows_to_load", rows)
        self.execute(f"CREATE TEMP TABLE {ident(table)} AS FROM rows_to_load")
        self._connection.unregister("rows_to_load")

    def relation(self, name: str) -> Relation | None:
        return duckdb_file.relation_named(self._connection, name)

    def commit(self) -> None:
        self._connection.execute("COMMIT")
