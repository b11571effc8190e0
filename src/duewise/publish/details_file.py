"""What the page tells of a debtor beyond his strategy: two files of a run.

``details.parquet`` has one row per debtor and ``timeline.parquet`` the latest events of each that were known
to the night, both in the order of the ids, so that one debtor is found without reading the others.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

DETAILS = "details.parquet"
TIMELINE = "timeline.parquet"

_ROWS_PER_GROUP = 50_000

EFFECT = pa.struct([("action", pa.string()), ("low", pa.float64()), ("high", pa.float64())])
"""Limits of a 90% interval of what an action adds, in money."""

DIFFERENCE = pa.struct([(name, pa.float64()) for name in ("gain", "harm", "cost", "capacity")])
"""What the chosen action has more of than the runner-up, in money; capacity by the prices of the limits."""

DIFFERENCE_REASON = pa.struct(
    [("feature", pa.string()), ("money", pa.float64()), ("en", pa.string()), ("zh", pa.string())]
)
"""A feature, what it adds to the difference in gain, and its short name in two languages."""

FLIP = pa.struct(
    [
        ("alternative", pa.string()),
        ("cost", pa.float64()),
        ("limit", pa.string()),
        ("units", pa.float64()),
        ("then", pa.string()),
    ]
)
"""The smallest changes that flip a choice: of a cost, to `alternative`; of a limit, to `then`."""


def write_details(path: Path, columns: Mapping[str, Any]) -> None:
    """Write ``details.parquet``.

    Parameters
    ----------
    columns : mapping of column to array of n_debtors values
        ``debtor_id``, ascending; what a night cannot tell is left out.
    """
    pq.write_table(pa.table(dict(columns)), path, compression="zstd", row_group_size=_ROWS_PER_GROUP)
