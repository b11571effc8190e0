"""PostgreSQL through ADBC: Arrow batches by binary COPY, no row passes through Python."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pyarrow as pa

from duewise.database_url import DatabaseUrl
from duewise.errors import ConfigError, DuewiseError
from duewise.sources.databases.relation import Relation, Rows
from duewise.sources.sql import ident

_AS_THEY_ARE = frozenset(
    {
        *("smallint", "integer", "bigint", "real", "double precision", "boolean"),
        *("text", "character varying", "name"),
    }
)
"""Types that Arrow holds without loss; all others but times are read as text.

``numeric`` among them: the numbers of customers and accounts outgrow a float.
"""

_SAID = re.compile(r"(?:ERROR|FATAL|PANIC): .*")

_TIMES = frozenset({"date", "timestamp without time zone", "timestamp with time zone"})

_COLUMNS = """
SELECT n.nspname::text, c.relname::text, a.attname::text, format_type(a.atttypid, NULL)::text
FROM pg_catalog.pg_class AS c
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE c.relkind IN ('r', 'v', 'm', 'f', 'p') AND {which}
ORDER BY a.attnum
"""


@contextmanager
def connected(url: DatabaseUrl, key: str) -> Iterator[Any]:
    """Yield an ADBC connection whose work is undone unless it is committed.

    Parameters
    ----------
    key : str
        Key of the portfolio file that names the database, for messages.

    Raises
    ------
    ConfigError
        When the driver is not installed.
    DuewiseError
        When the server does not answer, refuses, or goes away; the message holds neither address nor secret.
    """
    try:
        import adbc_driver_manager
        from adbc_driver_postgresql import dbapi
    except ImportError as error:
        raise ConfigError(
            f"{key}: PostgreSQL needs a driver that is not installed. Run `pip install duewise[postgres]`."
        ) from error
    try:
        with dbapi.connect(url.server) as connection:
            yield connection
    except adbc_driver_manager.Error as error:
        raise _failure(key, error) from error


def _failure(key: str, error: Exception) -> DuewiseError:
    return DuewiseError(
        f"{key}: the database does not do what was asked ({_reason(error)}). Check that the server runs, "
        "that PGPASSWORD, ~/.pgpass or the service file hold the right secret, and the rights of the "
        "user; then run again: nothing was half written."
    )


def _reason(error: Exception) -> str:
    """Return what the server said, without the statement and the row that stand beside it."""
    said = _SAID.search(str(error))
    return said[0][:300] if said else " ".join(str(error).partition("Query was:")[0].split())[:300]


def relation_named(connection: Any, name: str) -> Relation | None:
    """Return the table or view called `name` (``table`` or ``schema.table``) and its columns."""
    schema, dot, plain = name.partition(".")
    found = _columns(connection, "pg_table_is_visible(c.oid) AND c.relname = $1", (name,))
    if not found and dot:
        found = _columns(connection, "n.nspname = $1 AND c.relname = $2", (schema, plain))
    if not found:
        return None
    place = f"{ident(found[0][0])}.{ident(found[0][1])}"
    return Relation(place, tuple((column, kind) for _, _, column, kind in found))


def _columns(connection: Any, which: str, parameters: tuple[str, ...]) -> list[tuple[str, str, str, str]]:
    with connection.cursor() as cursor:
        cursor.execute(_COLUMNS.format(which=which), parameters)
        rows: list[tuple[str, str, str, str]] = cursor.fetchall()
    return rows


@contextmanager
def snapshot(url: DatabaseUrl) -> Iterator[Any]:
    """Yield a connection that sees all tables as they stood at one moment, and writes nothing."""
    with connected(url, "sources.url") as connection, connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        # Unchanged tables give the same rows in the same order, so that an unchanged night is recognised.
        cursor.execute("SET LOCAL synchronize_seqscans = off")
        cursor.execute("SET LOCAL max_parallel_workers_per_gather = 0")
        yield connection
        connection.rollback()


@contextmanager
def rows_of(connection: Any, relation: Relation, where: str) -> Iterator[Rows]:
    """Yield the rows of a relation in batches of some megabytes."""
    columns = ", ".join(f"{_read(name, kind)} AS {ident(name)}" for name, kind in relation.columns)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {columns} FROM {relation.place} WHERE {where}")
        reader = cursor.fetch_record_batch()
        yield Rows(reader.schema, _until_gone(reader))


def _until_gone(reader: pa.RecordBatchReader) -> Iterator[pa.RecordBatch]:
    """Yield batches; a server that goes away in between is told like one that never answered."""
    try:
        yield from reader
    except (OSError, pa.ArrowException) as error:
        raise _failure("sources.url", error) from error


def _read(name: str, kind: str) -> str:
    column = ident(name)
    if kind in _AS_THEY_ARE:
        return column
    # Arrow knows no infinite time; as the end of a flag it says what null says: never.
    return f"CASE WHEN isfinite({column}) THEN {column} END" if kind in _TIMES else f"{column}::text"
