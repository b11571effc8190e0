"""DuckDB files, in Arrow batches, by an engine of their own that may touch nothing else."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import duckdb
import pyarrow as pa

from duewise.errors import DataError
from duewise.sources.databases.relation import Relation, Rows
from duewise.sources.sql import ident

_ROWS_PER_BATCH = 100_000
_MEMORY = "1GB"

_COLUMNS = (
    "SELECT schema_name, table_name, column_name, data_type FROM duckdb_columns() "
    "WHERE database_name = current_database() AND NOT internal AND lower(schema_name) = lower(?) "
    "AND lower(table_name) = lower(?) ORDER BY column_index"
)
_PLAIN = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "FLOAT", "DOUBLE", "BOOLEAN", "DATE", "VARCHAR")


@contextmanager
def snapshot(path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Yield a read-only connection that sees the database as it stood at one moment.

    A view in the file may not read other files, and no extension is fetched from the network.

    Raises
    ------
    DataError
        When the file is not a DuckDB database, is damaged, or another process writes to it.
    """
    settings = {
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
        "enable_external_access": "false",
        "memory_limit": _MEMORY,
        "threads": "1",
    }
    try:
        with closing(duckdb.connect(str(path), read_only=True, config=settings)) as con:
            con.execute("BEGIN")
            yield con
    except (duckdb.Error, pa.ArrowException) as error:
        reason = str(error).strip().splitlines()[0][:300]
        raise DataError(
            f"{path}: cannot be read as a DuckDB database ({reason}). Copy it again, or wait for its writer."
        ) from error


def relation_named(con: duckdb.DuckDBPyConnection, name: str) -> Relation | None:
    """Return the table or view called `name` (``table`` or ``schema.table``) and its columns."""
    schema, dot, plain = name.partition(".")
    found = con.execute(_COLUMNS, ("main", name)).fetchall()
    if not found and dot:
        found = con.execute(_COLUMNS, (schema, plain)).fetchall()
    if not found:
        return None
    place = f"{ident(found[0][0])}.{ident(found[0][1])}"
    return Relation(place, tuple((column, kind) for _, _, column, kind in found))


@contextmanager
def rows_of(con: duckdb.DuckDBPyConnection, relation: Relation, where: str) -> Iterator[Rows]:
    """Yield the rows of a relation in batches; types without a counterpart are read as text."""
    columns = ", ".join(
        ident(name) if _is_plain(kind) else f"{ident(name)}::VARCHAR AS {ident(name)}"
        for name, kind in relation.columns
    )
    found = con.execute(f"SELECT {columns} FROM {relation.place} WHERE {where}")
    reader = found.to_arrow_reader(_ROWS_PER_BATCH)
    yield Rows(reader.schema, iter(reader))


def _is_plain(kind: str) -> bool:
    return kind in _PLAIN or kind.startswith(("TIMESTAMP", "DECIMAL"))
