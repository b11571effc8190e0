"""``strategies.parquet``: the contract's columns in the contract's order, the same bytes for the same rows."""

from collections.abc import Sequence
from pathlib import Path

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


def to_arrow(strategies: pd.DataFrame, horizons: Sequence[int]) -> pa.Table:
    """Return the rows in the contract's columns and types.

    Raises
    ------
    pyarrow.ArrowInvalid
        When a column is missing or holds something that its type cannot.
    """
    schema = arrow_schema(horizons)
    return pa.Table.from_pandas(strategies[schema.names], schema=schema, preserve_index=False)


def write_strategies(path: Path, strategies: pd.DataFrame, horizons: Sequence[int]) -> None:
    """Write ``strategies.parquet``."""
    pq.write_table(to_arrow(strategies, horizons), path, compression="zstd", row_group_size=_ROWS_PER_GROUP)
