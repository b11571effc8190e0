"""The same query for many dates, one after the other.

One query over all dates at once costs the time of as many passes and many times the memory. One query per
date costs its planning each time, which on a small portfolio is most of the work; so on DuckDB the query
is planned once around a variable and only the variable changes.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from typing import Any

import ibis
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from ibis.backends import BaseBackend

from duewise.features.point_in_time import AsOf, EachOf

_VARIABLE = "decision_date"


@ibis.udf.scalar.builtin(name="getvariable", signature=(("string",), "date"))  # type: ignore[untyped-decorator]
def _getvariable(variable: Any) -> Any:
    """Return a DuckDB variable; the planner replaces it by its value."""


def on_each_date(
    con: BaseBackend,
    dates: Iterable[date],
    query: Callable[[AsOf], ibis.Table],
    only: pd.DataFrame | None = None,
) -> Iterator[tuple[date, pa.Table]]:
    """Yield each distinct date in order with the rows of `query` at it.

    Parameters
    ----------
    query : callable
        Takes the date and returns a table with ``debtor_id``.
    only : DataFrame, optional
        Pairs of ``debtor_id`` and ``as_of`` to keep; whatever else a date holds is dropped before the next
        date is read, so that memory holds what is wanted and one date.
    """
    for day, rows in _each(con, sorted(set(dates)), query):
        if only is None:
            yield day, rows
        else:
            wanted = only.loc[only["as_of"] == pd.Timestamp(day), "debtor_id"]
            yield day, rows.filter(pc.is_in(rows["debtor_id"], value_set=pa.array(wanted, pa.string())))


def _each(
    con: BaseBackend, days: Sequence[date], query: Callable[[AsOf], ibis.Table]
) -> Iterator[tuple[date, pa.Table]]:
    if con.name != "duckdb" or len(days) == 1:
        yield from ((day, query(day).to_pyarrow()) for day in days)
        return
    planned = con.compile(query(EachOf(_getvariable(_VARIABLE), first=days[0], last=days[-1])))
    for day in days:
        con.raw_sql(f"SET VARIABLE {_VARIABLE} = DATE '{day.isoformat()}'")
        yield day, con.raw_sql(planned).to_arrow_table()
