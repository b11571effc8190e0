"""From a located table to a relation of the engine: columns as the client wrote them, rows numbered.

Each format has one reader in :data:`READERS`; tables of a database arrive as parquet files.
"""

import csv
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb

from duewise.config import TableMapping
from duewise.contracts.vocabulary import Table
from duewise.errors import DataError, DuewiseError
from duewise.sources.files import Format, Located
from duewise.sources.repair import LONGEST_RECORD, records
from duewise.sources.report import SourceFile
from duewise.sources.sql import ident, literal, path_literal
from duewise.sources.text_files import TextFile, file_hash, prepare_text

ROW = "__row"
"""Column that numbers the rows of a table from 1, in the order of its files."""


@dataclass(frozen=True)
class RawColumn:
    """A column as the client wrote it: its name there, and name and type in the engine."""

    name: str
    sql: str
    type: str

    @property
    def is_text(self) -> bool:
        """Whether values must be read from text."""
        return self.type not in _NATIVE and not self.type.startswith(("DECIMAL", "TIMESTAMP"))


_NATIVE = {
    *("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER"),
    *("UBIGINT", "UHUGEINT", "FLOAT", "DOUBLE", "BOOLEAN", "DATE"),
}


@dataclass(frozen=True)
class Staged:
    """A table inside the engine before any judgement.

    Attributes
    ----------
    relation : str
        Relation with the raw columns and :data:`ROW`.
    malformed : str or None
        Relation of rows that have no columns at all: :data:`ROW` and their text in `line`.
    """

    table: Table
    relation: str
    columns: tuple[RawColumn, ...]
    files: tuple[SourceFile, ...]
    malformed: str | None = None

    @property
    def is_text(self) -> bool:
        """Whether every value must be read from text."""
        return all(column.is_text for column in self.columns)

    @property
    def repeated_names(self) -> frozenset[str]:
        """Names that head more than one column."""
        names = [column.name for column in self.columns]
        return frozenset(name for name in names if names.count(name) > 1)


_CANNOT_WRITE = ("Could not write", "Could not create", "No space left")
"""How the engine says that its own working files, not the client's, are in trouble."""


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turn the engine's complaints about a file into one sentence about the file."""
    try:
        yield
    except (duckdb.BinderException, duckdb.CatalogException, duckdb.ParserException):
        raise  # a statement that does not fit is a fault of this program, not of the file
    except duckdb.OutOfMemoryException as error:
        raise DuewiseError(
            f"{path}: memory or disk space ran out while it was read ({_first_line(error)}). "
            "Give the run more memory or a workspace on a larger disk."
        ) from error
    except duckdb.Error as error:
        if any(words in str(error) for words in _CANNOT_WRITE):
            raise DuewiseError(
                f"{path}: what was read of it cannot be kept ({_first_line(error)}). Free space on the disk "
                "of publish.runs, or name another folder with --out."
            ) from error
        raise DataError(
            f"{path}: is damaged or not what its name says ({_first_line(error)}). Copy or export it again."
        ) from error


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0][:300]


def read_parquet(
    con: duckdb.DuckDBPyConnection,
    located: Located,
    mapping: TableMapping,
    known_names: Collection[str],
    workspace: Path,
) -> Staged:
    """Stage parquet files as a view: they are read in place, only the columns that are asked for."""
    table = located.table
    relation = f"staging.raw_{table}"
    paths = ", ".join(path_literal(path) for path in located.paths)
    files = tuple(
        SourceFile(located.shown or path, file_hash(path), path.stat().st_size) for path in located.paths
    )
    source = f"read_parquet([{paths}], union_by_name = true)"
    described = con.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()
    columns = tuple(RawColumn(name, ident(name), kind) for name, kind, *_ in described)
    taken = {column.name.lower() for column in columns} & {"file_row_number", "filename", ROW}
    if taken:
        raise DataError(
            f"{located.name}: a column may not be called {' or '.join(sorted(taken))}; the reader needs "
            "that name to number rows. Rename it in the export."
        )
    # Rows of several files count on in the order of the file names.
    con.execute(
        f"CREATE TABLE staging.parts_{table} AS "
        "SELECT file_name, sum(num_rows) OVER (ORDER BY file_name) - num_rows AS rows_before "
        f"FROM parquet_file_metadata([{paths}])"
    )
    names = ", ".join(f"raw.{column.sql}" for column in columns)
    con.execute(
        f"CREATE VIEW {relation} AS "
        f"SELECT {names}, (file_row_number + 1 + rows_before)::BIGINT AS {ROW} "
        f"FROM {source} AS raw JOIN staging.parts_{table} AS parts ON parts.file_name = raw.filename"
        if len(located.paths) > 1
        else f"CREATE VIEW {relation} AS SELECT {names}, file_row_number + 1 AS {ROW} FROM {source} AS raw"
    )
    return Staged(table, relation, columns, files)


