"""SQLite through Python's own driver, in Arrow batches.

The ADBC driver of SQLite guesses types from the first rows and fails on what comes later; here each column
is asked for the types that it really holds, so that one stray text does not cost a number its digits.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pyarrow as pa

from duewise.errors import DataError
from duewise.sources.databases.relation import Relation, Rows
from duewise.sources.sql import ident, literal

_ROWS_PER_BATCH = 50_000


@contextmanager
def snapshot(path: Path) -> Iterator[sqlite3.Connection]:
    """Yield a read-only connection that sees the database as it stood at one moment.

    Raises
    ------
    DataError
        When the file is not a SQLite database, is damaged, or is locked by a writer for too long.
    """
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=60)) as con:
            con.isolation_level = None
            con.execute("BEGIN")
            yield con
    except sqlite3.Error as error:
        raise DataError(
            f"{path}: cannot be read as a SQLite database ({error}). Copy it again, or wait for its writer."
        ) from error


def relation_named(con: sqlite3.Connection, name: str) -> Relation | None:
    """Return the table or view called `name` and its columns."""
    known = con.execute(
        "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') AND lower(name) = lower(?)", (name,)
    ).fetchone()
    if known is None:
        return None
    place = ident(known[0])
    columns = con.execute(f"PRAGMA table_info({place})").fetchall()
    return Relation(place, tuple((column, kind) for _, column, kind, *_ in columns))


@contextmanager
def rows_of(con: sqlite3.Connection, relation: Relation, where: str) -> Iterator[Rows]:
    """Yield the rows of a relation in batches."""
    schema = _schema(con, relation)
    columns = ", ".join(_read(ident(field.name), field.type) for field in schema)
    cursor = con.execute(f"SELECT {columns} FROM {relation.place} WHERE {where}")
    yield Rows(schema, _batches(cursor, schema))


def _batches(cursor: sqlite3.Cursor, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    while rows := cursor.fetchmany(_ROWS_PER_BATCH):
        columns = zip(*rows, strict=True)
        arrays = [pa.array(values, field.type) for values, field in zip(columns, schema, strict=True)]
        yield pa.RecordBatch.from_arrays(arrays, schema=schema)


def _schema(con: sqlite3.Connection, relation: Relation) -> pa.Schema:
    """Return the narrowest type of each column that holds all its values."""
    names = [name for name, _ in relation.columns]
    kinds = ("text", "blob", "real", "integer")
    asked = ", ".join(f"max(typeof({ident(name)}) = {literal(kind)})" for name in names for kind in kinds)
    found = con.execute(f"SELECT {asked} FROM {relation.place}").fetchone()
    types = []
    for position in range(len(names)):
        text, blob, real, integer = found[4 * position : 4 * position + 4]
        numeric = not text and not blob and (real or integer)
        types.append(pa.string() if not numeric else pa.float64() if real else pa.int64())
    return pa.schema(list(zip(names, types, strict=True)))


def _read(column: str, kind: pa.DataType) -> str:
    if kind == pa.float64():
        return f"CAST({column} AS REAL)"
    if kind == pa.int64():
        return column
    return f"CASE typeof({column}) WHEN 'blob' THEN hex({column}) ELSE CAST({column} AS TEXT) END"
