"""What goes wrong while a file is read is the file's fault or the machine's, and is told as such."""

from pathlib import Path

import duckdb
import pytest

from duewise.errors import DataError, DuewiseError
from duewise.sources.readers import reading


@pytest.mark.parametrize(
    ("error", "kind", "says"),
    [
        (duckdb.InvalidInputException("ZSTD Decompression failure"), DataError, "Copy or export it again"),
        (
            duckdb.TransactionException('Failed to commit: Could not write file "accepted.duckdb.wal"'),
            DuewiseError,
            "Free space",
        ),
        (duckdb.OutOfMemoryException("failed to allocate"), DuewiseError, "more memory"),
    ],
)
def test_a_full_disk_is_not_taken_for_a_damaged_file(error, kind, says):
    with pytest.raises(DuewiseError, match=says) as told, reading(Path("payments.parquet")):
        raise error
    assert type(told.value) is kind
    assert "payments.parquet" in str(told.value)
