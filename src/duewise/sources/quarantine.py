"""The rows that were kept out, as files: what stood in them, where, and why."""

from pathlib import Path

import duckdb

from duewise.contracts.spreadsheet_text import FORMULA_STARTS
from duewise.errors import DuewiseError
from duewise.sources.acceptance import Examined
from duewise.sources.faults import put_aside
from duewise.sources.readers import ROW
from duewise.sources.sql import ident, literal

OWN_COLUMNS = ("table", "file", "row_number", "column", "reason")


def write_quarantine(con: duckdb.DuckDBPyConnection, tables: list[Examined], folder: Path) -> dict[str, Path]:
    """Write the bad rows of each table to ``<table>.csv``, and events after the as-of day beside it; rows
    that became of feedback go to ``feedback_<table>.csv``.

    A bad row stands there once, with all its reasons (``column`` and ``reason`` list them in the same
    order, separated by semicolons), and with every column of the client's file as text. Text that a
    spreadsheet would run as a formula is preceded by an apostrophe. Events after the as-of day are no
    fault: they go to ``<table>.after_as_of.parquet`` as they are.

    Returns
    -------
    dict of str to Path
        The files written, by name; a table without such rows has none.
    """
    written = {}
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for examined in tables:
            if examined.report.bad:
                path = folder / f"{examined.plan.name}.csv"
                con.execute(f"COPY ({_bad_rows(examined)}) TO {literal(path)} (FORMAT csv, HEADER true)")
                written[path.name] = path
            if examined.report.after_as_of:
                path = folder / f"{examined.plan.name}.after_as_of.parquet"
                con.execute(f"COPY ({_later_events(examined)}) TO {literal(path)} (FORMAT parquet)")
                written[path.name] = path
        for path in written.values():
            path.chmod(0o600)
    except (OSError, duckdb.IOException, duckdb.OutOfMemoryException) as error:
        raise DuewiseError(f"{folder}: the quarantine cannot be written ({error}).") from error
    return written


def _bad_rows(examined: Examined) -> str:
    table, name, staged = examined.plan.table, examined.plan.name, examined.staged
    file = staged.files[0].path
    file_name = file.name if len(staged.files) == 1 else file.parent.name
    taken = {*OWN_COLUMNS, "line"}
    originals = []
    for column in staged.columns:
        title = f"original {column.name}" if column.name.lower() in taken else column.name
        taken.add(title.lower())
        originals.append(f"{_harmless(f'raw.{column.sql}::VARCHAR')} AS {ident(title)}")
    line = ""
    malformed = ""
    if staged.malformed is not None:
        line = f", {_harmless('m.line')} AS line"
        malformed = f" LEFT JOIN {staged.malformed} AS m ON m.{ROW} = f.{ROW}"
    return (
        f'SELECT {literal(table)} AS "table", {literal(file_name)} AS file, f.{ROW} AS row_number, '
        f'f.columns AS "column", f.reasons AS reason{"".join(f", {o}" for o in originals)}{line} '
        f"FROM (SELECT {ROW}, string_agg(column_name, '; ' ORDER BY column_name, reason) AS columns, "
        f"string_agg(reason, '; ' ORDER BY column_name, reason) AS reasons "
        f"FROM staging.faults_{name} GROUP BY {ROW}) AS f "
        f"LEFT JOIN {staged.relation} AS raw ON raw.{ROW} = f.{ROW}{malformed} ORDER BY f.{ROW}"
    )


def _harmless(text: str) -> str:
    starts = ", ".join(map(literal, FORMULA_STARTS))
    return (
        f"CASE WHEN left({text}, 1) IN ({starts}) "
        f"AND try_cast({text} AS DOUBLE) IS NULL THEN '''' || {text} ELSE {text} END"
    )


def _later_events(examined: Examined) -> str:
    name, staged = examined.plan.name, examined.staged
    columns = ", ".join(
        f"raw.{column.sql} AS {ident(column.name)}"
        for column in staged.columns
        if column.name not in staged.repeated_names
    )
    return (
        f"SELECT raw.{ROW} AS row_number, {columns} FROM {staged.relation} AS raw "
        f"JOIN staging.read_{name} AS r USING ({ROW}) WHERE {put_aside(examined.plan, examined.moments)} "
        f"ORDER BY {ROW}"
    )
