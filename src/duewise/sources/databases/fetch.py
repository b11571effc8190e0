"""From a database to files that are read like any other: one short look at the database, bounded memory."""

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Protocol

import pyarrow.parquet as pq
import structlog

from duewise.config import Portfolio, TableMapping
from duewise.contracts.tables import OPTIONAL_TABLES, TABLES
from duewise.contracts.vocabulary import Table
from duewise.database_url import DatabaseUrl, parse_database_url
from duewise.errors import DataError, DuewiseError
from duewise.sources.databases import duckdb_file, postgresql, sqlite
from duewise.sources.databases.relation import Relation, Rows
from duewise.sources.files import Located
from duewise.sources.sql import ident, literal

log = structlog.get_logger(__name__)

OWN_ASSIGNMENTS = ("portfolio", "run_id", "as_of")
"""Columns by which the assignments that earlier nights wrote there are told from a client's."""

_ROWS_PER_GROUP = 100_000


class _Reader(Protocol):
    """What the module of each kind of database offers."""

    def relation_named(self, connection: Any, name: str) -> Relation | None: ...

    def rows_of(self, connection: Any, relation: Relation, where: str) -> AbstractContextManager[Rows]: ...


@dataclass(frozen=True)
class _Source:
    url: DatabaseUrl
    reader: _Reader
    connection: Any


def fetch_tables(portfolio: Portfolio, as_of: date, folder: Path) -> dict[Table, Located]:
    """Copy the tables of ``sources.url`` into `folder` as parquet files and return where they lie.

    All tables are seen as they stood at one moment. A copy is written because a night reads its input for
    minutes and more than once: so long nobody's vacuum and nobody's writer should wait for it.

    Raises
    ------
    DataError
        When a needed table is missing (all of them are named) or the file cannot be read.
    DuewiseError
        When the server does not answer, or the copy cannot be written.
    """
    url = parse_database_url(str(portfolio.sources.url))
    located: dict[Table, Located] = {}
    missing = []
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _opened(url) as source:
        for table in TABLES:
            mapping = portfolio.mapping.get(table, TableMapping())
            name = mapping.file or str(table)
            relation = source.reader.relation_named(source.connection, name)
            if relation is None:
                if table not in OPTIONAL_TABLES or mapping.file is not None:
                    missing.append((table, name))
                continue
            own = table is Table.ASSIGNMENTS and relation.has(*OWN_ASSIGNMENTS)
            rows = _copy(source, relation, folder / f"{table}.parquet", _earlier(portfolio, as_of, own))
            # Before the first night is over there is no such table; a night that runs again must not see one.
            if rows or not own:
                shown = Path(url.name) / name
                located[table] = Located(table, "parquet", (folder / f"{table}.parquet",), shown)
    if missing:
        raise DataError(_missing_message(url, missing))
    return located


@contextmanager
def _opened(url: DatabaseUrl) -> Iterator[_Source]:
    if url.path is None:
        with postgresql.snapshot(url) as connection:
            yield _Source(url, postgresql, connection)
        return
    if not url.path.is_file() or not os.access(url.path, os.R_OK):
        raise DataError(
            f"{url.path}: no such database file, or no right to read it. sources.url must name it; "
            "relative paths start at the current directory, absolute ones have four slashes."
        )
    if url.kind == "sqlite":
        with sqlite.snapshot(url.path) as file:
            yield _Source(url, sqlite, file)
    else:
        with duckdb_file.snapshot(url.path) as database:
            yield _Source(url, duckdb_file, database)


def _earlier(portfolio: Portfolio, as_of: date, own: bool) -> str:
    """Return SQL of the rows to read: of what Duewise wrote itself, this portfolio's earlier nights."""
    if not own:
        return "true"
    day, name = literal(as_of.isoformat()), literal(portfolio.portfolio.name)
    return f"{ident('as_of')} < {day} AND {ident('portfolio')} = {name}"


def _copy(source: _Source, relation: Relation, path: Path, where: str) -> int:
    rows = 0
    try:
        with (
            source.reader.rows_of(source.connection, relation, where) as found,
            pq.ParquetWriter(path, found.schema, compression="zstd", compression_level=1) as writer,
        ):
            for batch in found.batches:
                rows += batch.num_rows
                writer.write_batch(batch, row_group_size=_ROWS_PER_GROUP)
    except OSError as error:
        raise DuewiseError(
            f"{path}: the copy of {relation.place} cannot be written ({error.strerror or error}). Free space "
            "on the disk of publish.runs, or name another folder with --out."
        ) from error
    log.info("table_fetched", table=path.stem, rows=rows)
    return rows


def _missing_message(url: DatabaseUrl, missing: list[tuple[Table, str]]) -> str:
    wanted = ", ".join(name for _, name in missing)
    message = (
        f"{url.name}: the database has no table or view called {wanted} that this user sees. Create a view, "
        f"or name it, e.g. `mapping: {{{missing[0][0]}: {{file: schema.my_table}}}}`."
    )
    if Table.CONTACTS in [table for table, _ in missing]:
        message += " Where no contacts exist yet, an empty table contacts says so."
    return message
