"""Acceptance of one table: every row is accepted, put aside or bad with all its reasons; none is lost.

A table is judged by a few set-based statements over its columns; rows never pass through Python.
The statements leave three relations behind: ``staging.read_<name>`` (all rows, typed),
``staging.faults_<name>`` (one row for each fault) and ``staging.accepted_<name>``.
"""

from dataclasses import dataclass

import duckdb

from duewise.contracts.columns import Kind
from duewise.errors import DuewiseError
from duewise.sources.faults import (
    PARENTS,
    Fault,
    Moments,
    key_of,
    parent_alias,
    parents,
    present_name,
    put_aside,
    row_faults,
)
from duewise.sources.plan import TablePlan, is_known_code, parsed, prepared
from duewise.sources.readers import ROW, Staged
from duewise.sources.report import FaultCount, Reason, TableReport, UnknownCode
from duewise.sources.sql import ident, literal

_CODES_SHOWN = 50
_CODE_LENGTH = 40
_EXAMPLES = 3


@dataclass(frozen=True)
class Examined:
    """A judged table: how it was read, what was found, where its rows are."""

    plan: TablePlan
    staged: Staged
    moments: Moments
    report: TableReport

    @property
    def accepted(self) -> str:
        """Relation of the accepted rows, contract columns only."""
        return f"staging.accepted_{self.plan.name}"


def examine_table(
    con: duckdb.DuckDBPyConnection, staged: Staged, plan: TablePlan, moments: Moments
) -> Examined:
    """Judge every row of a staged table; parents must have been judged before.

    Raises
    ------
    DuewiseError
        When accepted and quarantined rows do not add up to what was read: a fault of this program.
    """
    table = plan.table
    _create_typed_rows(con, staged, plan)
    _create_faults(con, plan, staged, moments)
    _add_duplicates(con, plan, staged, moments)
    columns = ", ".join(f"r.{ident(c.column.name)}" for c in plan.columns)
    con.execute(
        f"CREATE VIEW staging.accepted_{plan.name} AS SELECT {columns} FROM staging.read_{plan.name} AS r "
        f"ANTI JOIN staging.faults_{plan.name} AS f USING ({ROW}) WHERE NOT {put_aside(plan, moments)}"
    )
    if table in PARENTS:
        key = ident(key_of(table))
        con.execute(f"CREATE TABLE staging.keys_{table} AS SELECT {key} FROM staging.accepted_{plan.name}")
    report = _count(con, staged, plan, moments)
    if report.accepted + report.quarantined != report.read:
        raise DuewiseError(
            f"{table}: {report.read:,} rows read, but {report.accepted:,} accepted and "
            f"{report.quarantined:,} quarantined. This is a fault of duewise; nothing was published."
        )
    return Examined(plan, staged, moments, report)


def _create_typed_rows(con: duckdb.DuckDBPyConnection, staged: Staged, plan: TablePlan) -> None:
    """Create the relation of all rows with typed values.

    Text is read once and kept; native columns are read in place, as often as they are asked for.
    """
    kind = "TABLE" if staged.is_text else "VIEW"
    con.execute(f"CREATE {kind} staging.read_{plan.name} AS {_typed_rows(plan, staged.relation)}")


def _typed_rows(plan: TablePlan, raw: str) -> str:
    """Return SQL of the typed values of `raw`; each step of reading is one layer of it."""
    prepared_layer = ", ".join(f"{c.reading.prepared} AS {prepared(c.column.name)}" for c in plan.columns)
    parsed_layer = ", ".join(
        f"{prepared(c.column.name)}, {c.reading.parsed} AS {parsed(c.column.name)}" for c in plan.columns
    )
    values = [f"{c.reading.value} AS {ident(c.column.name)}" for c in plan.columns]
    values += [
        f"{c.reading.present} AS {present_name(c.column.name)}" for c in plan.columns if c.reading.present
    ]
    values += [prepared(c.column.name) for c in plan.columns if c.column.kind is Kind.CODE]
    return (
        f"SELECT {ROW}, {', '.join(values)} "
        f"FROM (SELECT {ROW}, {parsed_layer} FROM (SELECT {ROW}, {prepared_layer} FROM {raw}))"
    )


