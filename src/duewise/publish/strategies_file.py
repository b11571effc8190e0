"""``strategies.parquet``: the contract's columns in their order, the same bytes for the same rows."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from duewise.contracts.columns import Kind
from duewise.contracts.strategies import strategies_schema

_ARROW_TYPES: dict[Kind, pa.DataType] = {
    Kind.ID: pa.string(),
    Kind.TIME: pa.timestamp("us", tz="UTC"),
    Kind.DAY: pa.date32(),
    Kind.MONEY: pa.float64(),
    Kind.NUMBER: pa.float64(),
    Kind.INTEGER: pa.int64(),
    Kind.CODE: pa.string(),
    Kind.BOOLEAN: pa.bool_(),
    Kind.TEXT: pa.string(),
    Kind.REASON: pa.struct([("code", pa.string()), ("direction", pa.string()), ("text", pa.string())]),
    Kind.DENIALS: pa.list_(pa.struct([("action", pa.string()), ("rule_id", pa.string())])),
}

_ROWS_PER_GROUP = 100_000


def arrow_schema(horizons: Sequence[int]) -> pa.Schema:
    """Return the types of ``strategies.parquet``."""
    return pa.schema(
        pa.field(name, _ARROW_TYPES[column.metadata["kind"]], metadata={"description": column.description})
        for name, column in strategies_schema(horizons).columns.items()
    )


def strategies_table(columns: Mapping[str, Any], horizons: Sequence[int]) -> pa.Table:
    """Return columns as a table of the contract; those that no model fills yet are null.

    Parameters
    ----------
    columns : mapping of column name to array of n_debtors values
        Arrow arrays or anything that Arrow converts; NaN and None are null.

    Raises
    ------
    KeyError
        When a column is not in the contract.
    pyarrow.ArrowInvalid
        When a column holds something that its type cannot.
    """
    schema = arrow_schema(horizons)
    unknown = sorted(set(columns) - set(schema.names))
    if unknown:
        raise KeyError(f"not in the strategies contract: {', '.join(unknown)}")
    n_rows = len(next(iter(columns.values())))
    return pa.Table.from_arrays(
        [
            _as_arrow(columns[field.name], field.type)
            if field.name in columns
            else pa.nulls(n_rows, field.type)
            for field in schema
        ],
        schema=schema,
    )


def write_strategies(path: Path, strategies: pa.Table) -> None:
    """Write ``strategies.parquet``."""
    pq.write_table(strategies, path, compression="zstd", row_group_size=_ROWS_PER_GROUP)


def write_assignments(path: Path, strategies: pa.Table) -> None:
    """Write what was decided as rows of the ``assignments`` table, which the next training reads."""
    columns = ["debtor_id", "as_of", "action", "propensity", "policy_version", "cell", "offer"]
    rows = strategies.select(columns).rename_columns(
        ["policy" if name == "policy_version" else name for name in columns]
    )
    pq.write_table(rows.sort_by("debtor_id"), path, compression="zstd", row_group_size=_ROWS_PER_GROUP)


def _as_arrow(values: Any, kind: pa.DataType) -> pa.Array:
    if isinstance(values, pa.ChunkedArray):
        values = values.combine_chunks()
    if isinstance(values, pa.Array):
        return values.cast(kind)
    if pa.types.is_integer(kind):
        values = pd.array(values, dtype="Int64")
    return pa.array(values, type=kind, from_pandas=True)