def read_text(
    con: duckdb.DuckDBPyConnection,
    located: Located,
    mapping: TableMapping,
    known_names: Collection[str],
    workspace: Path,
) -> Staged:
    """Stage a text export as a table of text: it is parsed once, in the order of its rows."""
    table = located.table
    text = prepare_text(located.paths[0], table, mapping.encoding, known_names, workspace)
    columns = tuple(
        RawColumn(name or f"column {i}", f"c{i}", "VARCHAR") for i, name in enumerate(text.header, start=1)
    )
    relation = f"staging.raw_{table}"
    if not columns:
        con.execute(f"CREATE TABLE {relation} AS SELECT 0::BIGINT AS {ROW} WHERE false")
        return Staged(table, relation, columns, (text.source,))
    typed = ", ".join(f"'{column.sql}': 'VARCHAR'" for column in columns)
    try:
        con.execute(f"CREATE TABLE {relation}_lines AS FROM {_read_csv(text.path, text.delimiter, typed)}")
        con.execute(f"CREATE VIEW {relation} AS SELECT *, rowid + 1 AS {ROW} FROM {relation}_lines")
        return Staged(table, relation, columns, (text.source,))
    except duckdb.InvalidInputException:
        return _read_damaged(con, table, relation, columns, typed, text, workspace)


def _read_damaged(
    con: duckdb.DuckDBPyConnection,
    table: Table,
    relation: str,
    columns: tuple[RawColumn, ...],
    typed: str,
    text: TextFile,
    workspace: Path,
) -> Staged:
    """Stage what is whole of a damaged export, and its malformed rows beside it."""
    whole, broken = workspace / f"{table}.whole.csv", workspace / f"{table}.malformed.csv"
    with (
        text.path.open(encoding="utf-8-sig", newline="") as lines,
        whole.open("w", encoding="utf-8", newline="") as kept,
        broken.open("w", encoding="utf-8", newline="") as refused,
    ):
        next(csv.reader(lines, delimiter=text.delimiter))
        keep = csv.writer(kept, lineterminator="\n")
        refuse = csv.writer(refused, lineterminator="\n")
        for record in records(lines, text.delimiter, len(columns)):
            if record.fields is None:
                refuse.writerow((record.number, record.text[:10_000]))
            else:
                # One kind of line end, also inside fields: the engine refuses files that mix them.
                keep.writerow(
                    (
                        record.number,
                        *(field.replace("\r\n", "\n").replace("\r", " ") for field in record.fields),
                    )
                )
    numbered = f"'{ROW}': 'BIGINT'"
    con.execute(
        f"CREATE TABLE {relation} AS FROM {_read_csv(whole, ',', f'{numbered}, {typed}', header=False)}"
    )
    malformed = f"staging.malformed_{table}"
    refused_columns = f"{numbered}, 'line': 'VARCHAR'"
    con.execute(f"CREATE TABLE {malformed} AS FROM {_read_csv(broken, ',', refused_columns, header=False)}")
    return Staged(table, relation, columns, (text.source,), malformed)


def _read_csv(path: Path, delimiter: str, typed: str, *, header: bool = True) -> str:
    return (
        f"read_csv({path_literal(path)}, columns = {{{typed}}}, header = {str(header).lower()}, "
        f"delim = {literal(delimiter)}, quote = '\"', escape = '\"', auto_detect = false, "
        f"strict_mode = true, max_line_size = {LONGEST_RECORD})"
    )


Reader = Callable[
    [duckdb.DuckDBPyConnection, Located, TableMapping, Collection[str], Path],
    Staged,
]

READERS: dict[Format, Reader] = {"parquet": read_parquet, "text": read_text}
"""How each format is read."""