def _create_faults(con: duckdb.DuckDBPyConnection, plan: TablePlan, staged: Staged, moments: Moments) -> None:
    """Create the table of faults: one pass over the columns that carry a condition."""
    con.execute(
        f"CREATE TABLE staging.faults_{plan.name} ({ROW} BIGINT, column_name VARCHAR, reason VARCHAR)"
    )
    faults = row_faults(plan, moments)
    if faults:
        joins = " ".join(
            f"LEFT JOIN staging.keys_{parent} AS {parent_alias(name)} "
            f"ON r.{ident(name)} = {parent_alias(name)}.{ident(key_of(parent))}"
            for name, parent in parents(plan).items()
        )
        flags = ", ".join(f"{fault.condition} AS f{i}" for i, fault in enumerate(faults))
        anything = " OR ".join(f"f{i}" for i in range(len(faults)))
        con.execute(
            f"INSERT INTO staging.faults_{plan.name} "
            f"SELECT {ROW}, fault.column_name, fault.reason FROM ("
            f"SELECT {ROW}, unnest({_named(faults)}) AS fault FROM ("
            f"SELECT r.{ROW}, {flags} FROM staging.read_{plan.name} AS r {joins} "
            f"WHERE NOT {put_aside(plan, moments)}) WHERE {anything}) WHERE fault IS NOT NULL"
        )
    if staged.malformed is not None:
        con.execute(
            f"INSERT INTO staging.faults_{plan.name} "
            f"SELECT {ROW}, '', {literal(Reason.MALFORMED_ROW)} FROM {staged.malformed}"
        )


def _named(faults: list[Fault]) -> str:
    """Return SQL of the list of faults whose flags `f0`, `f1`, … are true, with nulls for the others."""
    named = (f"{{column_name: {literal(fault.column)}, reason: {literal(fault.reason)}}}" for fault in faults)
    return "[" + ", ".join(f"CASE WHEN f{i} THEN {name} END" for i, name in enumerate(named)) + "]"


def _add_duplicates(
    con: duckdb.DuckDBPyConnection, plan: TablePlan, staged: Staged, moments: Moments
) -> None:
    """Refuse every row whose key an earlier good row has: of good rows, the first of the file stays."""
    if not plan.key or all(c.absent for c in plan.columns if c.column.name in plan.key):
        return
    keys = ", ".join(f"r.{ident(name)}" for name in plan.key)
    known = " AND ".join(f"r.{ident(name)} IS NOT NULL" for name in plan.key)
    everything = ", ".join(f"r.{ident(c.column.name)}" for c in plan.columns)
    rows = f"staging.read_{plan.name} AS r WHERE {known} AND NOT {put_aside(plan, moments)}"
    # Grouping by a hash of the key is several times cheaper than by the key; only groups that share a
    # hash are then compared by the key itself.
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE repeated AS "
        f"SELECT hash({keys}) AS h FROM {rows} GROUP BY h HAVING count(*) > 1"
    )
    (repeated,) = con.execute("SELECT count(*) FROM repeated").fetchone() or (0,)
    if not repeated:
        return
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE suspects AS "
        f"SELECT r.{ROW} FROM {rows} AND hash({keys}) IN (SELECT h FROM repeated)"
    )
    few = f"(SELECT raw.* FROM {staged.relation} AS raw SEMI JOIN suspects AS s USING ({ROW}))"
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE candidates AS SELECT r.{ROW}, [{_key_texts(plan)}] AS key, "
        f"md5(row({everything})::VARCHAR) AS content FROM ({_typed_rows(plan, few)}) AS r"
    )
    con.execute(
        f"INSERT INTO staging.faults_{plan.name} "
        "WITH kept AS ("
        f"SELECT key, min({ROW}) AS first_row, arg_min(content, {ROW}) AS first_content FROM candidates "
        f"ANTI JOIN staging.faults_{plan.name} USING ({ROW}) GROUP BY key) "
        f"SELECT c.{ROW}, {literal(', '.join(plan.key))}, "
        f"CASE WHEN c.content = first_content THEN {literal(Reason.EXACT_DUPLICATE)} "
        f"ELSE {literal(Reason.DUPLICATE)} END "
        f"FROM candidates AS c JOIN kept ON c.key = kept.key AND c.{ROW} > first_row"
    )


