"""Parquet files of one folder, written in chunks."""

from pathlib import Path
from typing import Self

import pyarrow as pa
import pyarrow.parquet as pq

from duewise.contracts.vocabulary import Table


class TableWriters:
    """Opens one file per table on its first rows and closes them all at the end."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._writers: dict[str, pq.ParquetWriter] = {}
        self.counts: dict[str, int] = {}

    def __enter__(self) -> Self:
        self._folder.mkdir(parents=True, exist_ok=True)
        for table in Table:
            # An earlier sample may have had a table that this world does not write.
            (self._folder / f"{table}.parquet").unlink(missing_ok=True)
        return self

    def __exit__(self, *exc: object) -> None:
        for writer in self._writers.values():
            writer.close()

    def write(self, name: str, rows: pa.Table) -> None:
        """Add rows to ``<name>.parquet``."""
        if name not in self._writers:
            path = self._folder / f"{name}.parquet"
            self._writers[name] = pq.ParquetWriter(path, rows.schema, compression="zstd")
        self._writers[name].write_table(rows)
        self.counts[name] = self.counts.get(name, 0) + rows.num_rows
