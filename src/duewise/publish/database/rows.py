"""A parquet file of a run as flat rows: nested columns as JSON, types as each database holds them."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from duewise.database_url import DatabaseKind
from duewise.publish.database.schema import kind_of
from duewise.sources.sql import ident, literal, path_literal

_ROWS_PER_BATCH = 20_000

_OTHERWISE: dict[DatabaseKind, dict[str, str]] = {
    # PostgreSQL knows no null character in a text, and refuses its escape in JSON.
    "postgresql": {"text": "replace({}, chr(0), '')", "json": "replace({}, '\\u0000', '')"},
    # Python reads a DuckDB time with a zone only with a package that nothing else needs any more.
    "duckdb": {"time": "timezone('UTC', {})"},
    # SQLite has neither times nor truth values: ISO 8601 text sorts and compares as it should.
    "sqlite": {
        "day": "{}::VARCHAR",
        "time": "strftime({}::TIMESTAMP, '%Y-%m-%dT%H:%M:%SZ')",
        "boolean": "{}::BIGINT",
    },
}
"""How values are written that a kind of database does not hold as Arrow does."""


@contextmanager
def flat_rows(path: Path, kind: DatabaseKind, constants: dict[str, str]) -> Iterator[pa.RecordBatchReader]:
    """Yield the rows of `path` in batches, preceded by `constants` where the file has no such column."""
    schema = pq.read_schema(path)
    columns = [
        f"{literal(value)} AS {ident(name)}" for name, value in constants.items() if name not in schema.names
    ]
    columns += [f"{_flat(field, kind)} AS {ident(field.name)}" for field in schema]
    with closing(duckdb.connect(config={"threads": 1})) as con:
        con.execute("SET TimeZone = 'UTC'")
        found = con.execute(f"SELECT {', '.join(columns)} FROM read_parquet({path_literal(path)})")
        yield found.to_arrow_reader(_ROWS_PER_BATCH)


def _flat(field: pa.Field, kind: DatabaseKind) -> str:
    column, held = ident(field.name), kind_of(field.type)
    if held == "json":
        column = f"to_json({column})::VARCHAR"
    return _OTHERWISE[kind].get(held, "{}").format(column)