def _key_texts(plan: TablePlan) -> str:
    """Return SQL of the key columns as text, so that keys of several types fit one list."""
    return ", ".join(f"r.{ident(name)}::VARCHAR" for name in plan.key)


def _count(con: duckdb.DuckDBPyConnection, staged: Staged, plan: TablePlan, moments: Moments) -> TableReport:
    table = plan.table
    read = _number(con, f"SELECT count(*) FROM {staged.relation}")
    if staged.malformed is not None:
        read += _number(con, f"SELECT count(*) FROM {staged.malformed}")
    aside = put_aside(plan, moments)
    return TableReport(
        table=table,
        files=staged.files,
        read=read,
        accepted=_number(con, f"SELECT count(*) FROM staging.accepted_{plan.name}"),
        bad=_number(con, f"SELECT count(DISTINCT {ROW}) FROM staging.faults_{plan.name}"),
        after_as_of=0
        if aside == "false"
        else _number(con, f"SELECT count(*) FROM staging.read_{plan.name} AS r WHERE {aside}"),
        faults=_fault_counts(con, plan),
        unknown_codes=_unknown_codes(con, plan),
        absent_columns=tuple(c.column.name for c in plan.columns if c.absent),
        extra_columns=plan.extra_columns,
        timezone=plan.timezone,
        decimal_comma=plan.decimal_comma,
    )


def _number(con: duckdb.DuckDBPyConnection, query: str) -> int:
    row = con.execute(query).fetchone()
    return int(row[0]) if row else 0


def _fault_counts(con: duckdb.DuckDBPyConnection, plan: TablePlan) -> tuple[FaultCount, ...]:
    counted = con.execute(
        f"SELECT column_name, reason, count(*), min({ROW}, {_EXAMPLES}) FROM staging.faults_{plan.name} "
        "GROUP BY ALL ORDER BY count(*) DESC, column_name, reason"
    ).fetchall()
    return tuple(
        FaultCount(column, Reason(reason), rows, tuple(first)) for column, reason, rows, first in counted
    )


def _unknown_codes(con: duckdb.DuckDBPyConnection, plan: TablePlan) -> tuple[UnknownCode, ...]:
    """Count the codes outside the vocabulary; distinct codes are few, so rows are grouped first."""
    found = []
    for c in plan.columns:
        if c.column.kind is not Kind.CODE or c.absent:
            continue
        code = prepared(c.column.name)
        unknown = f"{code} IS NOT NULL AND NOT {is_known_code(c.column, code)}"
        if not c.column.nullable:
            unknown = f"{code} IS NULL OR ({unknown})"
        rows = con.execute(
            f"SELECT left({code}, {_CODE_LENGTH}) AS code, sum(n)::BIGINT AS n FROM ("
            f"SELECT {code}, count(*) AS n FROM staging.read_{plan.name} GROUP BY ALL) "
            f"WHERE {unknown} GROUP BY ALL ORDER BY n DESC, code LIMIT {_CODES_SHOWN}"
        ).fetchall()
        found += [UnknownCode(c.column.name, value, str(c.column.facts["fallback"]), n) for value, n in rows]
    return tuple(found)
