"""What people said that changes no fact: kept beside the rows, for a manifest names nobody."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

REMARKS = "remarks.parquet"

_SCHEMA = pa.schema([(name, pa.string()) for name in ("at", "author", "as_of", "debtor_id", "kind", "note")])


def write_remarks(folder: Path, remarks: Sequence[dict[str, str]]) -> None:
    """Write the remarks into `folder`, in their order; nothing where there are none."""
    if remarks:
        pq.write_table(pa.Table.from_pylist(list(remarks), schema=_SCHEMA), folder / REMARKS)


def read_remarks(folder: Path) -> list[dict[str, Any]]:
    """Return what `write_remarks` wrote."""
    path = folder / REMARKS
    return pq.read_table(path).to_pylist() if path.exists() else []
