"""Accepted tables from small text tables, for tests that fit on a screen."""

from collections.abc import Iterable
from typing import Any

import duckdb
import ibis

from duewise.contracts.columns import ENGINE_TYPES
from duewise.contracts.tables import TABLES
from duewise.contracts.vocabulary import Table
from duewise.sources.tables import Tables

FILLERS: dict[Table, dict[str, str]] = {
    Table.ACCOUNTS: {
        "product": "credit_card",
        "past_due_since": "2024-01-01",
        "placed_on": "2024-01-10",
        "placed_balance": "1000",
    },
    Table.PAYMENTS: {"kind": "payment"},
    Table.CONTACTS: {"channel": "call", "direction": "outbound", "outcome": "no_answer"},
    Table.ASSIGNMENTS: {"cell": "explore", "policy": "p", "propensity": "0.5"},
}
"""What a text table that leaves a required column out means; ids are numbered."""


def rows_of(text: str) -> list[dict[str, str]]:
    """Return the rows of a table written with ``|`` between its cells; an empty cell is null."""
    lines = [line for line in text.strip().splitlines() if line.strip()]
    header, *body = ([cell.strip() for cell in line.split("|")] for line in lines)
    return [dict(zip(header, cells, strict=True)) for cells in body]


def small_tables(
    extra_debtors: dict[str, str] | None = None, extra_accounts: dict[str, str] | None = None, **texts: Any
) -> Tables:
    """Return accepted tables; each keyword is a table as text or as rows.

    Debtors and accounts that other tables need are made up unless given: one account ``A<debtor>`` of 1000
    for each debtor, overdue since 2024-01-01 and placed on 2024-01-10.

    Parameters
    ----------
    extra_debtors, extra_accounts : dict of column to DuckDB type
        Columns declared under ``features.extra``.
    """
    given = with_fillers(texts)
    con = ibis.duckdb.connect()
    extra = {Table.DEBTORS: extra_debtors or {}, Table.ACCOUNTS: extra_accounts or {}}
    absent = set()
    for table, schema in TABLES.items():
        types = {name: ENGINE_TYPES[c.metadata["kind"]] for name, c in schema.columns.items()}
        types |= extra.get(table, {})
        rows = given.get(table, [])
        absent |= {(table, column) for column in types if not any(column in row for row in rows)}
        columns = ", ".join(f'"{name}" {kind}' for name, kind in types.items())
        con.con.execute(f'create table "{table}" ({columns})')
        insert_rows(con.con, table, rows)
    return Tables(
        con=con,
        **{str(table): con.table(str(table)) for table in Table},
        absent=frozenset(absent),
        extra_debtors=tuple(extra_debtors or ()),
        extra_accounts=tuple(extra_accounts or ()),
    )


def with_fillers(texts: dict[str, Any]) -> dict[Table, list[dict[str, str]]]:
    """Return the rows of every table, with what the texts leave out made up."""
    given = {table: [] for table in Table}
    for name, table in texts.items():
        given[Table(name)] = rows_of(table) if isinstance(table, str) else [dict(row) for row in table]
    people = dict.fromkeys(
        row["debtor_id"] for rows in given.values() for row in rows if row.get("debtor_id")
    )
    known = {row["debtor_id"] for row in given[Table.DEBTORS]}
    given[Table.DEBTORS] += [{"debtor_id": d} for d in people if d not in known]
    if Table.ACCOUNTS not in texts:
        given[Table.ACCOUNTS] = [
            {"account_id": f"A{d['debtor_id']}", "debtor_id": d["debtor_id"]} for d in given[Table.DEBTORS]
        ]
    for table, rows in given.items():
        key = TABLES[table].columns.keys() & {"payment_id", "contact_id"}
        for i, row in enumerate(rows):
            for column, value in FILLERS.get(table, {}).items():
                row.setdefault(column, value)
            for column in key:
                row.setdefault(column, f"{table[0]}{i}")
            if table is Table.PAYMENTS:
                debtor = row.pop("debtor_id", None)
                row.setdefault("account_id", f"A{debtor}")
    return given


def insert_rows(con: duckdb.DuckDBPyConnection, table: str, rows: Iterable[dict[str, str]]) -> None:
    """Insert rows of text into a table; empty cells and missing columns are null."""
    for row in rows:
        cells = {name: cell for name, cell in row.items() if cell}
        names = ", ".join(f'"{name}"' for name in cells)
        marks = ", ".join("?" for _ in cells)
        con.execute(f'insert into "{table}" ({names}) values ({marks})', list(cells.values()))
