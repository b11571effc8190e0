"""How a client writes numbers, told from the values of a whole column."""

from collections.abc import Mapping

import duckdb

from duewise.config import Portfolio
from duewise.contracts.columns import Kind
from duewise.sources.mapping import contract_columns, declared_extra
from duewise.sources.readers import RawColumn, Staged
from duewise.sources.values import sure_decimal_comma, sure_decimal_point, text_of


def decimal_comma_columns(
    con: duckdb.DuckDBPyConnection, portfolio: Portfolio, staged: Staged, matched: Mapping[str, RawColumn]
) -> frozenset[str]:
    """Return the columns in which some number surely has a decimal comma and none surely a point."""
    known = contract_columns(staged.table)
    names = [
        name
        for name, raw in matched.items()
        if raw.is_text and name in known and known[name].kind in (Kind.MONEY, Kind.NUMBER)
    ]
    if not names:
        return frozenset()
    currency = portfolio.portfolio.currency
    commas = [sure_decimal_comma(matched[name], currency) for name in names]
    suspected = [name for name, rows in zip(names, _row(con, commas, staged), strict=True) if rows]
    if not suspected:
        return frozenset()
    points = [sure_decimal_point(matched[name], currency) for name in suspected]
    return frozenset(
        name for name, rows in zip(suspected, _row(con, points, staged), strict=True) if not rows
    )


def _row(con: duckdb.DuckDBPyConnection, aggregates: list[str], staged: Staged) -> tuple[int, ...]:
    return con.execute(f"SELECT {', '.join(aggregates)} FROM {staged.relation}").fetchone() or ()


def numeric_extra_columns(
    con: duckdb.DuckDBPyConnection, portfolio: Portfolio, staged: Staged, matched: Mapping[str, RawColumn]
) -> frozenset[str]:
    """Return the declared extra columns that hold nothing but numbers."""
    numeric = set()
    for name in declared_extra(portfolio, staged.table):
        raw = matched.get(name)
        if raw is None:
            continue
        if raw.is_text:
            text = text_of(raw)
            (words,) = con.execute(
                f"SELECT count_if({text} IS NOT NULL AND try_cast({text} AS DOUBLE) IS NULL) "
                f"FROM {staged.relation}"
            ).fetchone() or (0,)
            if words:
                continue
        numeric.add(name)
    return frozenset(numeric)
