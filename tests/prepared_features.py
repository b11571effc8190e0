"""Features of many small portfolios at one date: the query is planned once and only the rows change."""

import functools
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import date
from typing import Any

import pandas as pd

from duewise.features.settings import FeatureSettings
from duewise.features.snapshot import snapshot
from small_tables import insert_rows, small_tables, with_fillers

AS_OF = date(2024, 4, 1)
Rows = Iterable[dict[str, str]]


@functools.cache
def features_at(as_of: date = AS_OF, timezone: str = "UTC") -> Callable[..., pd.DataFrame]:
    """Return a function from tables (text or rows, as `small_tables` takes them) to the features at `as_of`.

    Every optional column counts as present, so every feature is computed.
    """
    tables = replace(small_tables(), absent=frozenset())
    query = tables.con.compile(snapshot(tables, as_of, FeatureSettings(timezone=timezone)))
    con = tables.con.con
    # The optimizer would plan around the rows of this moment: none. A filter on an empty table stays empty.
    con.execute("pragma disable_optimizer")
    con.execute(f"prepare features as {query}")

    def of(**texts: Any) -> pd.DataFrame:
        for table, rows in with_fillers(texts).items():
            con.execute(f'delete from "{table}"')
            insert_rows(con, table, rows)
        return con.execute("execute features").to_arrow_table().to_pandas().set_index("debtor_id")

    return of
